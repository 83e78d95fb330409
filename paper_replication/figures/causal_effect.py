"""Figure: what taking the difference back does to the loss, beside random directions."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.rows import in_type_order
from paper_replication.figures.style import WIDTH, caption

RUN = ["model", "organism", "organism_type", "variant"]
MEASURED = ["delta_nats", "ci_low", "ci_high"]
# Lines of one organism, from top to bottom.
OFFSETS = dict(zip(names.DIRECTIONS, (-0.26, 0.0, 0.26), strict=True))


def over_seeds(effects: pd.DataFrame) -> pd.DataFrame:
    """The component's replacement alone, as means over seeds; an interval is the mean of the seeds' intervals."""
    replaced = effects[effects["intervention"] == "replace"]
    keys = [*RUN, "dataset", "direction", "position"]
    return replaced.groupby(keys, sort=False)[MEASURED].mean().reset_index()


def rows_of(effects: pd.DataFrame) -> pd.DataFrame:
    """One row a run, in the order of types."""
    return in_type_order(effects.drop_duplicates(RUN)[RUN]).reset_index(drop=True)


def _line(axes: Axes, found: pd.DataFrame, height: float, direction: str) -> None:
    """The mean over positions with its interval; of the difference, each position as a dot."""
    value, low, high = found[MEASURED].mean()
    style = {"color": names.DIRECTION_COLOURS[direction], "elinewidth": 1.1, "capsize": 1.5, "ms": 4, "mew": 0.8}
    marker = "D" if direction == "delta" else "s"
    label = names.DIRECTIONS[direction]
    axes.errorbar(value, height, xerr=[[value - low], [high - value]], fmt=marker, label=label, **style)
    if direction == "delta":
        faces = ["white" if position == 0 else "0.15" for position in found["position"]]
        heights = [height - 0.11] * len(found)
        axes.scatter(found["delta_nats"], heights, s=7, c=faces, edgecolors="0.15", linewidths=0.5, zorder=4)


def _panel(axes: Axes, effects: pd.DataFrame, rows: pd.DataFrame, dataset: str) -> None:
    here = effects[effects["dataset"] == dataset]
    for place, row in rows.iterrows():
        run = here[(here[RUN] == row[RUN].to_numpy()).all(axis=1)]
        for direction, offset in OFFSETS.items():
            found = run[run["direction"] == direction]
            if not found.empty:
                _line(axes, found, place + offset, direction)
    axes.axvline(0, color="0.3", lw=0.8, zorder=0.5)
    for place in rows.index[1:]:
        border = rows["organism_type"][place] != rows["organism_type"][place - 1]
        axes.axhline(place - 0.5, color="0.6" if border else "0.93", lw=0.7, zorder=0)
    axes.set_title(names.LOSS_DATASETS[dataset], loc="left")
    axes.set_xlabel("change of loss\n(nats per token)")
    axes.locator_params(axis="x", nbins=4)


def _labels(panels: list[Axes], rows: pd.DataFrame) -> None:
    """Organisms on the left, in the colour of their type; types on the right."""
    several = rows["model"].nunique() > 1
    labels = [
        names.run_label(row["organism"], row["variant"])
        + (f" ({names.display(names.MODELS, row['model'])})" if several else "")
        for _, row in rows.iterrows()
    ]
    panels[0].set_yticks(range(len(rows)), labels)
    panels[0].set_ylim(len(rows) - 0.5, -0.5)
    for tick, kind in zip(panels[0].get_yticklabels(), rows["organism_type"], strict=True):
        tick.set_color(names.TYPE_COLOURS[kind])
    right = panels[-1].get_yaxis_transform()
    for kind, group in rows.groupby("organism_type", sort=False):
        style = {"fontsize": 7, "va": "center", "ha": "left", "color": names.TYPE_COLOURS[kind]}
        panels[-1].text(1.03, group.index.to_numpy().mean(), kind, transform=right, **style)


def _caption(effects: pd.DataFrame) -> str:
    model = " and ".join(names.display(names.MODELS, name) for name in effects["model"].unique())
    texts = " to ".join(str(n) for n in sorted({effects["n"].min(), effects["n"].max()}))
    seeds, positions = effects["seed"].nunique(), effects.loc[effects["direction"] == "delta", "position"].nunique()
    directions = effects.loc[effects["direction"] != "delta", "n_directions"].max()
    averaged = f"; mean of {seeds} seeds" if seeds > 1 else ""
    return (
        f"Causal effect of the difference on {model}: at the layer of analysis, at every token, the finetuned model's "
        "component along a direction is replaced by the base model's; cross-entropy after minus before. "
        f"Diamonds: mean over the difference's {positions} positions{averaged}; dots: each position, hollow: position "
        f"0. Squares: mean over {directions} random directions of a kind. Error bars: 95% bootstrap intervals over "
        f"n = {texts} texts a dataset (of a mean over positions, the mean of the positions' intervals). Reported by "
        "the paper: positive on finetuning data, negative on unrelated text, about zero for random directions. Each "
        "panel has its own scale."
    )


def draw(effects: pd.DataFrame) -> Figure:
    """A panel a dataset, three lines an organism: the difference, and both kinds of random directions.

    Args:
        effects: the table `causal_effect`.
    """
    table, rows = over_seeds(effects), rows_of(effects)
    datasets = [name for name in names.LOSS_DATASETS if name in set(table["dataset"])]
    size = (WIDTH, 2.1 + 0.34 * len(rows))
    figure, panels = plt.subplots(1, len(datasets), figsize=size, sharey=True, squeeze=False, layout="constrained")
    for axes, dataset in zip(panels[0], datasets, strict=True):
        _panel(axes, table, rows, dataset)
    _labels(list(panels[0]), rows)
    handles, labels = panels[0][0].get_legend_handles_labels()
    shown = dict(zip(labels, handles, strict=True))
    figure.legend(shown.values(), shown.keys(), loc="outside lower center", ncols=len(shown))
    caption(figure, _caption(effects))
    return figure
