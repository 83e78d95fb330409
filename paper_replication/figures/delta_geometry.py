"""Figure: how alike the difference is over documents, and what its first direction reads."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paper_replication.figures.ablations import (
    apart,
    intervals,
    label,
    largest,
    legend,
    line,
    of_first_model,
    source,
    starts_above_zero,
    styles,
)
from paper_replication.figures.style import WIDTH, caption

DASHES = {"uncentred": "-", "centred": ":"}
RANGE, WILSON = "error bars: range over positions", "error bars: Wilson 95% over tokens"


def _by_position(axes: Axes, geometry: pd.DataFrame, column: str, found: dict[str, dict[str, object]]) -> None:
    """A line an organism and way of centring, against the position."""
    for organism, style in found.items():
        for condition, dash in DASHES.items():
            chosen = (geometry["organism"] == organism) & (geometry["condition"] == condition)
            rows = geometry[chosen].sort_values("position")
            axes.plot(rows["position"], rows[column], ls=dash, lw=1.1, ms=3.5, **style)
    axes.set_xticks(sorted(geometry["position"].unique()))
    axes.set(xlabel="position (token, counted from 0)", ylim=(-0.03, 1.03))


def _by_documents(axes: Axes, geometry: pd.DataFrame, found: dict[str, dict[str, object]]) -> None:
    """Cosine of delta over fewer documents to delta over all: mean and range over positions."""
    for number, (organism, style) in enumerate(found.items()):
        rows = geometry[geometry["organism"] == organism].groupby("n_documents")["cosine_to_full"]
        mean, low, high = rows.mean(), rows.min(), rows.max()
        bars = {"lw": 1.1, "ms": 3.5, "elinewidth": 0.8, "capsize": 1.5}
        aside = 1.06 ** (number - (len(found) - 1) / 2)
        axes.errorbar(aside * mean.index, mean, yerr=[mean - low, high - mean], **bars, **style)
    counts = sorted(geometry["n_documents"].unique())
    axes.set_xscale("log")
    axes.set_xticks(counts, [f"{count:,}" for count in counts])
    axes.minorticks_off()
    axes.set(xlabel="documents", ylabel="cosine of delta over fewer\ndocuments to delta over all")
    axes.set_title(RANGE, loc="left", fontsize=7)
    starts_above_zero(axes)


def _relevance(axes: Axes, table: pd.DataFrame, found: dict[str, dict[str, object]]) -> None:
    """Relevance of the mean difference and of the first direction in its place."""
    order = ["all documents", *DASHES]
    for number, (organism, style) in enumerate(found.items()):
        rows = table[table["organism"] == organism].set_index("condition").reindex(order).reset_index()
        rows["organism"] = organism
        rows["judged_as"] = rows["judged_as"].ffill().bfill()
        aside = 0.14 * (number - (len(found) - 1) / 2)
        line(axes, pd.Series(range(len(order))).to_numpy(float) + aside, rows, style, ls="none", label=label(rows))
    axes.set_xticks(range(len(order)), ["mean\ndifference", "first direction,\nuncentred", "first direction,\ncentred"])
    axes.set(xlim=(-0.5, len(order) - 0.5), ylabel="relevant tokens (%)")
    axes.set_title(WILSON, loc="left", fontsize=7)
    top = max(10.0, 105 * float(table["ci_high"].max()))
    axes.set_ylim(-0.05 * top, top)


def draw(geometry: pd.DataFrame, directions: pd.DataFrame, inputs: pd.DataFrame, corpus: str) -> Figure:
    """Share of variance and cosine of the first direction, cosine against documents, and relevance by Patchscope.

    Args:
        geometry: `delta_geometry`.
        directions: `ablation_directions`.
        inputs: `ablation_inputs`, for the mean difference over all documents.
        corpus: whose documents delta was measured on.
    """
    geometry, directions, inputs = (of_first_model(table) for table in (geometry, directions, inputs))
    found = styles(directions)
    figure, panels = plt.subplots(2, 2, figsize=(WIDTH, 5.1), layout="constrained")
    of_directions = geometry[geometry["ablation"] == "directions"]
    of_documents = geometry[geometry["ablation"] == "documents"]
    _by_position(panels[0][0], of_directions, "variance_share_1", found)
    panels[0][0].set_ylabel("share of variance along\nthe first direction")
    _by_position(panels[0][1], of_directions, "cosine_to_full", found)
    dashes = [Line2D([], [], color="0.3", ls=dash, lw=1.1, label=condition) for condition, dash in DASHES.items()]
    panels[0][0].legend(handles=dashes, loc="lower left")
    panels[0][1].set_ylabel("cosine of the first direction\nto the mean difference")
    _by_documents(panels[1][0], of_documents, found)
    full = inputs[(inputs["ablation"] == "documents") & (inputs["condition"] == "all documents")]
    both = largest(pd.concat([full, directions]), "patchscope")
    _relevance(panels[1][1], both, found)
    legend(figure, panels[1][1])
    caption(
        figure,
        f"Per-document differences at one position: {source(directions, corpus)}; "
        f"{int(of_directions['n_documents'].max()):,} documents. First direction: of their singular value "
        "decomposition, as they are (uncentred; variance about zero) or less their mean (centred), with the sign of "
        f"the mean difference. Relevance: Patchscope, largest of {int(both['n_positions'].max())} positions. "
        f"{intervals(both)} {apart('scales')}",
    )
    return figure
