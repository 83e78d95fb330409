"""Figure: the share of steered answers on the subject of the finetuning, as a language model read them blind."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.answer_words import JUDGE as WORDS
from paper_replication.cross_steering import READOUT
from paper_replication.figures.rows import borders, first_model, in_type_order, reach, type_labels
from paper_replication.figures.style import WIDTH, caption
from paper_replication.trace_contrasts import ALL, paired_mean

# Who answers, and by which vector, on which sheet: label, mark, colour. Hollow where another model answers.
PANELS = {
    "the organism's own model": {
        ("answers", "difference"): ("by the difference", "o", names.VERMILION),
        (READOUT, "own_model"): ("the same, answered anew", "x", names.VERMILION),
        ("answers", "random"): ("by a random direction", "s", names.GREY),
        ("answers", "null_difference"): ("by its null's difference", "D", names.ORANGE),
        ("answers", "unsteered"): ("unsteered", "^", names.BLUE),
    },
    "models that never learnt the subject": {
        (READOUT, "difference"): ("base model, by the difference", "o", names.VERMILION),
        (READOUT, "null_model"): ("null's model, by the difference", "v", names.VERMILION),
        (READOUT, "random"): ("base model, by a random direction", "s", names.GREY),
    },
}
# Of which the means of a type are printed.
MEANS = {
    ("answers", "difference"): "own model",
    (READOUT, "difference"): "base model",
    (READOUT, "null_model"): "null's model",
}
# Of fewer organisms an interval over them says nothing.
ENOUGH = 5
# What all others are compared with has stronger bars.
STRONG, WEAK = {"elinewidth": 0.9, "capsize": 1.5}, {"elinewidth": 0.5, "capsize": 0}


def _means(kind: str, rows: pd.DataFrame) -> str:
    """A type, and of several organisms the mean shares by the difference of their own models and of two others."""
    if rows["organism"].nunique() == 1:
        return kind
    lines = [kind]
    for (readout, vector), name in MEANS.items():
        shares = 100 * rows[(rows["readout"] == readout) & (rows["vector"] == vector)]["relevant_fraction"]
        mean, low, high = paired_mean(shares.to_numpy(dtype=float))
        interval = f" [{max(0, low):.0f}, {min(100, high):.0f}]" if len(shares) >= ENOUGH else ""
        lines.append(f"{name} {mean:.0f}%{interval}")
    return "\n".join(lines)


def _agreed(sheets: pd.DataFrame) -> str:
    """The least kappa of two readings, over all organisms and of one, on each sheet."""
    of_all = sheets["organism"] == ALL
    least = [sheets[rows].groupby("readout", sort=False)["kappa"].min() for rows in (of_all, ~of_all)]
    told = [" and ".join(f"{kappa:.2f}" for kappa in found) for found in least]
    return f"any two, Cohen's kappa on the two sheets: over all {told[0]} or more, of single organisms {told[1]}"


def _marks(axes: Axes, marks: dict[tuple[str, str], tuple[str, str, str]], summary: pd.DataFrame) -> None:
    """A row an organism; a mark, with its interval, of each vector that the panel has."""
    organisms = list(dict.fromkeys(summary["organism"]))
    asides = np.linspace(-0.3, 0.3, len(marks))
    for aside, ((readout, vector), (label, marker, colour)) in zip(asides, marks.items(), strict=True):
        rows = summary[(summary["readout"] == readout) & (summary["vector"] == vector)]
        found = rows.set_index("organism").reindex(organisms)
        style = {"fmt": marker, "color": colour, "ms": 3.2, "label": label}
        style |= STRONG if colour == names.VERMILION else WEAK
        style |= {"markerfacecolor": "white"} if readout == READOUT else {}
        bars = reach(found, "relevant_fraction", 100)
        axes.errorbar(100 * found["relevant_fraction"], np.arange(len(organisms)) + aside, xerr=bars, **style)
    borders(axes, summary)
    axes.set_yticks(range(len(organisms)), [names.run_label(name) for name in organisms])
    axes.set_ylim(len(organisms) - 0.5, -0.5)
    axes.set_xlim(-3, 103)


def draw(summary: pd.DataFrame, agreement: pd.DataFrame, sheets: pd.DataFrame) -> Figure:
    """A row an organism: on the left what its own model answers, on the right what two others do.

    Args:
        summary: the table `blind_answers_summary`, of which the first model is drawn.
        agreement: the table `blind_answers_agreement`, by which domain words are told.
        sheets: the table `blind_answers_rules_agreement`: of two readings, sheet by sheet.
    """
    summary = in_type_order(first_model(summary))
    height = 2.4 + 0.36 * summary["organism"].nunique()
    figure, panels = plt.subplots(1, len(PANELS), figsize=(WIDTH, height), sharey=True, layout="constrained")
    for axes, (title, marks) in zip(panels, PANELS.items(), strict=True):
        _marks(axes, marks, summary)
        axes.set_title(title, loc="left")
        axes.set_xlabel("answers on the subject (%)")
        place = {"loc": "upper left", "bbox_to_anchor": (0, -0.1), "borderaxespad": 0}
        axes.legend(*axes.get_legend_handles_labels(), **place)
    type_labels(panels[-1], summary, {kind: _means(kind, rows) for kind, rows in summary.groupby("organism_type")})
    by_words = agreement.loc[(agreement["organism"] == ALL) & (agreement["offline_judge"] == WORDS), "kappa"]
    told = "".join(f"; with domain words, {kappa:.2f}" for kappa in by_words)
    caption(
        figure,
        f"Everyday questions answered by {names.display(names.MODELS, str(summary['model'].iloc[0]))}, finetuned and "
        "steered. A language model read the answers in shuffled order, not knowing what they were steered with; an "
        f"answer counts where its three readings agree ({_agreed(sheets)}{told}). Control vectors have the "
        "difference's norm and strength, at the position at which the difference's answers are most like the "
        "finetuning texts. Answers of the other models, and own ones anew, were read on a sheet of their own. Bars: "
        f"95%, Wilson, n = {summary['n_answers'].max():.0f} answers. At the right: means over a type's organisms by "
        f"the difference, of {ENOUGH} or more with Student's 95% interval over them, cut at 0 and 100%.",
    )
    return figure
