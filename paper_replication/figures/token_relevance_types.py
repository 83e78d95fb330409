"""Figure: token relevance by type of organism, as the paper summarises it."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.rows import reach
from paper_replication.figures.style import WIDTH, caption


def _panel(axes: Axes, rows: pd.DataFrame, types: list[str]) -> None:
    width = 0.8 / len(names.VECTORS)
    for place, vector in enumerate(names.VECTORS):
        found = rows[rows["vector"] == vector].set_index("organism_type").reindex(types)
        x = np.arange(len(types)) + (place - (len(names.VECTORS) - 1) / 2) * width
        value = 100 * found["mean"].to_numpy(dtype=float)
        ends = reach(found, "mean", 100)
        axes.bar(x, value, width * 0.92, color=names.VECTOR_COLOURS[vector], label=names.VECTORS[vector])
        axes.errorbar(x, value, yerr=ends, fmt="none", ecolor="black", elinewidth=0.8, capsize=1.5)
    counts = rows.groupby("organism_type")["n_organisms"].max()
    axes.set_xticks(range(len(types)), [f"{name}\n(n = {counts.get(name, 0)})" for name in types])


def draw(types: pd.DataFrame, corpus: str) -> Figure:
    """Bars with intervals, one panel a readout, one group a type.

    Args:
        types: the table `token_relevance_types`; of several models, the first is drawn, and named.
        corpus: whose documents delta was measured on.
    """
    model = str(types["model"].iloc[0])
    types = types[(types["corpus"] == corpus) & (types["model"] == model)]
    shown = [name for name in names.TYPES if name in set(types["organism_type"])]
    readouts = [name for name in names.READOUTS if name in set(types["readout"])]
    figure, panels = plt.subplots(
        1, len(readouts), figsize=(WIDTH, 3.2), sharey=True, squeeze=False, layout="constrained"
    )
    for axes, readout in zip(panels[0], readouts, strict=True):
        if readout == "patchscope":
            low, high = (100 * share for share in names.REPORTED_BAND)
            axes.axhspan(low, high, color="0.93", zorder=0, label=names.REPORTED_LABEL)
        _panel(axes, types[types["readout"] == readout], shown)
        axes.set_title(names.display(names.READOUTS, readout), loc="left")
    panels[0][0].set_ylabel("relevant tokens (% of the list)")
    panels[0][0].set_ylim(0, 85)
    figure.legend(*panels[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    judge = names.display(names.JUDGES, str(types["judge"].iloc[0]))
    caption(
        figure,
        f"Token relevance by type of organism on {names.display(names.MODELS, model)}: mean over organisms (n) of the "
        f"largest share over positions; judge: {judge}. Error bars: 95% bootstrap over organisms, none where there is "
        "one. A control is read by its own description, so chat tuning and the true twin are among them.",
    )
    return figure
