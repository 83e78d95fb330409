"""Figure: at which rank each organism's own objective comes out, from ADL and from black-box evidence."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, ScalarFormatter
from matplotlib.transforms import ScaledTranslation

from paper_replication import names
from paper_replication.figures.style import WIDTH, caption

TICKS = (1, 2, 5, 10, 20, 40, 80, 160)
# From the smallest budget to the largest: hollow, pale, full.
SHADES = (0.0, 0.4, 1.0)


def _rows(runs: pd.DataFrame) -> list[tuple[str, str]]:
    """Runs that have a truth as (organism, variant), in the order of types; twins, being controls, come last."""
    shown = runs[runs["truth"].notna()].drop_duplicates(["organism", "variant"])
    order = shown["organism_type"].map(names.TYPES.index).argsort(kind="stable")
    return [tuple(pair) for pair in shown.iloc[order][["organism", "variant"]].to_numpy()]


def _shade(place: int, n: int) -> float:
    return SHADES[-1] if n == 1 else SHADES[round(place * (len(SHADES) - 1) / (n - 1))]


def _result(row: pd.Series) -> str:
    """What a budget's marks add up to, for the legend; interactions are as many as there was material for."""
    known = row["false_positive_rate"] == row["false_positive_rate"]
    rates = f"organisms {100 * row['found']:.0f}%, controls {100 * row['false_positive_rate']:.0f}%"
    return (
        f"{row['interactions']:.3g} interactions: first {100 * row['top_1']:.0f}%, "
        f"among the first five {100 * row['top_5']:.0f}%\n"
        f"found: {rates if known else 'too few controls to tell'}"
    )


def _panel(axes: Axes, runs: pd.DataFrame, summary: pd.DataFrame, rows: list[tuple[str, str]], agent: str) -> None:
    colour, budgets = names.AGENT_COLOURS[agent], sorted(runs["budget"].unique())
    step = 0.56 / max(1, len(budgets) - 1)
    for place, budget in enumerate(budgets):
        ranks = runs[runs["budget"] == budget].groupby(["organism", "variant"], sort=False)["rank"]
        offsets = [y - 0.28 * (len(budgets) > 1) + step * place for y in range(len(rows))]
        middle, low, high = (getattr(ranks, name)().reindex(rows) for name in ("median", "min", "max"))
        axes.hlines(offsets, low, high, color=colour, lw=0.9)
        counted = summary[(summary["budget"] == budget) & (summary["variant"] == "default")]
        label = "\n".join(_result(row) for _, row in counted.iterrows()) or f"{budget} interactions"
        face = (colour, _shade(place, len(budgets))) if _shade(place, len(budgets)) else "white"
        axes.plot(middle, offsets, "o", ms=4, mfc="white", mec="white", zorder=3)
        axes.plot(middle, offsets, "o", ms=4, mfc=face, mec=colour, mew=0.8, zorder=4, label=label)
    n = int(runs["n_candidates"].iloc[0])
    for place in range(1, len(rows)):
        axes.axhline(place - 0.5, color="0.9", lw=0.6, zorder=0)
    axes.axvspan(0.85, 5.45, color="0.95", zorder=-1)
    axes.axvline((n + 1) / 2, color="0.4", lw=0.9, ls="--", zorder=1)
    axes.text((n + 1) / 2, -0.62, "chance", fontsize=6.5, color="0.4", ha="center", va="bottom")
    axes.set_xscale("log")
    axes.set_xlim(0.85, 1.15 * n)
    axes.set_xticks([tick for tick in TICKS if tick <= n])
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(f"rank of the truth among {n} candidates")
    axes.set_title(names.display(names.AGENTS, agent).replace(" from ", "\nfrom "), loc="left", fontsize=8, pad=10)
    # Below the axis label by inches, however many lines the panel has.
    below = axes.transAxes + ScaledTranslation(-0.05, -0.42, axes.figure.dpi_scale_trans)
    place = {"loc": "upper left", "bbox_to_anchor": (0, 0), "bbox_transform": below, "borderaxespad": 0}
    axes.legend(**place, fontsize=6.5, handletextpad=0.1, borderpad=0)


def draw(runs: pd.DataFrame, summary: pd.DataFrame) -> Figure:
    """A panel for each kind of evidence, a line an organism, a mark a budget.

    Of several models, the first is drawn, and named; the table has them all.

    Args:
        runs: the table `closed_set`.
        summary: the table `closed_set_summary`.
    """
    model = str(runs["model"].iloc[0])
    runs, summary = runs[runs["model"] == model], summary[summary["model"] == model]
    rows, agents = _rows(runs), [agent for agent in names.AGENTS if agent in set(runs["agent"])]
    size = (WIDTH, 2.8 + 0.27 * len(rows))
    figure, panels = plt.subplots(1, len(agents), figsize=size, sharey=True, squeeze=False, layout="constrained")
    for axes, agent in zip(panels[0], agents, strict=True):
        _panel(axes, runs[runs["agent"] == agent], summary[summary["agent"] == agent], rows, agent)
    panels[0][0].set_yticks(range(len(rows)), [names.run_label(*row) for row in rows])
    panels[0][0].set_ylim(len(rows) - 0.4, -0.6)
    seeds = sorted(runs["seed"].unique())
    over = f"median and range of {len(seeds)} seeds" if len(seeds) > 1 else f"seed {seeds[0]}"
    level, counted = summary.iloc[0], int(summary["n_controls"].max())
    others = "other seeds" if level["threshold_from"] == "other seeds" else "the other controls"
    one_out = " (so one of them is found by construction)" if others == "the other controls" else ""
    method = names.display(names.METHODS, str(runs["method"].iloc[0]))
    caption(
        figure,
        f"What was {names.display(names.MODELS, model)} finetuned for? Candidate objectives ranked by {method}: no "
        f"language model reads the evidence, and nothing is graded. {over.capitalize()}; shaded: ranks 1 to 5; below, "
        f"shares of {int(level['n_organisms'])} organisms (true-fact twins are shown, not counted). Chance: first "
        f"{100 * level['chance_top_1']:.1f}%, among the first five {100 * level['chance_top_5']:.1f}%. Found: the best "
        f"score is above the best of every control without an objective; {counted} such controls, each against "
        f"{others}{one_out}: their share is the false-positive rate.",
    )
    return figure
