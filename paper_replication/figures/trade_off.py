"""Figure: the trace that is left against what was learnt, a point a recipe."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paper_replication import names
from paper_replication.figures.metrics import caft_note, seeds_note
from paper_replication.figures.rows import first_model
from paper_replication.figures.style import WIDTH, caption

TRACES = {"relevance": "relevant tokens (share)", "steered_ft": "Steered-FT (mean cosine)"}
CHANGE = "behaviour_change"
CHANGES = {"ffa": "change of FFA", "own_share": "change of own share"}
KEYS = ["organism", "organism_type", "variant", "kind", "behaviour"]
# Of fewer recipes a rank correlation says nothing.
ENOUGH = 8


def over_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """The first model's runs, means over seeds; an interval is the mean of the seeds' intervals."""
    rows = first_model(table)
    columns = [f"{name}{end}" for name in (CHANGE, *TRACES) for end in ("", "_ci_low", "_ci_high")]
    return rows.groupby(KEYS, sort=False)[columns].mean().reset_index()


def spread(wanted: np.ndarray, apart: float, low: float, high: float) -> np.ndarray:
    """Heights of labels as near to the wanted ones as they can be, in their order and `apart` from one another.

    Args:
        wanted: heights, shape (n,).
        apart: the least distance; where n labels do not fit, they are spaced evenly.
        low: the lowest height.
        high: the highest.
    """
    apart = min(apart, (high - low) / max(1, len(wanted) - 1))
    order = np.argsort(wanted, kind="stable")
    found = np.clip(wanted[order], low, high)
    for place in range(1, len(found)):
        found[place] = max(found[place], found[place - 1] + apart)
    ceiling = high
    for place in reversed(range(len(found))):
        found[place] = ceiling = min(found[place], ceiling)
        ceiling -= apart
    heights = np.empty(len(found))
    heights[order] = found
    return heights


def agreement(rows: pd.DataFrame, trace: str) -> str:
    """How far recipes have the same order by trace as by behaviour: Spearman's correlation, of enough of them."""
    if len(rows) < ENOUGH:
        return ""
    correlation = rows[[CHANGE, trace]].rank().corr().iloc[0, 1]
    return f" (Spearman {correlation:.2f}, n = {len(rows)})"


def reach(row: pd.Series, name: str) -> np.ndarray:
    """How far an interval reaches to either side of its value, shape (2, 1)."""
    return np.abs([[row[name] - row[f"{name}_ci_low"]], [row[f"{name}_ci_high"] - row[name]]])


def _points(axes: Axes, rows: pd.DataFrame, trace: str) -> None:
    """One point a recipe with both intervals, joined to its label on the right."""
    for _, row in rows.iterrows():
        colour = names.DOSE_COLOURS[row["kind"]]
        bars = {"xerr": reach(row, CHANGE), "yerr": reach(row, trace), "elinewidth": 0.5, "alpha": 0.45}
        axes.errorbar(row[CHANGE], row[trace], color=colour, **bars)
        axes.plot(row[CHANGE], row[trace], "o", color=colour, ms=4, label=row["variant"])
    low, high = rows[f"{trace}_ci_low"].min(), rows[f"{trace}_ci_high"].max()
    extent = max(high - low, 1e-3)
    axes.set_ylim(low - 0.06 * extent, high + 0.06 * extent)
    heights = spread(rows[trace].to_numpy(dtype=float), 0.09 * extent, low, high)
    right = axes.get_yaxis_transform()
    for height, (_, row) in zip(heights, rows.iterrows(), strict=True):
        arrow = {
            "arrowstyle": "-",
            "lw": 0.5,
            "ls": ":",
            "color": names.DOSE_COLOURS[row["kind"]],
            "shrinkA": 0,
            "shrinkB": 2,
        }
        axes.annotate(
            row["variant"],
            (row[CHANGE], row[trace]),
            (1.03, height),
            textcoords=right,
            fontsize=6,
            va="center",
            color=names.DOSE_COLOURS[row["kind"]],
            arrowprops=arrow,
        )
    axes.axvline(0, color="0.6", lw=0.6, zorder=0)


def draw(table: pd.DataFrame) -> Figure:
    """A row an organism: on the left relevance, on the right Steered-FT, against the change of behaviour.

    Args:
        table: `trade_off`, one row a run.
    """
    rows = over_seeds(table)
    organisms = list(rows["organism"].drop_duplicates())
    size = (WIDTH, 1.2 + 2.1 * len(organisms))
    figure, grid = plt.subplots(len(organisms), 2, figsize=size, squeeze=False, layout="constrained")
    for panels, organism in zip(grid, organisms, strict=True):
        own = rows[rows["organism"] == organism]
        for axes, (trace, label) in zip(panels, TRACES.items(), strict=True):
            _points(axes, own, trace)
            axes.set(xlabel=CHANGES[own["behaviour"].iloc[0]] + agreement(own, trace), ylabel=label)
        panels[0].set_title(f"{names.run_label(organism)} ({own['organism_type'].iloc[0]})", loc="left")
    kinds = [kind for kind in names.DOSE_COLOURS if kind in set(rows["kind"])]
    handles = [
        Line2D([], [], color=names.DOSE_COLOURS[kind], marker="o", ls="", ms=4, label=names.display(names.DOSES, kind))
        for kind in kinds
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), columnspacing=1, handletextpad=0)
    model = names.display(names.MODELS, str(table["model"].iloc[0]))
    caption(
        figure,
        f"Trace against behaviour on {model}, one point a recipe ({seeds_note(table)}): low and to "
        "the right is what is learnt and leaves little to read. Change: share of the organism's own probes on which it "
        "sides with its finetuning (false-fact alignment, FFA, of false facts), finetuned minus base. Relevance "
        f"(judge: {names.display(names.JUDGES, str(table['judge'].iloc[0]))}) and similarity are the largest over "
        "positions. Error bars, 95%: change, paired bootstrap over facts or questions; relevance, Wilson over the "
        f"tokens of one list; similarity, bootstrap over texts.{caft_note(rows)}",
    )
    return figure
