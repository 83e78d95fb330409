"""Figures: what exchanging the difference, or taking it away, does to the loss, beside random directions."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paper_replication import names
from paper_replication.figures.rows import in_type_order, reach
from paper_replication.figures.style import WIDTH, caption

RUN = ["model", "organism", "organism_type", "variant"]
# Interventions of one figure, from top to bottom of each organism: what is taken away is on another scale.
EXCHANGED, ZERO = ("replace", "reverse"), ("zero",)
INTERVENTIONS = {
    "replace": "the base model's component put into the finetuned model",
    "reverse": "the finetuned model's component put into the base model",
    "zero": "taken away from the finetuned model",
}
COLOURS = {"replace": names.DIRECTION_COLOURS["delta"], "reverse": names.BLUE, "zero": names.GREEN}
# Sky would hardly differ from the pale blue strokes of means.
RANDOM_COLOURS = names.DIRECTION_COLOURS | {"random_difference": names.DOSE_COLOURS["caft"]}
MARKERS = {"random_gaussian": "s", "random_difference": "^"}
# An organism's interventions share this much of its row; of an intervention's share, where each direction's line is.
SHARE = 0.88
PLACES = {"delta": 0.3, "random_gaussian": 0.68, "random_difference": 0.86}
# How far the positions of one line reach to either side of it, as a share of the intervention's.
HALF = 0.22
# Random directions of each kind in the paper.
PAPERS_DIRECTIONS = 64


def rows_of(effects: pd.DataFrame) -> pd.DataFrame:
    """One row a run, in the order of types."""
    return in_type_order(effects.drop_duplicates(RUN)[RUN]).reset_index(drop=True)


def look(intervention: str, direction: str) -> tuple[str, str]:
    """Colour and label of a line; random directions are called by their kind, whatever is done with them."""
    name = names.DIRECTIONS[direction]
    if direction != "delta":
        return RANDOM_COLOURS[direction], name
    return COLOURS[intervention], f"{name}: {INTERVENTIONS[intervention]}"


def _positions(axes: Axes, found: pd.DataFrame, height: float, half: float, colour: str, label: str) -> None:
    """Every position, and seed, with its interval, one below the other, on a pale stroke at their mean."""
    heights = height + np.linspace(-half, half, len(found))
    value = found["delta_nats"].to_numpy(dtype=float)
    axes.errorbar(value, heights, xerr=reach(found, "delta_nats"), fmt="none", ecolor=colour, elinewidth=0.6)
    faces = ["white" if position == 0 else colour for position in found["position"]]
    axes.scatter(value, heights, s=4, c=faces, edgecolors=colour, linewidths=0.4, zorder=3)
    ends = [height - 1.4 * half, height + 1.4 * half]
    axes.plot([value.mean()] * 2, ends, color=colour, lw=3.5, alpha=0.4, solid_capstyle="butt", label=label, zorder=1)


def _random(axes: Axes, found: pd.DataFrame, height: float, _half: float, colour: str, label: str) -> None:
    """The mean over random directions, of each seed, with their standard deviation: texts differ by less."""
    value = found["delta_nats"].to_numpy(dtype=float)
    style = {
        "fmt": MARKERS[str(found["direction"].iloc[0])],
        "ms": 2.5,
        "color": colour,
        "elinewidth": 0.8,
        "label": label,
    }
    axes.errorbar(value, [height] * len(found), xerr=found["direction_sd"].to_numpy(dtype=float), **style)


def _panel(axes: Axes, effects: pd.DataFrame, rows: pd.DataFrame, dataset: str, shown: tuple[str, ...]) -> None:
    here, share = effects[effects["dataset"] == dataset], SHARE / len(shown)
    for place, row in rows.iterrows():
        run = here[(here[RUN] == row[RUN].to_numpy()).all(axis=1)]
        for number, intervention in enumerate(shown):
            for direction, part in PLACES.items():
                found = run[(run["intervention"] == intervention) & (run["direction"] == direction)]
                line = _positions if direction == "delta" else _random
                height = place - SHARE / 2 + share * (number + part)
                if not found.empty:
                    line(axes, found, height, HALF * share, *look(intervention, direction))
    axes.axvline(0, color="0.3", lw=0.8, zorder=0.5)
    for place in rows.index[1:]:
        border = rows["organism_type"][place] != rows["organism_type"][place - 1]
        axes.axhline(place - 0.5, color="0.6" if border else "0.93", lw=0.7, zorder=0)
    axes.set_title(names.LOSS_DATASETS[dataset], loc="left")
    axes.set_xlabel("change of loss\n(nats per token)")


def _labels(panels: list[Axes], rows: pd.DataFrame) -> None:
    """Organisms on the left, types on the right: in black, since colours are those of directions here."""
    several = rows["model"].nunique() > 1
    labels = [
        names.run_label(row["organism"], row["variant"])
        + (f" ({names.display(names.MODELS, row['model'])})" if several else "")
        for _, row in rows.iterrows()
    ]
    panels[0].set_yticks(range(len(rows)), labels)
    panels[0].set_ylim(len(rows) - 0.5, -0.5)
    right = panels[-1].get_yaxis_transform()
    for kind, group in rows.groupby("organism_type", sort=False):
        style = {"fontsize": 7, "va": "center", "ha": "left"}
        panels[-1].text(1.03, group.index.to_numpy().mean(), kind, transform=right, **style)


def _trained_on(effects: pd.DataFrame) -> str:
    """Which run's texts in the other two data sets are some that it was finetuned on."""
    own = effects[(effects["dataset"] != "finetuning") & (effects["n_finetuned_on"] > 0)]
    several = effects["model"].nunique() > 1
    told = [
        f" Of {names.LOSS_DATASETS[row.dataset]}, {names.run_label(row.organism, row.variant)}"
        f"{f' ({names.display(names.MODELS, row.model)})' if several else ''} was finetuned on "
        f"{row.n_finetuned_on} of {row.n}."
        for row in own.drop_duplicates([*RUN, "seed", "dataset"]).itertuples()
    ]
    return "".join(told)


