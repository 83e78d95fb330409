"""Figure: what mixing in unrelated data does to the traces, to what is learnt, and to the difference's part in it."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.metrics import (
    ERROR_BARS,
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
    "ffa": "Behaviour",
    "delta_norm": "Norm of delta",
    "causal_effect_finetuning": "Causal effect",
    "leak": "Leak into chat",
}
NOTES = {
    "causal_effect_finetuning": "Causal effect: change of loss on the finetuning data where the difference's component "
    "is the base model's, mean over positions, bootstrap over texts. ",
    "leak": "Leak: share of everyday answers that mention the domain, Wilson. ",
}


def draw(table: pd.DataFrame) -> Figure:
    """A panel a metric over one x axis, the ratio of unrelated rows to the organism's own; one line an organism.

    Args:
        table: `mixing`, one row a run and metric.
    """
    own = of_first_model(table)
    look = styles(own)
    shown = [metric for metric in TITLES if metric in set(own["metric"])]
    rows = -(-len(shown) // 3)
    size = (WIDTH, 1.35 + 1.75 * rows)
    figure, grid = plt.subplots(rows, 3, figsize=size, sharex=True, squeeze=False, layout="constrained")
    for axes, metric in zip(grid.flat, shown, strict=False):
        panel(axes, lines_of(own, metric, ["ratio"]), "ratio", look)
        axes.set_title(TITLES[metric], loc="left")
        axes.set_ylabel(names.METRICS[metric], fontsize=7)
        floor_at_zero(axes)
        axes.axhline(0, color="0.6", lw=0.6, zorder=0)
    for axes in list(grid.flat)[len(shown) :]:
        axes.axis("off")
    for axes in grid[-1]:
        axes.set_xlabel("mixing ratio")
    legend(figure, look, own)
    caption(
        figure,
        f"Unrelated data mixed into the finetuning data: {source(own)}. Mixing ratio: unrelated rows (documents to "
        "documents, ordinary conversations to conversations) to one of the organism's own, which are all there at "
        "every ratio. Relevance and similarity: largest over positions; norm: mean over positions but 0. "
        f"{shares_note(table)}. {''.join(NOTES[metric] for metric in shown if metric in NOTES)}{ERROR_BARS}. Reported "
        "by the paper, in words: similarity clearly lower at 0.1, near baseline at 1, baseline at 2; FFA slightly, "
        "moderately, markedly lower.",
    )
    return figure
