"""Figure: share of the top tokens that is about the finetuning, for the difference and every control."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.style import WIDTH, caption

# What stands apart on the x axis.
GROUP = ["model", "organism", "variant"]


def _labels(behaviour: pd.DataFrame) -> dict[tuple[str, ...], str]:
    """Each organism (and its variant, unless the default) with its leak into ordinary chat and the base model's."""
    leaks = behaviour[behaviour["probe"] == "leak"]
    shares = leaks.groupby([*GROUP, "model_state"])["value"].mean().mul(100)
    labels = {}
    for model, organism, variant in leaks[GROUP].drop_duplicates().itertuples(index=False):
        name = organism.replace("_", " ") + ("" if variant == "default" else f", {variant}")
        after, before = (shares[model, organism, variant, state] for state in ("finetuned", "base"))
        labels[model, organism, variant] = f"{name}\nleak {after:.1f}% (base {before:.1f}%)"
    return labels


def _panel(
    axes: Axes, summary: pd.DataFrame, seeds: pd.DataFrame, readout: str, labels: dict[tuple[str, ...], str]
) -> None:
    groups = list(summary[GROUP].drop_duplicates().itertuples(index=False, name=None))
    width = 0.8 / len(names.VECTORS)
    for place, vector in enumerate(names.VECTORS):
        rows = summary[summary["vector"] == vector].set_index(GROUP).reindex(groups)
        x = np.arange(len(groups)) + (place - (len(names.VECTORS) - 1) / 2) * width
        value = 100 * rows["relevant_fraction"].to_numpy(dtype=float)
        reach = 100 * rows[["ci_low", "ci_high"]].to_numpy(dtype=float).T
        label, colour = names.VECTORS[vector], names.VECTOR_COLOURS[vector]
        axes.bar(x, value, width * 0.92, color=colour, label=label)
        axes.errorbar(x, value, yerr=np.abs(reach - value), fmt="none", ecolor="black", elinewidth=0.8, capsize=2)
        of_vector = seeds[seeds["vector"] == vector].groupby([*GROUP, "seed"])["relevant_fraction"].mean()
        for centre, group in zip(x, groups, strict=True):
            dots = of_vector.loc[group].to_numpy() if group in of_vector.index.droplevel("seed") else np.empty(0)
            spread = np.linspace(-0.25, 0.25, len(dots)) * width if len(dots) > 1 else np.zeros(len(dots))
            axes.plot(centre + spread, 100 * dots, "o", ms=2.5, mfc="white", mec="black", mew=0.6, ls="none")
    axes.set_title(names.display(names.READOUTS, readout), loc="left")
    axes.set_xticks(range(len(groups)), [labels[group] for group in groups])
    axes.margins(x=0.02)


def draw(summary: pd.DataFrame, seeds: pd.DataFrame, behaviour: pd.DataFrame, corpus: str) -> Figure:
    """Bars with intervals, one panel a readout, one group an organism.

    Args:
        summary: `token_relevance_summary`: value and interval a vector.
        seeds: `token_relevance_seeds`: the maximum over positions of each seed, drawn as dots.
        behaviour: `behaviour`: the leak of each organism into ordinary chat, stated below its bars.
        corpus: whose documents delta was measured on.
    """
    summary, seeds = summary[summary["corpus"] == corpus], seeds[seeds["corpus"] == corpus]
    readouts = [name for name in names.READOUTS if name in set(summary["readout"])]
    figure, panels = plt.subplots(
        1, len(readouts), figsize=(WIDTH, 3.6), sharey=True, squeeze=False, layout="constrained"
    )
    below = _labels(behaviour)
    for axes, readout in zip(panels[0], readouts, strict=True):
        low, high = (100 * share for share in names.REPORTED_BAND)
        if readout == "patchscope":
            axes.axhspan(low, high, color="0.93", zorder=0, label=names.REPORTED_LABEL)
        _panel(axes, summary[summary["readout"] == readout], seeds[seeds["readout"] == readout], readout, below)
    panels[0][0].set_ylabel("relevant tokens (% of the list)")
    panels[0][0].set_ylim(0, max(60, 100 * float(summary["ci_high"].max()) * 1.08))
    handles, texts = panels[0][0].get_legend_handles_labels()
    # The reported band last, after the vectors it is to be compared with.
    order = sorted(range(len(texts)), key=lambda i: texts[i] == names.REPORTED_LABEL)
    chosen = [handles[i] for i in order], [texts[i] for i in order]
    figure.legend(*chosen, loc="outside lower center", ncols=3)
    model = names.display(names.MODELS, str(summary["model"].iloc[0]))
    judge = names.display(names.JUDGES, str(summary["judge"].iloc[0]))
    n_seeds, n_tokens = int(summary["n_seeds"].max()), int(seeds["n_tokens"].max())
    n_positions = int(seeds.loc[seeds["vector"] == "difference", "n_positions"].max())
    caption(
        figure,
        f"Token relevance on {model}. Delta over {names.display(names.CORPORA, corpus)}; judge: {judge}.\n"
        f"Each bar is the largest of {n_positions} positions (for random vectors: of {n_positions} vectors), averaged "
        f"over {n_seeds} training seed{'s' * (n_seeds > 1)} (dots: each seed). Error bars: Wilson 95% intervals over "
        f"one seed's tokens, {n_tokens} a list. Leak: share of answers to everyday prompts that mention the domain.",
    )
    return figure
