"""Figure: what the lens reads at other layers, beside what it reads of every control there."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.ablations import Grid, drawn, source
from paper_replication.figures.rows import first_model
from paper_replication.figures.style import caption
from paper_replication.trace_contrasts import paired_mean

# Blocks by which lines stand beside the difference's, so that intervals do not cover one another.
ASIDE = {"base_mean": -0.8, "finetuned_mean": 0.8, "random": 1.6}
# Types have the colours that they have in the other ablations.
DASHES = {"base_mean": ":", "finetuned_mean": "--", "random": "-"}
# The paper's layer, and by how many blocks what it reports reaches to either side.
MIDDLE, REACH = "50% of depth", 2.5


def layer(rows: pd.DataFrame) -> np.ndarray:
    """Where rows stand on x."""
    return rows["value"].to_numpy(dtype=float)


def _control(axes: Axes, rows: pd.DataFrame, vector: str) -> float:
    """Draw a control's mean over organisms at every layer, with Student's interval, and return the largest end."""
    layers, groups = zip(*rows.groupby("value")["relevant_fraction"], strict=True)
    mean, low, high = 100 * np.array([paired_mean(group.to_numpy(dtype=float)) for group in groups]).T
    style = {
        "color": "black",
        "ls": DASHES[vector],
        "marker": ".",
        "ms": 4,
        "lw": 1.1,
        "elinewidth": 0.8,
        "capsize": 1.5,
    }
    x, low, high = np.array(layers) + ASIDE[vector], np.maximum(low, 0), np.minimum(high, 100)
    axes.errorbar(x, mean, yerr=[mean - low, high - mean], label=names.VECTORS[vector], **style)
    return float(np.nanmax([*mean, *high]))


def draw(table: pd.DataFrame, controls: pd.DataFrame, corpus: str) -> Figure:
    """One row a readout: relevance of the difference and of its controls against the layer.

    Args:
        table: `ablation_layers`.
        controls: `layer_controls`.
        corpus: whose documents delta was measured on.
    """
    table, controls = first_model(table), first_model(controls)
    grid = Grid(table, len(names.READOUTS), 6.0)
    # Where that layer is not among them, nothing is drawn at nan.
    middle = table.loc[table["condition"] == MIDDLE, "value"].min()
    reported = (middle - REACH, middle + REACH)
    for row, readout in enumerate(names.READOUTS):
        grid.relevance(row, table, readout, layer, reported)
        others = controls[controls["readout"] == readout]
        for axes, kind in zip(grid.panels[row], grid.types, strict=True):
            # Of a type there may be its null alone.
            if not grid.organisms(kind):
                continue
            own = others[others["organism"].isin(grid.organisms(kind))]
            highest = max(_control(axes, own[own["vector"] == name], name) for name in ASIDE)
            axes.set_ylim(top=max(axes.get_ylim()[1], min(105, 1.05 * highest)))
    ticks = table.drop_duplicates("value").sort_values("value")
    labels = [f"{row['value']:.0f}\n({row['condition'].split()[0]})" for _, row in ticks.iterrows()]
    grid.ticks(list(ticks["value"]), labels, "layer (share of depth)", fontsize=6.5)
    grid.finish()
    sets = int(controls.loc[controls["vector"] == "random", "n_sets"].max())
    caption(
        grid.figure,
        f"Layer of the difference: {source(table, corpus)}. Mean over {int(table['n_documents'].max())} documents; "
        "layers are blocks, counted from 0; Patchscope writes a vector at the layer it was measured at. Largest of "
        f"{int(table['n_positions'].max())} positions, or of as many random vectors (mean of {sets} such sets). At "
        f"the last block both readouts are one and the same; the paper's layer is the middle one. {drawn(table)} "
        "Lines with the name of an organism are its difference; the other controls are means over the same organisms "
        "with the same interval, drawn to the side (of random vectors of all sets). Fewer scales and documents than "
        "in the main figures, so that values differ.",
    )
    return grid.figure
