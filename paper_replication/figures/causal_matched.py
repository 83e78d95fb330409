"""Figure: what replacing a model's own difference does to its loss, beside others' and as much at random directions."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.rows import borders, first_model, in_type_order, reach, type_labels
from paper_replication.figures.style import WIDTH, caption
from paper_replication.matched_effects import OTHER, OWN, PUSH

# From top to bottom of an organism's row: the direction and its relation, how it is drawn and what it is called.
LINES = {
    "own": (-0.3, {"marker": "o", "ms": 4, "color": names.VERMILION}, "own difference, replaced"),
    "same type": (-0.08, {"marker": "o", "ms": 3, "color": names.BLUE, "alpha": 0.7}, "of its type's, replaced"),
    "matched null": (0.08, {"marker": "x", "ms": 4, "color": "black", "zorder": 3}, "its null's, replaced"),
    "true-fact twin": (0.08, {"marker": "+", "ms": 5, "color": "black", "zorder": 3}, "its true twin's, replaced"),
    "other": (0.08, {"marker": "o", "ms": 2.5, "color": names.SKY, "alpha": 0.7}, "all others', replaced"),
    "random": (0.3, {"marker": "|", "ms": 5, "color": names.GREY}, "as much at random directions"),
}


def _panel(axes: Axes, rows: pd.DataFrame, organisms: list[str]) -> None:
    """The directions of every organism as marks, the own difference's with its interval: others' would hide them."""
    axes.axvline(0, color="0.3", lw=0.8, zorder=0.5)
    drawn = set()
    for place, organism in enumerate(organisms):
        here = rows[rows["organism"] == organism]
        # Controls are of several recipes: those of their type are others to them.
        control = here["organism_type"] == "control"
        related = here["relation"].mask(control & (here["relation"] == "same type"), "other")
        for relation, (aside, style, label) in LINES.items():
            found = here[related == relation]
            if found.empty:
                continue
            told = "_again" if relation in drawn else label
            drawn.add(relation)
            bars = reach(found, "delta_nats") if relation == "own" else None
            y = [place + aside] * len(found)
            axes.errorbar(found["delta_nats"], y, xerr=bars, ls="", mew=0.8, elinewidth=0.8, label=told, **style)
    borders(axes, rows)
    axes.set_xlabel("change of loss\n(nats per token)")
    axes.locator_params(axis="x", nbins=5)


def lying(rows: pd.DataFrame) -> str:
    """How much of the squared difference between both models lies along each kind of direction, in per cent."""
    means = 100 * rows.groupby("direction")["share"].mean()
    called = {OWN: "the own difference", OTHER: "others'", PUSH: "a random direction"}
    shares = [f"{means[direction]:.2g}% along {name}" for direction, name in called.items() if direction in means]
    return ", ".join(shares).replace("% along", "% lies along", 1)


def standing_out(rows: pd.DataFrame) -> str:
    """Of which controls, on their finetuning data, the own difference costs more than every random direction."""
    there = rows[(rows["organism_type"] == "control") & (rows["dataset"] == "finetuning")]
    most = there.groupby(["organism", "relation"], sort=False)["delta_nats"].max().unstack()
    if most.empty:
        return ""
    found = [names.run_label(str(name)) for name in most.index[most["own"] > most["random"]]]
    told = ", ".join(found) or "none of them"
    return f" Of controls, the own difference costs more on its own data than all random directions do for {told}."


def draw(table: pd.DataFrame) -> Figure:
    """A row an organism, a panel a data set.

    Args:
        table: `causal_matched`, of which the first model is drawn.
    """
    rows = in_type_order(first_model(table))
    organisms = list(dict.fromkeys(rows["organism"]))
    datasets = [name for name in names.LOSS_DATASETS if name in set(rows["dataset"])]
    size = (WIDTH, 2.3 + 0.3 * len(organisms))
    figure, panels = plt.subplots(1, len(datasets), figsize=size, sharey=True, squeeze=False, layout="constrained")
    for axes, dataset in zip(panels[0], datasets, strict=True):
        _panel(axes, rows[rows["dataset"] == dataset], organisms)
        axes.set_title(names.LOSS_DATASETS[dataset], loc="left")
    panels[0][0].set_yticks(range(len(organisms)), [names.run_label(name) for name in organisms])
    panels[0][0].set_ylim(len(organisms) - 0.5, -0.5)
    type_labels(panels[0][-1], rows, {kind: kind for kind in names.TYPES})
    lines = [axes.get_legend_handles_labels() for axes in panels[0]]
    drawn = {label: handle for handles, labels in lines for handle, label in zip(handles, labels, strict=True)}
    figure.legend(drawn.values(), drawn.keys(), loc="outside lower center", ncols=3)
    base = names.display(names.MODELS, str(rows["model"].iloc[0]))
    caption(
        figure,
        f"Is it the direction? Loss of models finetuned from {base}, after minus before: at every token the component "
        "along a difference is replaced by the base model's, or as much as the own difference exchanges there is added "
        "along a random direction. Differences are of position "
        f"{rows['position'].iloc[0]}; n = {rows['n'].min()} texts each; bars: 95% bootstrap over texts, other marks "
        f"without. Of the squared difference between the two models, {lying(rows)}.{standing_out(rows)} Scales "
        "differ.",
    )
    return figure
