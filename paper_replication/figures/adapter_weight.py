"""Figure: how the difference and what it reads grow with the weight of the adapter."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.ablations import (
    apart,
    finish,
    intervals,
    largest,
    lines,
    of_first_model,
    source,
    styles,
)
from paper_replication.figures.style import WIDTH, caption


def growth(geometry: pd.DataFrame) -> pd.DataFrame:
    """Norm of delta over its norm at weight 1, and cosine to the full delta: mean and range over positions.

    One row an organism and weight, with columns `norm`, `norm_low`, `norm_high`, `cosine`, `cosine_low`, `cosine_high`.
    """
    rows = geometry[geometry["ablation"] == "adapter_weight"]
    whole = rows[rows["value"] == 1].set_index(["organism", "position"])["delta_norm"]
    keys = pd.MultiIndex.from_frame(rows[["organism", "position"]])
    rows = rows.assign(norm=rows["delta_norm"].to_numpy() / whole.reindex(keys).to_numpy())
    found = rows.groupby(["organism", "value"], sort=False)
    return found.agg(
        norm=("norm", "mean"),
        norm_low=("norm", "min"),
        norm_high=("norm", "max"),
        cosine=("cosine_to_full", "mean"),
        cosine_low=("cosine_to_full", "min"),
        cosine_high=("cosine_to_full", "max"),
    ).reset_index()


def _growth_panel(axes: Axes, grown: pd.DataFrame, column: str, found: dict[str, dict[str, object]]) -> None:
    for number, (organism, style) in enumerate(found.items()):
        aside = 0.02 * (number - (len(found) - 1) / 2)
        rows = grown[(grown["organism"] == organism) & grown[column].notna()].sort_values("value")
        reach = [rows[column] - rows[f"{column}_low"], rows[f"{column}_high"] - rows[column]]
        axes.errorbar(
            rows["value"] + aside, rows[column], yerr=reach, ms=3.5, lw=1.1, elinewidth=0.8, capsize=1.5, **style
        )


def draw(table: pd.DataFrame, geometry: pd.DataFrame, corpus: str) -> Figure:
    """Relevance by both readouts, norm and cosine of delta, against the weight of the adapter.

    Args:
        table: `adapter_weight`.
        geometry: `delta_geometry`.
        corpus: whose documents delta was measured on.
    """
    table, geometry = of_first_model(table), of_first_model(geometry)
    figure, panels = plt.subplots(2, 2, figsize=(WIDTH, 4.9), sharex=True, layout="constrained")
    for axes, (readout, title) in zip(panels[0], names.READOUTS.items(), strict=True):
        lines(axes, largest(table, readout), lambda rows: rows["value"].to_numpy(dtype=float), 0.02)
        axes.set_title(title, loc="left")
    grown, found = growth(geometry), styles(table)
    panels[1][0].plot([0, 1], [0, 1], color="0.8", lw=0.8, ls="--", zorder=0)
    _growth_panel(panels[1][0], grown, "norm", found)
    _growth_panel(panels[1][1], grown, "cosine", found)
    panels[1][0].set_ylabel("norm of delta\n(share of that at weight 1)")
    panels[1][1].set_ylabel("cosine to the full delta")
    for axes in panels[1]:
        axes.set_xlabel("weight of the adapter's update")
        axes.set_xticks(sorted(grown["value"].unique()))
        axes.set_ylim(-0.04, 1.04)
        axes.set_title("error bars: range over positions", loc="left", fontsize=7)
    finish(figure, list(panels[0]), table)
    caption(
        figure,
        f"Weight of the adapter: {source(table, corpus)}. Mean over {int(table['n_documents'].max())} documents; each "
        "weight's model reads its own difference; at weight 0 there is none to read. Above: largest of "
        f"{int(table['n_positions'].max())} positions. {intervals(table)} Below: mean over positions; dashed: growth "
        f"in proportion; full delta: over all documents. {apart()}",
    )
    return figure
