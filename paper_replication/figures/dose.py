"""Figure: how traces and behaviour depend on how much is finetuned, one column a kind of dose."""

import math

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.metrics import (
    ERROR_BARS,
    caft_note,
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


def draw(table: pd.DataFrame) -> Figure:
    """A row of panels a metric and a column a kind of dose, doses evenly spaced; one line an organism.

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
    for down, metric in enumerate(shown):
        lines = lines_of(own, metric, ["kind", "dose"])
        for across, kind in enumerate(kinds):
            axes = grid[down, across]
            doses = sorted(own.loc[own["kind"] == kind, "dose"].unique())
            places = {dose: place for place, dose in enumerate(doses)}
            panel(axes, type(lines)(*(rows[rows["kind"] == kind] for rows in lines)), "dose", look, places)
            axes.set_xticks(
                range(len(doses)), ["full" if dose == math.inf else f"{dose:g}" for dose in doses], fontsize=6
            )
            axes.set_xlim(-0.4, len(doses) - 0.6)
        grid[down, 0].set_ylabel(names.METRICS[metric], fontsize=7)
        floor_at_zero(grid[down, 0])
    for axes, kind in zip(grid[-1], kinds, strict=True):
        axes.set_xlabel(names.DOSES[kind], fontsize=7)
    legend(figure, look, own)
    in_full = "Rank full: all weights of the linear layers, at a learning rate of its own. "
    full = in_full if math.inf in set(own["dose"]) else ""
    caption(
        figure,
        f"Dose of finetuning: {source(own)}. One thing is changed at a time (alpha keeps its ratio to the rank); the "
        f"default run stands in every column. {full}Doses are not to scale. Relevance and similarity: largest over "
        f"positions; norm: mean over positions, without position 0. {shares_note(table)}. {ERROR_BARS}."
        f"{caft_note(own)}",
    )
    return figure
