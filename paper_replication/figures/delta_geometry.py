"""Figure: how alike the difference is over documents, and what its first direction reads."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paper_replication.figures.ablations import Grid, apart, drawn, source
from paper_replication.figures.rows import first_model
from paper_replication.figures.style import caption

DASHES = {"uncentred": "-", "centred": ":"}
# By how many positions the latter stand aside, so that intervals do not cover one another.
ASIDE = 0.15


def draw(geometry: pd.DataFrame, directions: pd.DataFrame, inputs: pd.DataFrame, corpus: str) -> Figure:
    """Share of variance and cosine of the first direction, cosine against documents, and relevance by Patchscope.

    Args:
        geometry: `delta_geometry`.
        directions: `ablation_directions`.
        inputs: `ablation_inputs`, for the mean difference over all documents.
        corpus: whose documents delta was measured on.
    """
    geometry, directions, inputs = (first_model(table) for table in (geometry, directions, inputs))
    grid = Grid(directions, 4, 8.4, common=False)
    of_directions = geometry[geometry["ablation"] == "directions"]
    positions = sorted(of_directions["position"].unique())
    measured = {
        "variance_share_1": "first direction:\nshare of variance",
        "cosine_to_full": "first direction: cosine\nto mean difference",
    }
    for row, (column, label) in enumerate(measured.items()):
        for condition, dash in DASHES.items():
            part = of_directions[of_directions["condition"] == condition]
            # Neither a share nor the cosine to a direction of the same sign is below zero, or above one.
            if dash == "-":
                grid.lines(row, part, lambda rows: rows["position"], column, limits=(0, 1))
            else:
                grid.lines(row, part, lambda rows: rows["position"] + ASIDE, column, limits=(0, 1), each=False, ls=dash)
        grid.ticks(positions, [str(position) for position in positions], "position", row)
        grid.panels[row][0].set_ylabel(label, fontsize=7)
        grid.panels[row][0].set_ylim(-0.03, 1.08)
    of_documents = geometry[geometry["ablation"] == "documents"]
    of_documents = of_documents.groupby(["organism", "n_documents"], as_index=False)["cosine_to_full"].mean()
    grid.lines(2, of_documents, lambda rows: np.log10(rows["n_documents"]), "cosine_to_full", limits=(-1, 1))
    counts = sorted(of_documents["n_documents"].unique())
    # The last but one would run into the last.
    labels = [f"{count:,}" if count == counts[-1] or 5 * count < counts[-1] else "" for count in counts]
    grid.ticks(list(np.log10(counts)), labels, "documents", 2, fontsize=6.5)
    grid.panels[2][0].set_ylabel("cosine of delta\nto that over all", fontsize=7)
    full = inputs[(inputs["ablation"] == "documents") & (inputs["condition"] == "all documents")]
    both, order = pd.concat([full, directions]), ["all documents", *DASHES]
    grid.relevance(3, both, "patchscope", lambda rows: rows["condition"].map(order.index), (-0.5, 0.5), ls="none")
    labels = ["mean", "first,\nuncentred", "first,\ncentred"]
    grid.ticks(list(range(len(order))), labels, "", 3, fontsize=6)
    for axes in grid.panels[3]:
        axes.set_xlim(-0.5, len(order) - 0.5)
    grid.finish()
    dashes = [Line2D([], [], color="0.3", ls=dash, lw=1.1, label=condition) for condition, dash in DASHES.items()]
    grid.panels[0][0].legend(handles=dashes, loc="lower left", fontsize=6.5)
    caption(
        grid.figure,
        f"Per-document differences at one position: {source(directions, corpus)}; "
        f"{int(of_directions['n_documents'].max()):,} documents. First direction: of their singular value "
        "decomposition, as they are (uncentred; variance about zero) or less their mean (centred), with the "
        "sign of the mean difference. Third row: mean over positions; its axis does not start at 0. Relevance: "
        f"largest of {int(both['n_positions'].max())} positions. {drawn(both)} Dotted: centred, means of "
        f"several organisms alone. "
        f"{apart('scales')}",
    )
    return grid.figure
