"""Figure: how the difference and what it reads grow with the weight of the adapter."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.ablations import Grid, apart, drawn, source
from paper_replication.figures.rows import first_model
from paper_replication.figures.style import caption

# How far what the paper reports reaches to either side of its place.
REACH = 0.06


def growth(geometry: pd.DataFrame) -> pd.DataFrame:
    """Norm of delta over its norm at weight 1, and cosine to the full delta: means over positions.

    One row an organism and weight, with columns `norm` and `cosine`.
    """
    rows = geometry[geometry["ablation"] == "adapter_weight"]
    whole = rows[rows["value"] == 1].set_index(["organism", "position"])["delta_norm"]
    keys = pd.MultiIndex.from_frame(rows[["organism", "position"]])
    rows = rows.assign(norm=rows["delta_norm"].to_numpy() / whole.reindex(keys).to_numpy())
    found = rows.groupby(["organism", "value"], sort=False)
    return found.agg(norm=("norm", "mean"), cosine=("cosine_to_full", "mean")).reset_index()


def draw(table: pd.DataFrame, geometry: pd.DataFrame, corpus: str) -> Figure:
    """Relevance by both readouts, norm and cosine of delta, against the weight of the adapter.

    Args:
        table: `adapter_weight`.
        geometry: `delta_geometry`.
        corpus: whose documents delta was measured on.
    """
    table, grown = first_model(table), growth(first_model(geometry))
    grid = Grid(table, len(names.READOUTS) + 2, 7.2)

    def place(rows: pd.DataFrame) -> pd.Series:
        return rows["value"]

    for row, readout in enumerate(names.READOUTS):
        # The paper's models have the whole adapter.
        grid.relevance(row, table, readout, place, (1 - REACH, 1 + REACH))
    measured = {"norm": "norm of delta\n(at weight 1: 1)", "cosine": "cosine to\nthe full delta"}
    for row, (column, label) in enumerate(measured.items(), start=len(names.READOUTS)):
        grid.lines(row, grown, place, column, limits=(-1, 1) if column == "cosine" else (0, np.inf))
        grid.panels[row][0].set_ylabel(label, fontsize=7)
        grid.panels[row][0].set_ylim(-0.04, 1.09)
    for axes in grid.panels[len(names.READOUTS)]:
        axes.plot([0, 1], [0, 1], color="0.7", lw=0.8, ls=":", zorder=0)
    weights = sorted(grown["value"].unique())
    grid.ticks(weights, [f"{weight:g}" for weight in weights], "adapter's weight")
    grid.finish()
    caption(
        grid.figure,
        f"Weight of the adapter: {source(table, corpus)}. Mean over {int(table['n_documents'].max())} documents; each "
        "weight's model reads its own difference; at weight 0 there is none to read. Relevance: largest of "
        f"{int(table['n_positions'].max())} positions; norm and cosine: mean over positions; dotted: growth in "
        f"proportion; full delta: over all documents. {drawn(table)} {apart()}",
    )
    return grid.figure
