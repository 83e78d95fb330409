"""Figure: what the lens reads at other layers."""

import pandas as pd
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.ablations import Grid, apart, drawn, source
from paper_replication.figures.rows import first_model
from paper_replication.figures.style import caption


def draw(table: pd.DataFrame, corpus: str) -> Figure:
    """One row a readout: relevance against the layer of the difference.

    Args:
        table: `ablation_layers`.
        corpus: whose documents delta was measured on.
    """
    table = first_model(table)
    grid = Grid(table, len(names.READOUTS), 4.6)
    for row, readout in enumerate(names.READOUTS):
        grid.relevance(row, table, readout, lambda rows: rows["value"].to_numpy(dtype=float))
    ticks = table.drop_duplicates("value").sort_values("value")
    labels = [f"{row['value']:.0f}\n({row['condition'].split()[0]})" for _, row in ticks.iterrows()]
    grid.ticks(list(ticks["value"]), labels, "layer (share of depth)", fontsize=6.5)
    grid.finish()
    caption(
        grid.figure,
        f"Layer of the difference: {source(table, corpus)}. Mean over {int(table['n_documents'].max())} documents; "
        "layers are blocks, counted from 0; Patchscope writes the difference at the layer it was measured at. Largest "
        f"of {int(table['n_positions'].max())} positions. At the last block both readouts are one and the same. "
        f"{drawn(table)} {apart()}",
    )
    return grid.figure
