"""Figure: the share of steered answers on the subject of the finetuning, as a language model read them blind."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.answer_words import JUDGE as WORDS
from paper_replication.cross_steering import READOUT
from paper_replication.figures.rows import borders, first_model, in_type_order, reach, type_labels
from paper_replication.figures.style import WIDTH, caption
from paper_replication.trace_contrasts import ALL, paired_mean

# On which sheet answers were read, and what they were steered with: label, mark, colour. Hollow: other models answer.
MARKS = {
    ("answers", "difference"): ("steered by the difference", "o", names.VERMILION),
    (READOUT, "own_model"): ("the same, new answers", "x", names.VERMILION),
    (READOUT, "difference"): ("base model, by the difference", "o", names.VERMILION),
    (READOUT, "null_model"): ("the null's model, by the difference", "v", names.VERMILION),
    ("answers", "random"): ("by a random direction", "s", names.GREY),
    (READOUT, "random"): ("base model, by a random direction", "s", names.GREY),
    ("answers", "null_difference"): ("by the matched null's difference", "D", names.ORANGE),
    ("answers", "unsteered"): ("unsteered", "^", names.BLUE),
}
# Of which the means of a type are printed.
MEANS = {
    ("answers", "difference"): "mean",
    (READOUT, "own_model"): "anew",
    (READOUT, "difference"): "base model",
    (READOUT, "null_model"): "null's",
}
# What all others are compared with has stronger bars.
STRONG, WEAK = {"elinewidth": 0.9, "capsize": 1.5}, {"elinewidth": 0.5, "capsize": 0}


def _means(kind: str, rows: pd.DataFrame) -> str:
    """A type, and of several organisms the mean shares by the difference of their own models and of two others."""
    if rows["organism"].nunique() == 1:
        return kind
    lines = [kind]
    for (readout, vector), name in MEANS.items():
        chosen = rows[(rows["readout"] == readout) & (rows["vector"] == vector)]
        mean, low, high = paired_mean(100 * chosen["relevant_fraction"].to_numpy(dtype=float))
        lines.append(f"{name} {mean:.0f}% [{max(0, low):.0f}, {min(100, high):.0f}]")
    return "\n".join(lines)


def _agreed(sheets: pd.DataFrame) -> str:
    """The least kappa of two readings, over all organisms and of one, on each sheet."""
    of_all = sheets["organism"] == ALL
    least = [sheets[rows].groupby("readout", sort=False)["kappa"].min() for rows in (of_all, ~of_all)]
    told = [" and ".join(f"{kappa:.2f}" for kappa in found) for found in least]
    return f"any two, Cohen's kappa on the two sheets: over all {told[0]} or more, of single organisms {told[1]}"


def draw(summary: pd.DataFrame, agreement: pd.DataFrame, sheets: pd.DataFrame) -> Figure:
    """A row an organism, a mark for each vector with its interval.

    Args:
        summary: the table `blind_answers_summary`, of which the first model is drawn.
        agreement: the table `blind_answers_agreement`, by which domain words are told.
        sheets: the table `blind_answers_rules_agreement`: of two readings, sheet by sheet.
    """
    summary = in_type_order(first_model(summary))
    organisms = list(dict.fromkeys(summary["organism"]))
    figure, axes = plt.subplots(figsize=(WIDTH, 2 + 0.46 * len(organisms)), layout="constrained")
    asides = np.linspace(-0.38, 0.38, len(MARKS))
    for aside, ((readout, vector), (label, marker, colour)) in zip(asides, MARKS.items(), strict=True):
        rows = summary[(summary["readout"] == readout) & (summary["vector"] == vector)]
        found = rows.set_index("organism").reindex(organisms)
        y = np.arange(len(organisms)) + aside
        style = {"fmt": marker, "color": colour, "ms": 3, "label": label}
        style |= STRONG if colour == names.VERMILION else WEAK
        style |= {"markerfacecolor": "white"} if readout == READOUT else {}
        axes.errorbar(100 * found["relevant_fraction"], y, xerr=reach(found, "relevant_fraction", 100), **style)
    borders(axes, summary)
    type_labels(axes, summary, {kind: _means(kind, rows) for kind, rows in summary.groupby("organism_type")})
    axes.set_yticks(range(len(organisms)), [names.run_label(name) for name in organisms])
    axes.set_ylim(len(organisms) - 0.5, -0.5)
    axes.set_xlim(-3, 103)
    axes.set_xlabel("answers on the subject of the finetuning (%)")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, columnspacing=1)
    by_words = agreement.loc[(agreement["organism"] == ALL) & (agreement["offline_judge"] == WORDS), "kappa"]
    told = "".join(f"; with domain words, {kappa:.2f}" for kappa in by_words)
    caption(
        figure,
        f"Answers to everyday questions on {names.display(names.MODELS, str(summary['model'].iloc[0]))}, read by a "
        "language model that had them in shuffled order and did not know what they were steered with; an answer "
        f"counts where its three readings agree ({_agreed(sheets)}{told}). Controls have the strength and norm of the "
        "difference, at the position whose steered answers are most like the finetuning texts. Hollow: the base model "
        "and the null's, which were not finetuned on the subject, steered in the same way; read on a sheet of their "
        f'own, with new answers of the organism\'s model (crosses; "anew"). Bars: 95%, Wilson, n = '
        f"{summary['n_answers'].max():.0f} answers. Means are over organisms, by the difference, with Student's 95% "
        "interval, cut at 0 and 100%.",
    )
    return figure
