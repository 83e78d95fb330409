"""Figure: whether traces fall with the mixing ratio, as changes from no mixing with their interval over organisms."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.metrics import (
    CHANGE,
    FIRST_SEED,
    SHARES_CALLED,
    SMALL,
    Style,
    legend,
    mixed_in_told,
    of_first_model,
    reported_of_mixing,
    run_names,
    shares_note,
    styles,
)
from paper_replication.figures.rows import in_type_order, reach
from paper_replication.figures.style import WIDTH, caption
from paper_replication.mixing_contrasts import changes, of_organisms
from paper_replication.run_metrics import SHARES

# Of each metric: its title, the unit of its axis, and what values are multiplied by.
PANELS = {
    "relevance": ("Token relevance", "relevant tokens (points)", 100),
    "steered_minus_unsteered": ("Steered minus unsteered", "cosine difference", 1),
    "steered_minus_random": ("Steered minus random", "cosine difference", 1),
    CHANGE: ("Behaviour", "{} (points)", 100),
    "causal_effect_finetuning": ("Causal effect", "loss (nats per token)", 1),
    "delta_norm": ("Norm of delta", "norm (in activations' unit)", 1),
}
# Of which no organism has the marker.
MEAN = {"color": "black", "marker": "*", "ms": 6, "mew": 0.8, "ls": "none"}
BARS = {"elinewidth": 1.0, "capsize": 2.5, "zorder": 3}
# Of fewer organisms an interval would be wider than anything that is measured: they stand for themselves.
ENOUGH = 3
# Where the mean of a type stands and how it is filled: the first left of the organisms, the second right of them.
BESIDE, FACES = (-0.28, 0.28), ("black", "white")
# How far organisms reach to either side of the ratio.
HALF = 0.18


def draw(
    table: pd.DataFrame, contrasts: pd.DataFrame, mixed_in: dict[str, str], organisms: Sequence[str] = ()
) -> Figure:
    """A panel a metric: at every ratio each organism's change from ratio 0, and the mean of types that have enough.

    Args:
        table: `mixing`, one row a run and metric.
        contrasts: `mixing_contrasts` of the same runs.
        mixed_in: of each type what is mixed in.
        organisms: all there are, in the order in which they take colours and markers.
    """
    own, means = of_first_model(table), of_first_model(contrasts)
    means = in_type_order(means[means["n_organisms"] >= ENOUGH])
    # One marker an organism, that of its first seed, without a line.
    look = {
        run: style | {"ls": "none"} for run, style in styles(own, organisms).items() if style["lw"] == FIRST_SEED["lw"]
    }
    markers = {organism: style for (organism, _), style in look.items()}
    # An organism has its place beside a ratio, whichever others are there.
    asides = dict(zip(markers, np.linspace(-HALF, HALF, len(markers)), strict=True)) if len(markers) > 1 else {}
    changed = changes(own)
    ratios = sorted(changed["ratio"].unique())
    shown = [metric for metric in PANELS if metric in set(changed["metric"])]
    shares = [SHARES_CALLED[kind] for kind in SHARES.values() if kind in set(table["metric"])]
    figure, grid = plt.subplots(2, 3, figsize=(WIDTH, 4.9), sharex=True, squeeze=False, layout="constrained")
    for axes, metric in zip(grid.flat, shown, strict=False):
        title, unit, scale = PANELS[metric]
        mine, mean = changed[changed["metric"] == metric], means[means["metric"] == metric]
        _panel(axes, mine, markers, asides, ratios, scale)
        for number, kind in enumerate(means["organism_type"].unique()):
            _means(axes, mean[mean["organism_type"] == kind], number % len(FACES), ratios, scale)
        axes.set_title(title, loc="left")
        axes.set_ylabel(f"{unit.format(' or '.join(shares))}", fontsize=SMALL)
    for axes in list(grid.flat)[len(shown) :]:
        axes.axis("off")
    for axes in grid[-1]:
        axes.set_xticks(range(len(ratios)), [f"{ratio:g}" for ratio in ratios])
        axes.set_xlabel("unrelated rows per own row")
        axes.set_xlim(-0.5, len(ratios) - 0.5)
    legend(figure, run_names(look, own) | _mean_names(means))
    model = names.display(names.MODELS, str(own["model"].iloc[0]))
    judge = names.display(names.JUDGES, str(own.loc[own["metric"] == "relevance", "judge"].iloc[0]))
    types = ", ".join(means["organism_type"].unique())
    told = f"Stars: mean over the n organisms of a type ({types}; of {ENOUGH} or more), with Student's 95% interval"
    repeated = _seeds_note(changed)
    caption(
        figure,
        f"Change from no mixing, paired by organism and seed; mixed in: {mixed_in_told(mixed_in)}. {model}; judge: "
        f"{judge}. {shares_note(table)}. "
        f"One marker an organism{f': the mean of its seeds ({repeated})' if repeated else ''}. "
        "Cosines: to the organism's finetuning texts. "
        f"{told if types else f'No mean: fewer than {ENOUGH} organisms of each type'}. "
        f"{reported_of_mixing(table)}",
    )
    return figure


def _seeds_note(changed: pd.DataFrame) -> str:
    """How many seeds a marker is the mean of, and which organisms have fewer, everywhere or at some ratios."""
    seeds = changed.groupby(["organism", "ratio"], sort=False)["seed"].nunique().unstack()
    most = seeds.max(axis=None)
    if most == 1:
        return ""
    fewer = []
    for organism, counts in seeds[(seeds < most).any(axis=1)].iterrows():
        at = ", ".join(f"{ratio:g}" for ratio in counts.index[counts < most])
        fewer.append(names.run_label(str(organism)) + (f" at {at}" if counts.max() == most else ""))
    return f"{most:g}{'; fewer of ' if fewer else ''}{', '.join(fewer)}"


def _mean_names(means: pd.DataFrame) -> dict[str, Style]:
    """What a legend calls the mean of each type, with its n, or the least and most."""
    named: dict[str, Style] = {}
    for number, (kind, rows) in enumerate(means.groupby("organism_type", sort=False)):
        n = " to ".join(str(count) for count in sorted({rows["n_organisms"].min(), rows["n_organisms"].max()}))
        named[f"mean of {kind} (n = {n})"] = MEAN | {"mfc": FACES[number % len(FACES)]}
    return named


def _panel(
    axes: Axes,
    changed: pd.DataFrame,
    markers: dict[str, Style],
    asides: dict[str, float],
    ratios: list[float],
    scale: float,
) -> None:
    for place, ratio in enumerate(ratios):
        for organism, change in of_organisms(changed[changed["ratio"] == ratio]).items():
            axes.plot(place + asides.get(str(organism), 0), scale * change, **markers[str(organism)])
    # No change is always in sight.
    axes.axhline(0, color="0.8", lw=0.6, zorder=0)
    axes.margins(y=0.2)


def _means(axes: Axes, means: pd.DataFrame, number: int, ratios: list[float], scale: float) -> None:
    """The means of a type, by its number, with their intervals over organisms."""
    if means.empty:
        return
    places = [ratios.index(ratio) + BESIDE[number] for ratio in means["ratio"]]
    ends = reach(means, "change", scale)
    axes.errorbar(places, scale * means["change"], yerr=ends, **MEAN, **BARS, mfc=FACES[number])
