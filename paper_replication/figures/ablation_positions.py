"""Figure: what the lens reads at later positions."""

import pandas as pd
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.ablations import Grid, apart, drawn, source
from paper_replication.figures.rows import first_model
from paper_replication.figures.style import caption

# The paper reads so many, from the first on.
PAPERS_POSITIONS = 5


def draw(table: pd.DataFrame, corpus: str) -> Figure:
    """One row a readout: relevance against the position of the difference, positions evenly spaced.

    Args:
        table: `ablation_positions`.
        corpus: whose documents delta was measured on.
    """
    table = first_model(table)
    positions = sorted(table["value"].unique())
    reported = (-0.5, sum(position < PAPERS_POSITIONS for position in positions) - 0.5)
    grid = Grid(table, len(names.READOUTS), 4.6)
    for row, readout in enumerate(names.READOUTS):
        grid.relevance(row, table, readout, lambda rows: rows["value"].map(positions.index).to_numpy(float), reported)
    labels = [f"{position:.0f}" for position in positions]
    grid.ticks(list(range(len(positions))), labels, "position (not to scale)", fontsize=6, rotation=90)
    grid.finish()
    caption(
        grid.figure,
        f"Position of the difference: {source(table, corpus)}. Mean over {int(table['n_documents'].max())} documents "
        f"that are long enough for all positions, which are counted from 0. {drawn(table)} {apart()}",
    )
    return grid.figure
