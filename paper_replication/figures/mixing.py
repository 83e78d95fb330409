"""Figure: what mixing in unrelated data does to the traces, to what is learnt, and to the difference's part in it."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from paper_replication.figures.metrics import (
    ERROR_BARS,
    SMALL,
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

TITLES = {
    "relevance": "Token relevance",
    "steered_ft": "Steered-FT similarity",
    "steered_minus_random": "Steered minus random",
    "ffa": "Behaviour",
    "delta_norm": "Norm of delta",
    "causal_effect_finetuning": "Causal effect",
    "leak": "Leak into chat",
}
NOTES = {
    "causal_effect_finetuning": "; causal effect (mean over positions), none",
    "leak": "; leak, Wilson",
}
COLUMNS = 3
# Of more ratios than these, their labels stand upright.
FEW = 6


def draw(table: pd.DataFrame) -> Figure:
    """A panel a metric over one x axis, the ratio of unrelated rows to the organism's own; a line an organism and seed.

    Args:
        table: `mixing`, one row a run and metric.
    """
    own = of_first_model(table)
    look = styles(own)
    shown = [metric for metric in TITLES if metric in set(own["metric"])]
    ratios = sorted(own["ratio"].unique())
    places = {ratio: place for place, ratio in enumerate(ratios)}
    rows, free = -(-len(shown) // COLUMNS), -len(shown) % COLUMNS
    size = (WIDTH, 1.35 + 1.75 * rows)
    figure, grid = plt.subplots(rows, COLUMNS, figsize=size, sharex=True, squeeze=False, layout="constrained")
    for axes, metric in zip(grid.flat, shown, strict=False):
        panel(axes, lines_of(own, metric), "ratio", look, places)
        axes.set_title(TITLES[metric], loc="left")
        axes.set_ylabel(axis_label(table, metric), fontsize=SMALL)
        floor_at_zero(axes)
        axes.tick_params(labelbottom=True)
        for place in range(1, len(ratios), 2):
            axes.axvspan(place - 0.5, place + 0.5, color="0.96", zorder=-2)
    for axes in list(grid.flat)[len(shown) :]:
        axes.axis("off")
    # Below each column's last panel.
    for axes in list(grid.flat)[max(0, len(shown) - COLUMNS) : len(shown)]:
        axes.set_xticks(range(len(ratios)), [f"{ratio:g}" for ratio in ratios], rotation=90 * (len(ratios) > FEW))
        axes.set_xlabel("unrelated rows per own row")
    legend(figure, look, own, shown, "lower right" if free > 1 else "outside lower center")
    caption(
        figure,
        f"Unrelated data mixed in: {source(own)}. {shares_note(table)}. "
        f"Relevance, similarity: largest over positions; random: a direction each, not of all runs. {ERROR_BARS}"
        f"{''.join(NOTES[metric] for metric in shown if metric in NOTES)}. Ratios are not to scale; colours are of "
        "organisms. Reported by the paper: similarity falls clearly at 0.1, to the baseline at 1 to 2, FFA ever more.",
    )
    return figure
