"""Figure: what the lens reads at later positions."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.ablations import apart, finish, intervals, largest, lines, of_first_model, source
from paper_replication.figures.style import WIDTH, caption


def draw(table: pd.DataFrame, corpus: str) -> Figure:
    """One panel a readout: relevance against the position of the difference, positions evenly spaced.

    Args:
        table: `ablation_positions`.
        corpus: whose documents delta was measured on.
    """
    table = of_first_model(table)
    figure, panels = plt.subplots(1, len(names.READOUTS), figsize=(WIDTH, 2.9), sharey=True, layout="constrained")
    positions = sorted(table["value"].unique())
    for axes, (readout, title) in zip(panels, names.READOUTS.items(), strict=True):
        lines(axes, largest(table, readout), lambda rows: rows["value"].map(positions.index).to_numpy(float), 0.16)
        axes.set_xticks(range(len(positions)), [f"{position:.0f}" for position in positions])
        axes.set(xlabel="position (token, counted from 0; not to scale)")
        axes.set_title(title, loc="left")
    finish(figure, list(panels), table)
    caption(
        figure,
        f"Position of the difference: {source(table, corpus)}. Mean over {int(table['n_documents'].max())} documents "
        f"that are long enough for all positions. {intervals(table)} {apart()}",
    )
    return figure
