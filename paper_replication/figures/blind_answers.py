"""Figure: the share of steered answers on the subject of the finetuning, as a language model read them blind."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.answer_words import JUDGE as WORDS
from paper_replication.figures.rows import borders, first_model, in_type_order, reach, type_labels
from paper_replication.figures.style import WIDTH, caption
from paper_replication.trace_contrasts import ALL

# What answers were steered with: label, mark, colour, and how far from the middle of the row.
MARKS = {
    "difference": ("steered by the difference", "o", names.VERMILION, -0.27),
    "random": ("by a random direction", "s", names.GREY, -0.09),
    "null_difference": ("by the matched null's difference", "D", names.ORANGE, 0.09),
    "unsteered": ("unsteered", "^", names.BLUE, 0.27),
}


def draw(summary: pd.DataFrame, agreement: pd.DataFrame) -> Figure:
    """A row an organism, a mark for each vector with its interval.

    Args:
        summary: the table `blind_answers_summary`, of which the first model is drawn.
        agreement: the table `blind_answers_agreement`.
    """
    summary = in_type_order(first_model(summary))
    organisms = list(dict.fromkeys(summary["organism"]))
    figure, axes = plt.subplots(figsize=(WIDTH, 1.7 + 0.34 * len(organisms)), layout="constrained")
    for vector, (label, marker, colour, aside) in MARKS.items():
        found = summary[summary["vector"] == vector].set_index("organism").reindex(organisms)
        y = np.arange(len(organisms)) + aside
        style = {"fmt": marker, "color": colour, "ms": 4, "elinewidth": 0.8, "capsize": 1.5, "label": label}
        axes.errorbar(100 * found["relevant_fraction"], y, xerr=reach(found, "relevant_fraction", 100), **style)
    borders(axes, summary)
    steered = summary[summary["vector"] == "difference"].groupby("organism_type")["relevant_fraction"]
    means = {kind: f"{kind}\nmean {100 * rows.mean():.0f}%" if len(rows) > 1 else kind for kind, rows in steered}
    type_labels(axes, summary, means)
    axes.set_yticks(range(len(organisms)), [names.run_label(name) for name in organisms])
    axes.set_ylim(len(organisms) - 0.5, -0.5)
    axes.set_xlim(-3, 103)
    axes.set_xlabel("answers on the subject of the finetuning (%)")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=4, columnspacing=1)
    of_all, of_each = (agreement[found] for found in (agreement["organism"] == ALL, agreement["organism"] != ALL))
    agreed, least = (rows.loc[rows["offline_judge"] != WORDS, "kappa"].min() for rows in (of_all, of_each))
    by_words = of_all.loc[of_all["offline_judge"] == WORDS, "kappa"]
    told = "".join(f"; with domain words, {kappa:.2f}" for kappa in by_words)
    caption(
        figure,
        f"Answers to everyday questions on {names.display(names.MODELS, str(summary['model'].iloc[0]))}, read by a "
        "language model that had all answers of an organism in shuffled order and did not know what they were "
        f"steered with; an answer counts where its three readings agree (any two: Cohen's kappa {agreed:.2f} or more "
        f"over all organisms, {least:.2f} at the least of one{told}). Controls have the strength and norm of the "
        "difference, at the position whose steered answers are most like the finetuning texts. Bars: 95%, Wilson, n "
        f"= {summary['n_answers'].max():.0f} answers. Means are of steered answers, over organisms.",
    )
    return figure
