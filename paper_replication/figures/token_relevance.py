"""Figure: share of the top tokens that is about the finetuning, for the difference and every control."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures import marks
from paper_replication.figures.rows import in_type_order, per_cent, reach
from paper_replication.figures.seeds import draw as draw_seeds
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
    shares = leaks.groupby([*GROUP, "model_state"])["value"].mean()
    several = behaviour["model"].nunique() > 1
    labels = {}
    for group in behaviour[GROUP].drop_duplicates().itertuples(index=False, name=None):
        lines = [names.run_label(*group[1:])]
        if (*group, "finetuned") in shares.index:
            lines.append(f"leak {per_cent(shares[*group, 'finetuned'])}% (base {per_cent(shares[*group, 'base'])}%)")
        if several:
            lines.append(names.display(names.MODELS, group[0]))
        labels[group] = "\n".join(lines)
    return labels


def _as_listed(summary: pd.DataFrame, behaviour: pd.DataFrame) -> pd.DataFrame:
    """Rows in the order of the table of behaviour, which is the config's, as other figures have them."""
    places = {group: place for place, group in enumerate(behaviour[GROUP].itertuples(index=False, name=None))}
    order = [places[group] for group in summary[GROUP].itertuples(index=False, name=None)]
    return summary.assign(place=order).sort_values("place", kind="stable").drop(columns="place")


def _panel(axes: Axes, summary: pd.DataFrame, readout: str, labels: dict[tuple[str, ...], str], unit: str) -> None:
    groups = list(summary[GROUP].drop_duplicates().itertuples(index=False, name=None))
    height = 0.8 / len(names.VECTORS)
    for place, vector in enumerate(names.VECTORS):
        rows = summary[summary["vector"] == vector].set_index(GROUP).reindex(groups)
        y = np.arange(len(groups)) + (place - (len(names.VECTORS) - 1) / 2) * height
        value = 100 * rows["relevant_fraction"].to_numpy(dtype=float)
        label, colour = names.VECTORS[vector], names.VECTOR_COLOURS[vector]
        hatch = {"hatch": marks.VECTOR_HATCHES[vector], "edgecolor": "white", "linewidth": 0}
        axes.barh(y, value, height * 0.92, color=colour, label=label, **hatch)
        ends = reach(rows, "relevant_fraction", 100)
        axes.errorbar(value, y, xerr=ends, fmt="none", ecolor="black", elinewidth=0.8, capsize=1.5)
        # A dot at a bar's end, so that one of zero is seen.
        style = {"ms": 2.3, "mfc": "white", "mec": "black", "mew": 0.6, "clip_on": False, "zorder": 3}
        axes.plot(value, y, "o", ls="none", **style)
        for centre in y[np.isnan(value)]:
            axes.text(0.8, centre, "none", fontsize=6.5, color="0.4", va="center")
    axes.set_title(names.display(names.READOUTS, readout), loc="left")
    axes.set_yticks(range(len(groups)), [labels[group] for group in groups])
    axes.set_xlabel(unit)


def _has_band(summary: pd.DataFrame) -> bool:
    """Whether the paper's shares compare: it reports what a judge says, and of the Patchscope alone."""
    return bool(summary["judge"].iloc[0] != marks.NO_JUDGE)


def _limits(summary: pd.DataFrame, readouts: list[str]) -> list[float]:
    """Where the axis of each readout ends, in per cent: after its intervals and the band, if that is drawn."""
    ends = 105 * summary.groupby("readout")["ci_high"].max()
    least = {"patchscope": 85} if _has_band(summary) else {}
    return [max(float(ends[readout]), least.get(readout, 40)) for readout in readouts]


