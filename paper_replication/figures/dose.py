"""Figure: how traces and behaviour depend on how much is finetuned, one column a kind of dose."""

import math
from fractions import Fraction

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.metrics import (
    ERROR_BARS,
    SMALL,
    Lines,
    Run,
    Style,
    axis_label,
    floor_at_zero,
    legend,
    lines_of,
    of_first_model,
    panel,
    shares_note,
    source,
    styles,
)
from paper_replication.figures.style import WIDTH, caption

ROWS = ("relevance", "steered_ft", "ffa", "delta_norm")


def dose_label(kind: str, dose: float) -> str:
    """A dose as its axis calls it: shares of samples as fractions, full finetuning, which has no rank, by name."""
    if dose == math.inf:
        return "full"
    return str(Fraction(dose).limit_denominator(100)) if kind == "samples" else f"{dose:g}"


def _panel(axes: Axes, lines: Lines, look: dict[Run, Style], kind: str) -> None:
    """One kind of dose; full finetuning stands apart from the ranks, and a pale stripe marks the default run."""
    measured = lines.measured
    doses = sorted(measured["dose"].unique())
    places = {dose: place for place, dose in enumerate(doses)}
    for full in (False, True):
        rows = Lines(*(part[(part["dose"] == math.inf) == full] for part in lines))
        if not rows.measured.empty:
            panel(axes, rows, "dose", look, places)
    for dose in measured.loc[measured["variant"] == "default", "dose"].unique():
        axes.axvline(places[dose], color="0.93", lw=8, zorder=0)
    axes.set_xticks(range(len(doses)), [dose_label(kind, dose) for dose in doses], fontsize=SMALL)
    axes.set_xlim(-0.4, len(doses) - 0.6)


def draw(table: pd.DataFrame) -> Figure:
    """A row of panels a metric and a column a kind of dose, doses evenly spaced; a line an organism and seed.

    Args:
        table: `dose`, one row a run, kind of dose and metric.
    """
    own = of_first_model(table)
    look = styles(own)
    kinds = [kind for kind in names.DOSES if kind in set(own["kind"])]
    shown = [metric for metric in ROWS if metric in set(own["metric"])]
    size = (WIDTH, 1.4 + 1.35 * len(shown))
    figure, grid = plt.subplots(
        len(shown), len(kinds), figsize=size, sharex="col", sharey="row", squeeze=False, layout="constrained"
    )
    for panels, metric in zip(grid, shown, strict=True):
        lines = lines_of(own, metric)
        for axes, kind in zip(panels, kinds, strict=True):
            _panel(axes, Lines(*(rows[rows["kind"] == kind] for rows in lines)), look, kind)
        for axes in panels:
            floor_at_zero(axes)
        panels[0].set_ylabel(axis_label(table, metric), fontsize=SMALL)
    for axes, kind in zip(grid[-1], kinds, strict=True):
        axes.set_xlabel(names.DOSES[kind], fontsize=7)
    legend(figure, look, own, shown)
    ablated = " Directions ablated: concept ablation finetuning (CAFT)." if "caft" in kinds else ""
    in_full = " Full: all weights of the linear layers, at a tenth of the learning rate, so not joined to the ranks."
    caption(
        figure,
        f"Dose of finetuning: {source(own)}. Stripe: the default run, the same in every column. Samples, epochs and "
        f"mixing change the number of steps too.{in_full if math.inf in set(own['dose']) else ''} Relevance, "
        f"similarity: largest over positions; {shares_note(table)}. {ERROR_BARS}.{ablated}",
    )
    return figure
