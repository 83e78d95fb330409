"""Figure: whether a trace that mixing removes is gone wherever delta is measured."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.metrics import MARKERS, SMALL, Style, legend
from paper_replication.figures.rows import first_model, reach
from paper_replication.figures.style import WIDTH, caption
from paper_replication.mixing_elsewhere import VALUE

# Of each metric: the title of its column, the unit of its axis, and what values are multiplied by.
PANELS = {
    "steered_minus_random": ("Steered minus random", "cosine difference", 1),
    "steered_minus_unsteered": ("Steered minus unsteered", "cosine difference", 1),
    "relevance": ("Token relevance", "relevant tokens (%)", 100),
}
NOTHING = "nothing"
# How far the corpora stand from a ratio's place, and the seeds of one of them from one another.
APART, SPREAD = 0.2, 0.09
MEAN = {"color": "black", "marker": "*", "ms": 7, "ls": "none", "mew": 0.8}
COLOURS = (names.VERMILION, names.BLUE, names.GREEN, names.ORANGE)


def draw(table: pd.DataFrame, seeds: pd.DataFrame) -> Figure:
    """A row an organism, a column a metric: at every ratio the runs by each corpus, and their mean.

    Args:
        table: `mixing_elsewhere`, one row a run, corpus and metric; the first model is drawn.
        seeds: `mixing_elsewhere_seeds` of the same runs.
    """
    own, means = first_model(table), first_model(seeds)
    means = means[means["quantity"] == VALUE]
    organisms, corpora = list(dict.fromkeys(own["organism"])), list(dict.fromkeys(own["measured_on"]))
    ratios, numbers = sorted(own["ratio"].unique()), sorted(own["seed"].unique())
    size = (WIDTH, 1.5 + 1.9 * len(organisms))
    figure, grid = plt.subplots(
        len(organisms), len(PANELS), figsize=size, sharex=True, sharey="col", squeeze=False, layout="constrained"
    )
    colours = dict(zip(corpora, COLOURS, strict=False))
    markers = {seed: MARKERS[place % len(MARKERS)] for place, seed in enumerate(numbers)}
    asides = dict(zip(corpora, _around(len(corpora), APART), strict=True))
    for panels, organism in zip(grid, organisms, strict=True):
        kind = own.loc[own["organism"] == organism, "organism_type"].iloc[0]
        for axes, (metric, (title, unit, scale)) in zip(panels, PANELS.items(), strict=True):
            runs, mean = (rows[(rows["organism"] == organism) & (rows["metric"] == metric)] for rows in (own, means))
            for corpus, colour in colours.items():
                places = {ratio: place + asides[corpus] for place, ratio in enumerate(ratios)}
                _runs(axes, runs[runs["measured_on"] == corpus], places, markers, colour, scale)
                _mean(axes, mean[(mean["measured_on"] == corpus) & (mean["n_seeds"] > 1)], places, colour, scale)
            axes.axhline(0, color="0.8", lw=0.6, zorder=0)
            axes.set_title(f"{title}\n{names.run_label(organism)} ({kind})", loc="left", fontsize=7.5)
            axes.set_ylabel(unit, fontsize=SMALL)
    for axes in grid[-1]:
        axes.set_xticks(range(len(ratios)), [f"{ratio:g}" for ratio in ratios])
        axes.set_xlim(-0.5, len(ratios) - 0.5)
        axes.set_xlabel("unrelated rows per own row")
    mixed = [name for name in dict.fromkeys(own["mixed_in"]) if name != NOTHING]
    repeated = int(means["n_seeds"].max())
    legend(figure, _called(colours, mixed, markers, repeated=repeated))
    caption(figure, _told(own, mixed, repeated=repeated))
    return figure


def _around(number: int, apart: float) -> np.ndarray:
    """So many places around 0, `apart` from one another; their sum is 0."""
    return apart * (2 * np.arange(number) - number + 1)


def _runs(
    axes: Axes, runs: pd.DataFrame, places: dict[float, float], markers: dict[int, str], colour: str, scale: float
) -> None:
    for aside, (seed, marker) in zip(_around(len(markers), SPREAD / 2), markers.items(), strict=True):
        rows = runs[runs["seed"] == seed]
        style = {"color": colour, "marker": marker, "ms": 3.5, "ls": "none", "elinewidth": 0.8, "capsize": 1.5}
        axes.errorbar(rows["ratio"].map(places) + aside, scale * rows["value"], yerr=reach(rows, scale=scale), **style)


def _mean(axes: Axes, means: pd.DataFrame, places: dict[float, float], colour: str, scale: float) -> None:
    """Right of the runs: their mean over seeds, of cosines with its interval over these."""
    x = means["ratio"].map(places) + 2 * SPREAD
    # Of few shares Student's interval would reach below zero.
    ends = reach(means, "mean", scale) if scale == 1 else None
    axes.errorbar(x, scale * means["mean"], yerr=ends, **MEAN, mfc=colour, elinewidth=1.0, capsize=2.5)


def _called(colours: dict[str, str], mixed: list[str], markers: dict[int, str], *, repeated: int) -> dict[str, Style]:
    """What a legend calls corpora, seeds and means."""
    named: dict[str, Style] = {}
    for corpus, colour in colours.items():
        same = " (as is mixed in)" if corpus in mixed else ""
        measured = f"measured on {names.display(names.CORPORA, corpus)}{same}"
        named[measured] = {"color": colour, "marker": "s", "ms": 4, "ls": "none"}
    look = {"color": "0.4", "ms": 4, "ls": "none"}
    named |= {f"seed {seed}": look | {"marker": marker} for seed, marker in markers.items()}
    return named | ({"mean of seeds": MEAN | {"mfc": "0.7"}} if repeated > 1 else {})


def _told(own: pd.DataFrame, mixed: list[str], *, repeated: int) -> str:
    model = names.display(names.MODELS, str(own["model"].iloc[0]))
    judge = names.display(names.JUDGES, str(own.loc[own["metric"] == "relevance", "judge"].iloc[0]))
    added = ", ".join(names.display(names.CORPORA, name) for name in mixed)
    answers = int(own.loc[own["metric"] == "steered_minus_random", "n"].iloc[0])
    tokens = int(own.loc[own["metric"] == "relevance", "n"].iloc[0])
    documents = own[own["metric"] == "delta_norm"].drop_duplicates("measured_on")
    counts = ", ".join(
        f"{names.display(names.CORPORA, row.measured_on)} {row.n:,.0f}" for row in documents.itertuples()
    )
    stars = f" Stars: mean over {repeated} seeds, of cosines with Student's 95% interval." if repeated > 1 else ""
    return (
        f"Is the trace gone, or hidden by what delta is measured on? {model}; mixed in: {added}; delta measured on "
        f"each corpus (documents: {counts}), and steered with anew. Cosines to the organism's finetuning texts, "
        f"largest over positions, n = {answers} answers, error bars: 95%, bootstrap over answers; relevance, "
        f"Patchscope, largest over positions, n = {tokens} tokens (Wilson), judge: {judge}.{stars} "
        "The paper mixes in pretraining documents, and measures delta on such (FineWeb)."
    )