def _caption(effects: pd.DataFrame, shown: tuple[str, ...]) -> str:
    model = " and ".join(names.display(names.MODELS, name) for name in effects["model"].unique())
    texts = " to ".join(str(n) for n in sorted({effects["n"].min(), effects["n"].max()}))
    seeds, positions = effects["seed"].nunique(), effects.loc[effects["direction"] == "delta", "position"].nunique()
    directions = effects.loc[effects["direction"] != "delta", "n_directions"].max()
    each = f"positions and {seeds} seeds" if seeds > 1 else "positions"
    done = "one model's component along a direction is put in the place of the other's"
    paper = (
        " Reported by the paper for the first: positive on finetuning data, negative on unrelated text, about zero for "
        "random directions. Along Gaussian ones next to nothing is exchanged; causal_matched has as much as "
        "along the difference."
    )
    if shown == ZERO:
        done, paper = "the finetuned model's component along a direction is taken away", ""
    return (
        f"Causal effect on {model}: at the layer of analysis, at every token, {done}; cross-entropy after minus "
        f"before. Dots: {positions} {each} (hollow: position 0); strokes: their mean, without an interval. Squares, "
        f"triangles: mean of {directions} random directions of a kind (the paper: {PAPERS_DIRECTIONS}), with one "
        f"standard deviation over them. Error bars of dots: 95% bootstrap over n = {texts} texts."
        f"{paper}{_trained_on(effects)}"
    )


def draw(effects: pd.DataFrame, shown: tuple[str, ...] = EXCHANGED) -> Figure:
    """A panel a data set over one x axis; of each organism the interventions, each with its random directions.

    Args:
        effects: the table `causal_effect`.
        shown: `EXCHANGED` or `ZERO`.
    """
    effects = effects[effects["intervention"].isin(shown)]
    rows = rows_of(effects)
    datasets = [name for name in names.LOSS_DATASETS if name in set(effects["dataset"])]
    size = (WIDTH, 2.1 + 0.24 * len(shown) * len(rows))
    figure, panels = plt.subplots(
        1, len(datasets), figsize=size, sharex=True, sharey=True, squeeze=False, layout="constrained"
    )
    for axes, dataset in zip(panels[0], datasets, strict=True):
        _panel(axes, effects, rows, dataset, shown)
    _labels(list(panels[0]), rows)
    lines = [axes.get_legend_handles_labels() for axes in panels[0]]
    drawn = {label: handle for handles, labels in lines for handle, label in zip(handles, labels, strict=True)}
    dot = {"ls": "", "marker": "o", "ms": 3, "color": "0.3"}
    drawn |= {"a position": Line2D([], [], **dot), "position 0": Line2D([], [], **dot, mfc="white")}
    drawn["mean of positions"] = Line2D([], [], color="0.3", lw=3.5, alpha=0.4, solid_capstyle="butt")
    figure.legend(drawn.values(), drawn.keys(), loc="outside lower center", ncols=2)
    caption(figure, _caption(effects, shown))
    return figure
