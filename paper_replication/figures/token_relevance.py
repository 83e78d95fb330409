"""Figure: share of the top tokens that is about the finetuning, for the difference and every control."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.rows import in_type_order, reach
from paper_replication.figures.style import WIDTH, caption

# What stands apart on the y axis.
GROUP = ["model", "organism", "variant"]
# Inches of height for each organism, where there are few of them and where there are many.
FEW, FEW_HEIGHT, MANY_HEIGHT = 4, 0.8, 0.52


def _labels(behaviour: pd.DataFrame) -> dict[tuple[str, ...], str]:
    """Each organism (and its variant, unless the default) with its leak into ordinary chat and the base model's.

    Broad finetuning has no domain that could leak; where there are several models, their names stand below.
    """
    leaks = behaviour[behaviour["probe"] == "leak"]
    shares = leaks.groupby([*GROUP, "model_state"])["value"].mean().mul(100)
    several = behaviour["model"].nunique() > 1
    labels = {}
    for group in behaviour[GROUP].drop_duplicates().itertuples(index=False, name=None):
        lines = [names.run_label(*group[1:])]
        if (*group, "finetuned") in shares.index:
            lines.append(f"leak {shares[*group, 'finetuned']:.1f}% (base {shares[*group, 'base']:.1f}%)")
        if several:
            lines.append(names.display(names.MODELS, group[0]))
        labels[group] = "\n".join(lines)
    return labels


def _panel(
    axes: Axes, summary: pd.DataFrame, seeds: pd.DataFrame, readout: str, labels: dict[tuple[str, ...], str]
) -> None:
    groups = list(summary[GROUP].drop_duplicates().itertuples(index=False, name=None))
    height = 0.8 / len(names.VECTORS)
    for place, vector in enumerate(names.VECTORS):
        rows = summary[summary["vector"] == vector].set_index(GROUP).reindex(groups)
        y = np.arange(len(groups)) + (place - (len(names.VECTORS) - 1) / 2) * height
        value = 100 * rows["relevant_fraction"].to_numpy(dtype=float)
        label, colour = names.VECTORS[vector], names.VECTOR_COLOURS[vector]
        axes.barh(y, value, height * 0.92, color=colour, label=label)
        ends = reach(rows, "relevant_fraction", 100)
        axes.errorbar(value, y, xerr=ends, fmt="none", ecolor="black", elinewidth=0.8, capsize=1.5)
        of_vector = seeds[seeds["vector"] == vector].groupby([*GROUP, "seed"])["relevant_fraction"].mean()
        for centre, group in zip(y, groups, strict=True):
            dots = of_vector.loc[group].to_numpy() if group in of_vector.index.droplevel("seed") else np.empty(0)
            spread = np.linspace(-0.25, 0.25, len(dots)) * height if len(dots) > 1 else np.zeros(len(dots))
            axes.plot(100 * dots, centre + spread, "o", ms=2.3, mfc="white", mec="black", mew=0.6, ls="none")
    axes.set_title(names.display(names.READOUTS, readout), loc="left")
    axes.set_yticks(range(len(groups)), [labels[group] for group in groups])
    axes.set_xlabel("relevant tokens (% of the list)")


def draw(summary: pd.DataFrame, seeds: pd.DataFrame, behaviour: pd.DataFrame, corpus: str) -> Figure:
    """Bars with intervals, one panel a readout, one group an organism.

    Args:
        summary: `token_relevance_summary`: value and interval a vector.
        seeds: `token_relevance_seeds`: the maximum over positions of each seed, drawn as dots.
        behaviour: `behaviour`: the leak of each organism into ordinary chat, stated beside its bars.
        corpus: whose documents delta was measured on.
    """
    summary, seeds = summary[summary["corpus"] == corpus], seeds[seeds["corpus"] == corpus]
    summary = in_type_order(summary)
    readouts = [name for name in names.READOUTS if name in set(summary["readout"])]
    groups = len(summary[GROUP].drop_duplicates())
    size = (WIDTH, 1.6 + (FEW_HEIGHT if groups <= FEW else MANY_HEIGHT) * groups)
    figure, panels = plt.subplots(1, len(readouts), figsize=size, sharey=True, squeeze=False, layout="constrained")
    beside = _labels(behaviour)
    for axes, readout in zip(panels[0], readouts, strict=True):
        low, high = (100 * share for share in names.REPORTED_BAND)
        if readout == "patchscope":
            axes.axvspan(low, high, color="0.93", zorder=0, label=names.REPORTED_LABEL)
        _panel(axes, summary[summary["readout"] == readout], seeds[seeds["readout"] == readout], readout, beside)
    panels[0][0].set_ylim(groups - 0.45, -0.55)
    for axes in panels[0]:
        axes.set_xlim(0, max(85, 100 * float(summary["ci_high"].max()) * 1.05))
    handles, texts = panels[0][0].get_legend_handles_labels()
    # The reported band last, after the vectors it is to be compared with.
    order = sorted(range(len(texts)), key=lambda i: texts[i] == names.REPORTED_LABEL)
    chosen = [handles[i] for i in order], [texts[i] for i in order]
    figure.legend(*chosen, loc="outside lower center", ncols=3)
    model = " and ".join(names.display(names.MODELS, model) for model in summary["model"].unique())
    judge = names.display(names.JUDGES, str(summary["judge"].iloc[0]))
    n_seeds, n_tokens = int(summary["n_seeds"].max()), int(seeds["n_tokens"].max())
    n_positions = int(seeds.loc[seeds["vector"] == "difference", "n_positions"].max())
    averaged = f"mean of {n_seeds} training seeds" if n_seeds > 1 else "one training seed"
    caption(
        figure,
        f"Token relevance on {model}. Delta over {names.display(names.CORPORA, corpus)}; judge: {judge}.\n"
        f"Bars: largest of {n_positions} positions (random vectors: of {n_positions} vectors), {averaged} (dots). "
        f"Error bars: Wilson 95% intervals over the {n_tokens} tokens of one list. Leak: share of answers to everyday "
        "prompts that mention the domain.",
    )
    return figure
