"""Figure: what exchanging the difference does to the loss, in both directions, beside random directions."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.rows import in_type_order, reach
from paper_replication.figures.style import WIDTH, caption

RUN = ["model", "organism", "organism_type", "variant"]
# Lines of one organism, from top to bottom: intervention and direction, and how far from its middle.
OFFSETS = {
    ("replace", "delta"): -0.3,
    ("reverse", "delta"): -0.02,
    ("replace", "random_gaussian"): 0.2,
    ("replace", "random_difference"): 0.36,
}
INTERVENTIONS = {
    "replace": "the base model's into the finetuned",
    "reverse": "reverse, the finetuned model's into the base",
}
# How far the positions of one line reach to either side of it.
HALF = 0.1
# Random directions of each kind in the paper.
PAPERS_DIRECTIONS = 64


def rows_of(effects: pd.DataFrame) -> pd.DataFrame:
    """One row a run, in the order of types."""
    return in_type_order(effects.drop_duplicates(RUN)[RUN]).reset_index(drop=True)


def look(intervention: str, direction: str) -> tuple[str, str]:
    """Colour and label of a line; random directions, which are replaced alone, are called by their kind."""
    name = names.DIRECTIONS[direction]
    if direction != "delta":
        return names.DIRECTION_COLOURS[direction], name
    colour = names.BLUE if intervention == "reverse" else names.DIRECTION_COLOURS[direction]
    return colour, f"{name}: {INTERVENTIONS[intervention]}"


def _positions(axes: Axes, found: pd.DataFrame, height: float, colour: str, label: str) -> None:
    """Every position, and seed, with its interval, one below the other, on a pale stroke at their mean."""
    heights = height + np.linspace(-HALF, HALF, len(found))
    value = found["delta_nats"].to_numpy(dtype=float)
    axes.errorbar(value, heights, xerr=reach(found, "delta_nats"), fmt="none", ecolor=colour, elinewidth=0.4)
    faces = ["white" if position == 0 else colour for position in found["position"]]
    axes.scatter(value, heights, s=4, c=faces, edgecolors=colour, linewidths=0.4, zorder=3)
    ends = [height - 1.4 * HALF, height + 1.4 * HALF]
    axes.plot([value.mean()] * 2, ends, color=colour, lw=3.5, alpha=0.4, solid_capstyle="butt", label=label, zorder=1)


def _random(axes: Axes, found: pd.DataFrame, height: float, colour: str, label: str) -> None:
    """The mean over random directions, of each seed, with its interval over texts."""
    value = found["delta_nats"].to_numpy(dtype=float)
    style = {"fmt": "s", "ms": 2.5, "color": colour, "elinewidth": 0.8, "label": label}
    axes.errorbar(value, [height] * len(found), xerr=reach(found, "delta_nats"), **style)


def _panel(axes: Axes, effects: pd.DataFrame, rows: pd.DataFrame, dataset: str) -> None:
    here = effects[effects["dataset"] == dataset]
    for place, row in rows.iterrows():
        run = here[(here[RUN] == row[RUN].to_numpy()).all(axis=1)]
        for (intervention, direction), offset in OFFSETS.items():
            found = run[(run["intervention"] == intervention) & (run["direction"] == direction)]
            line = _positions if direction == "delta" else _random
            if not found.empty:
                line(axes, found, place + offset, *look(intervention, direction))
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


def _left_out(effects: pd.DataFrame) -> str:
    """That zero ablation is not drawn, and what it does to the loss, as the range of the means over positions."""
    zero = effects[effects["intervention"] == "zero"]
    if zero.empty:
        return ""
    means = zero.groupby([*RUN, "seed", "dataset"])["delta_nats"].mean()
    extent = f"{means.min():+.1f} to {means.max():+.1f} nats"
    return f" As reverse, zero ablation has no random control; it is left out ({extent})."


def _trained_on(effects: pd.DataFrame) -> str:
    """Which run's texts in the other two data sets are some that it was finetuned on."""
    own = effects[(effects["dataset"] != "finetuning") & (effects["n_finetuned_on"] > 0)]
    told = [
        f" Of {names.LOSS_DATASETS[row.dataset]}, {names.run_label(row.organism, row.variant)} was finetuned on "
        f"{row.n_finetuned_on} of {row.n}."
        for row in own.drop_duplicates(["organism", "variant", "seed", "dataset"]).itertuples()
    ]
    return "".join(told)


def _caption(effects: pd.DataFrame) -> str:
    model = " and ".join(names.display(names.MODELS, name) for name in effects["model"].unique())
    texts = " to ".join(str(n) for n in sorted({effects["n"].min(), effects["n"].max()}))
    seeds, positions = effects["seed"].nunique(), effects.loc[effects["direction"] == "delta", "position"].nunique()
    directions = effects.loc[effects["direction"] != "delta", "n_directions"].max()
    each = f"positions and {seeds} seeds" if seeds > 1 else "positions"
    return (
        f"Causal effect on {model}: at the layer of analysis, at every token, one model's component along a direction "
        f"is put in the place of the other's; cross-entropy after minus before. Dots: {positions} {each} (hollow: "
        f"position 0); strokes: their mean, without an interval. Squares: mean of {directions} random directions of a "
        f"kind, replaced (the paper: {PAPERS_DIRECTIONS}). Error bars: 95% bootstrap over n = {texts} texts. Reported "
        "by the paper for replace: positive on finetuning data, negative on unrelated text, about zero for random ones."
        f"{_left_out(effects)}{_trained_on(effects)}"
    )


def draw(effects: pd.DataFrame) -> Figure:
    """A panel a data set over one x axis, four lines an organism: the difference both ways, two kinds of random ones.

    Args:
        effects: the table `causal_effect`.
    """
    rows = rows_of(effects)
    datasets = [name for name in names.LOSS_DATASETS if name in set(effects["dataset"])]
    size = (WIDTH, 2.1 + 0.44 * len(rows))
    figure, panels = plt.subplots(
        1, len(datasets), figsize=size, sharex=True, sharey=True, squeeze=False, layout="constrained"
    )
    for axes, dataset in zip(panels[0], datasets, strict=True):
        _panel(axes, effects, rows, dataset)
    _labels(list(panels[0]), rows)
    handles, labels = panels[0][0].get_legend_handles_labels()
    shown = dict(zip(labels, handles, strict=True))
    figure.legend(shown.values(), shown.keys(), loc="outside lower center", ncols=2)
    caption(figure, _caption(effects))
    return figure
