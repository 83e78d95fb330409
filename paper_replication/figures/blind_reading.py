"""Figure: relevance of the difference by the offline judge, and by a language model that read all tokens blind."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.blind_reading import JUDGE
from paper_replication.figures import marks
from paper_replication.figures.rows import borders, first_model, in_type_order, reach
from paper_replication.figures.style import WIDTH, caption
from paper_replication.trace_contrasts import ALL

# What is drawn: by whom, of which vector, its label and looks.
MARKS = {
    ("embedding_relevance", "difference"): ("difference (offline judge)", "o", names.VERMILION, 0.36),
    (JUDGE, "difference"): ("difference (language model)", "D", names.VERMILION, 0.21),
    (JUDGE, "null_difference"): ("matched null's difference (language model)", "s", names.ORANGE, 0.06),
    (JUDGE, "finetuned_mean"): ("finetuned mean (language model)", "<", names.VECTOR_COLOURS["finetuned_mean"], -0.09),
    (JUDGE, "base_mean"): ("base mean (language model)", ">", names.VECTOR_COLOURS["base_mean"], -0.22),
    (JUDGE, "random"): ("random vectors (language model)", "x", names.GREY, -0.36),
}
# Whose intervals are drawn: one list of tokens each, and none that is a control of controls.
WITH_INTERVAL = ("difference", "null_difference")


def agreement_told(agreement: pd.DataFrame) -> str:
    """Cohen's kappa of both judges over all organisms, and the least of two readings."""
    readings = agreement[agreement["llm_judge"] != JUDGE]
    of_all = readings["organism"] == ALL
    judges = agreement[(agreement["organism"] == ALL) & (agreement["llm_judge"] == JUDGE)].iloc[0]
    return (
        f"Cohen's kappa of both judges over all organisms, the twin too, is {judges['kappa']:.2f} "
        f"[{judges['ci_low']:.2f}, {judges['ci_high']:.2f}] (95%, bootstrap over organisms), of any two readings "
        f"{readings.loc[of_all, 'kappa'].min():.2f} or more, {readings.loc[~of_all, 'kappa'].min():.2f} at the least "
        "of one organism."
    )


def _panel(axes: Axes, rows: pd.DataFrame, organisms: list[str]) -> None:
    for (judge, vector), (label, marker, colour, aside) in MARKS.items():
        found = rows[(rows["judge"] == judge) & (rows["vector"] == vector)].set_index("organism").reindex(organisms)
        y = np.arange(len(organisms)) - aside
        style = {"fmt": marker, "color": colour, "ms": 3.4, "elinewidth": 0.8, "capsize": 1.5, "label": label}
        hollow = {} if judge == JUDGE else {"mfc": "white"}
        ends = reach(found, "relevant_fraction", 100) if vector in WITH_INTERVAL else None
        axes.errorbar(100 * found["relevant_fraction"], y, xerr=ends, **style | hollow)
    read = set(rows["organism"])
    for place in (number for number, name in enumerate(organisms) if name not in read):
        axes.text(2, place, "not read here", fontsize=6.5, color="0.4", va="center")
    axes.set_xlim(-3, 103)
    axes.set_xlabel("relevant tokens (%)")


def draw(summary: pd.DataFrame, agreement: pd.DataFrame, layer: float, order: list[str]) -> Figure:
    """One panel for the layer of analysis and one for the last block, a row an organism.

    Args:
        summary: the table `blind_reading_summary`, of which the first model is drawn.
        agreement: the table `blind_reading_agreement`.
        layer: the share of depth at which all other results are measured.
        order: of organisms, as the config lists them.
    """
    summary = first_model(summary)
    summary = in_type_order(summary.iloc[summary["organism"].map(order.index).argsort(kind="stable")])
    organisms = list(dict.fromkeys(summary["organism"]))
    panels = {"patchscope": f"{100 * layer:.0f}% of depth", "patchscope at 100% of depth": "last block"}
    size = (WIDTH, 2.3 + 0.38 * len(organisms))
    n = summary.loc[summary["vector"] == "difference", "n_tokens"].max()
    figure, axes = plt.subplots(1, 2, figsize=size, sharey=True, layout="constrained")
    for panel, (readout, title) in zip(axes, panels.items(), strict=True):
        _panel(panel, summary[summary["readout"] == readout], organisms)
        borders(panel, summary)
        # The paper's layer is that of analysis.
        if readout == "patchscope":
            counted = summary.loc[summary["organism_type"] != "control", "organism"].nunique()
            marks.reported_band(panel, "x", along=(-0.5, counted - 0.5))
        panel.set_title(f"Patchscope, {title}", loc="left")
    axes[0].set_yticks(range(len(organisms)), [names.run_label(name) for name in organisms])
    axes[0].set_ylim(len(organisms) - 0.5, -0.5)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, columnspacing=1)
    caption(
        figure,
        f"Tokens judged twice on {names.display(names.MODELS, str(summary['model'].iloc[0]))}: by the offline judge "
        "(sentence embedding), and by a language model that read the tokens of all vectors of an organism in one "
        "shuffled list, not knowing which came from where; a token counts where its three readings agree. Largest "
        "share over positions (random vectors: mean over sets of as many as there are positions); bars, of both "
        f"differences: 95%, Wilson, n = {n:.0f} tokens. The last block, chosen for this figure after other "
        "layers had been seen, is measured as the ablations are, among fewer scales and on fewer documents; means and "
        f"random vectors were not read there. {agreement_told(agreement)}",
    )
    return figure
