"""Figure: token relevance of several training seeds of a run, each a dot, for the difference and every control."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paper_replication import names
from paper_replication.figures import marks
from paper_replication.figures.ablations import MARKERS
from paper_replication.figures.style import WIDTH, caption
from paper_replication.statistics import wilson

# What stands apart on the y axis.
GROUP = ["model", "organism", "variant"]
Group = tuple[str, ...]
HEIGHT = 0.8 / len(names.VECTORS)
# Where axes end at the least, in percent: that of the Patchscope after the paper's band.
LIMITS = {"patchscope": 85, "logit_lens": 40}


def by_seed(seeds: pd.DataFrame) -> pd.DataFrame:
    """One row a run, readout, vector and seed, in percent; of random vectors, the mean over their sets."""
    keys = [*GROUP, "readout", "vector", "seed"]
    return seeds.groupby(keys, sort=False)["relevant_fraction"].mean().mul(100).rename("percent").reset_index()


def own_intervals(seeds: pd.DataFrame) -> str:
    """The Wilson 95% intervals of single seeds of the difference by Patchscope: of the least and of the largest."""
    dots = seeds[(seeds["vector"] == "difference") & (seeds["readout"] == "patchscope")]
    dots = dots.sort_values("relevant_fraction")
    told = []
    for row in (dots.iloc[0], dots.iloc[-1]):
        low, high = wilson(row["n_relevant"], row["n_tokens"])
        told.append(f"[{100 * low:.0f}, {100 * high:.0f}] at {100 * row['relevant_fraction']:.0f}%")
    return " and ".join(told)


def _panel(axes: Axes, dots: pd.DataFrame, groups: list[Group]) -> None:
    """A line of dots a vector with a stroke at their mean, one group a run."""
    for place, (vector, label) in enumerate(names.VECTORS.items()):
        colour = names.VECTOR_COLOURS[vector]
        for y, group in enumerate(groups):
            found = dots[(dots[GROUP] == list(group)).all(axis=1) & (dots["vector"] == vector)]
            height = y + (place - (len(names.VECTORS) - 1) / 2) * HEIGHT
            if found.empty:
                continue
            # In the base model's mean no training has a part.
            if vector == "base_mean" and found["percent"].nunique() == 1:
                found = found[:1]
            spread = height + np.linspace(-0.4, 0.4, len(found)) * HEIGHT * (len(found) > 1)
            shown = found.sort_values("seed").assign(height=spread)
            for number, row in enumerate(shown.to_dict("records")):
                style = {"marker": MARKERS[number % len(MARKERS)], "ms": 2.8, "ls": "", "clip_on": False, "zorder": 3}
                axes.plot(row["percent"], row["height"], color=colour, label="" if number else label, **style)
            ends = [height - 0.45 * HEIGHT, height + 0.45 * HEIGHT]
            axes.plot([found["percent"].mean()] * 2, ends, color=colour, lw=1.8, alpha=0.6, solid_capstyle="butt")
    for border in range(1, len(groups)):
        axes.axhline(border - 0.5, color="0.9", lw=0.6, zorder=0)


def draw(summary: pd.DataFrame, seeds: pd.DataFrame, labels: dict[Group, str], corpus: str) -> Figure:
    """A panel a readout and a group of lines a run: every seed as a dot, their mean as a stroke, no interval.

    Args:
        summary: `seeds_summary`, of one corpus and in the order of types: which runs are drawn.
        seeds: `seeds` of that corpus: the maximum over positions of each seed.
        labels: what each model, organism and variant is called.
        corpus: whose documents delta was measured on.
    """
    groups = list(summary[GROUP].drop_duplicates().itertuples(index=False, name=None))
    readouts = [name for name in names.READOUTS if name in set(summary["readout"])]
    dots = by_seed(seeds)
    limits = [max(LIMITS[name], 1.05 * dots.loc[dots["readout"] == name, "percent"].max()) for name in readouts]
    size = (WIDTH, 1.6 + 0.8 * len(groups))
    style = {"sharey": True, "squeeze": False, "layout": "constrained", "width_ratios": limits}
    figure, panels = plt.subplots(1, len(readouts), figsize=size, **style)
    for axes, readout, limit in zip(panels[0], readouts, limits, strict=True):
        _panel(axes, dots[dots["readout"] == readout], groups)
        if readout == "patchscope" and summary["judge"].iloc[0] != marks.NO_JUDGE:
            marks.reported_band(axes, "x")
        axes.set_title(names.display(names.READOUTS, readout), loc="left")
        axes.set_xlabel("relevant tokens (%)")
        # Marks at zero stand clear of the axis.
        axes.set_xlim(-2, limit)
    panels[0][0].set_yticks(range(len(groups)), [labels[group] for group in groups])
    panels[0][0].set_ylim(len(groups) - 0.5, -0.5)
    handles, texts = panels[0][0].get_legend_handles_labels()
    shown = dict(zip(texts, handles, strict=True))
    for number, seed in enumerate(sorted(dots["seed"].unique())):
        mark = {"marker": MARKERS[number % len(MARKERS)], "ms": 3.5, "ls": "", "color": "0.3"}
        shown[f"seed {seed}"] = Line2D([], [], **mark)
    figure.legend(shown.values(), shown.keys(), loc="outside lower center", ncols=3)
    model = " and ".join(names.display(names.MODELS, model) for model in summary["model"].unique())
    judge = names.display(names.JUDGES, str(summary["judge"].iloc[0]))
    positions = int(seeds.loc[seeds["vector"] == "difference", "n_positions"].max())
    told = "" if summary["judge"].iloc[0] == marks.NO_JUDGE else f"{marks.REPORTED_MEANS}. "
    caption(
        figure,
        f"Token relevance over training seeds on {model}. Delta over {names.display(names.CORPORA, corpus)}; judge: "
        f"{judge}. Marks: n = {int(summary['n_seeds'].max())} seeds, each the largest of {positions} positions (random "
        f"vectors: of {positions} vectors, mean over sets; base mean: the same for all, drawn once); strokes: their "
        "mean, without an interval. Marks' own "
        f"intervals (95%, Wilson, {int(seeds['n_tokens'].max())} tokens) are {own_intervals(seeds)}. "
        f"{told}Leak: share of answers to everyday prompts that mention the domain (n in the table of behaviour), mean "
        "over seeds.",
    )
    return figure
