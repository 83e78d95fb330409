"""Figure: what the lens reads at other layers."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.ablations import apart, finish, intervals, largest, lines, of_first_model, source
from paper_replication.figures.style import WIDTH, caption


def draw(table: pd.DataFrame, corpus: str) -> Figure:
    """One panel a readout: relevance against the layer of the difference.

    Args:
        table: `ablation_layers`.
        corpus: whose documents delta was measured on.
    """
    table = of_first_model(table)
    figure, panels = plt.subplots(1, len(names.READOUTS), figsize=(WIDTH, 2.9), sharey=True, layout="constrained")
    ticks = table.drop_duplicates("value").sort_values("value")
    labels = [f"{row['value']:.0f}\n({row['condition'].split()[0]})" for _, row in ticks.iterrows()]
    for axes, (readout, title) in zip(panels, names.READOUTS.items(), strict=True):
        reach = float(ticks["value"].max() - ticks["value"].min())
        lines(axes, largest(table, readout), lambda rows: rows["value"].to_numpy(dtype=float), 0.02 * reach)
        axes.set_xticks(ticks["value"], labels)
        axes.set_xlabel("layer (block, counted from 0; share of depth)")
        axes.set_title(title, loc="left")
    finish(figure, list(panels), table)
    caption(
        figure,
        f"Layer of the difference: {source(table, corpus)}. Mean over "
        f"{int(table['n_documents'].max())} documents; Patchscope writes it at the layer it was measured at. Largest "
        f"of {int(table['n_positions'].max())} positions. At the last block both readouts are one and the same. "
        f"{intervals(table)} {apart()}",
    )
    return figure