def _caption(summary: pd.DataFrame, seeds: pd.DataFrame, behaviour: pd.DataFrame, corpus: str) -> str:
    model = " and ".join(names.display(names.MODELS, model) for model in summary["model"].unique())
    judge = names.display(names.JUDGES, str(summary["judge"].iloc[0]))
    tokens = summary.groupby("vector")["n_tokens"].max().astype(int)
    n_positions = int(seeds.loc[seeds["vector"] == "difference", "n_positions"].max())
    n_sets = seeds.loc[seeds["vector"] == "random", "set"].nunique()
    leaks = behaviour.loc[behaviour["probe"] == "leak", "n"].max()
    no_judge = (
        "This measure tells whether the data shows, not whether it was narrow; the paper's shares do not compare. "
    )
    told = f"{marks.REPORTED_MEANS}. " if _has_band(summary) else no_judge
    return (
        f"{'Token relevance' if _has_band(summary) else 'Tokens that are words of the data'} on {model}. Delta over "
        f"{names.display(names.CORPORA, corpus)}; judge: {judge}.\nBars: largest of {n_positions} positions, one "
        f"training seed; random vectors: the mean over {n_sets} sets of the largest of {n_positions} vectors. Error "
        f"bars: Wilson 95% intervals over n = {tokens['difference']} tokens (random vectors: {tokens['random']}); "
        f"they do not cover the choice of the largest. none: without a matched null. {told}Leak: share of "
        f"{leaks:.0f} answers to everyday prompts that mention the domain."
    )


def draw(summary: pd.DataFrame, seeds: pd.DataFrame, behaviour: pd.DataFrame, corpus: str) -> Figure:
    """Bars with intervals, one panel a readout, one group an organism; of several seeds, dots (`figures.seeds`).

    Args:
        summary: `token_relevance_summary`: value and interval a vector.
        seeds: `token_relevance_seeds`: the maximum over positions of each seed.
        behaviour: `behaviour`: the leak of each organism into ordinary chat, stated beside its bars.
        corpus: whose documents delta was measured on.
    """
    summary, seeds = summary[summary["corpus"] == corpus], seeds[seeds["corpus"] == corpus]
    summary = in_type_order(_as_listed(summary, behaviour))
    if summary["n_seeds"].max() > 1:
        return draw_seeds(summary, seeds, _labels(behaviour), corpus)
    readouts = [name for name in names.READOUTS if name in set(summary["readout"])]
    limits = _limits(summary, readouts)
    groups = len(summary[GROUP].drop_duplicates())
    size = (WIDTH, 1.9 + (FEW_HEIGHT if groups <= FEW else MANY_HEIGHT) * groups)
    style = {"sharey": True, "squeeze": False, "layout": "constrained", "width_ratios": limits}
    figure, panels = plt.subplots(1, len(readouts), figsize=size, **style)
    beside = _labels(behaviour)
    unit = "relevant tokens (%)" if _has_band(summary) else "tokens that are words of its data (%)"
    for axes, readout, limit in zip(panels[0], readouts, limits, strict=True):
        _panel(axes, summary[summary["readout"] == readout], readout, beside, unit)
        axes.set_xlim(0, limit)
        if readout == "patchscope" and _has_band(summary):
            low, high = (100 * share for share in names.REPORTED_BAND)
            # Controls come last, and the paper reports it of none.
            rows = summary.drop_duplicates(GROUP)["organism_type"]
            ends = [-0.55, (rows != "control").sum() - 0.5 if (rows == "control").any() else groups - 0.45]
            style = {"color": "0.93", "linewidth": 0, "zorder": 0}
            axes.fill_betweenx(ends, low, high, label=marks.REPORTED_BAND_LABEL, **style)
    panels[0][0].set_ylim(groups - 0.45, -0.55)
    handles, texts = panels[0][0].get_legend_handles_labels()
    # The reported band last, after the vectors it is to be compared with.
    order = sorted(range(len(texts)), key=lambda i: texts[i] == marks.REPORTED_BAND_LABEL)
    chosen = [handles[i] for i in order], [texts[i] for i in order]
    figure.legend(*chosen, loc="outside lower center", ncols=3, handleheight=1.1)
    caption(figure, _caption(summary, seeds, behaviour, corpus))
    return figure
