"""Figure: what mixing in unrelated data does to the traces, to what is learnt, and to the difference's part in it."""

import textwrap

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.metrics import (
    ASIDE,
    BASE,
    CHANGE,
    DASHES,
    ERROR_BARS,
    REFERENCE_OF,
    SMALL,
    Lines,
    Style,
    axis_label,
    legend,
    lines_of,
    mixed_in_told,
    of_first_model,
    references,
    reported_of_mixing,
    seed_styles,
    shares_note,
    source,
)
from paper_replication.figures.rows import reach
from paper_replication.figures.style import WIDTH, caption

METRICS = (
    "relevance",
    "steered_ft",
    "steered_minus_random",
    CHANGE,
    "leak",
    "causal_effect_finetuning",
    "delta_norm",
)
NOTES = {
    "causal_effect_finetuning": "; change of own loss (causal effect, mean over positions), none",
    "leak": "; leak, Wilson",
}
CHARACTERS, HIGH = 90, 1.1  # that the titles of columns have room for beside one another; inches of a row
# Of more ratios or more columns than these, labels of ratios stand upright.
FEW = 6


def draw(table: pd.DataFrame, mixed_in: dict[str, str]) -> Figure:
    """A column an organism, a row a metric: a line a seed over the ratio of unrelated rows to the organism's own.

    Args:
        table: `mixing`, one row a run and metric.
        mixed_in: of each type what is mixed in.
    """
    own = of_first_model(table)
    types = own.drop_duplicates("organism").set_index("organism")["organism_type"]
    look = seed_styles(own)
    shown = [metric for metric in METRICS if metric in set(own["metric"])]
    ratios = sorted(own["ratio"].unique())
    places = {ratio: place for place, ratio in enumerate(ratios)}
    size = (WIDTH, 1.6 + HIGH * len(shown))
    figure, grid = plt.subplots(
        len(shown), len(types), figsize=size, sharex=True, sharey="row", squeeze=False, layout="constrained"
    )
    for panels, metric in zip(grid, shown, strict=True):
        lines = lines_of(own, metric)
        for axes, (organism, kind) in zip(panels, types.items(), strict=True):
            mine = Lines(*(rows[rows["organism"] == organism] for rows in lines))
            _panel(axes, mine, look, names.TYPE_COLOURS[kind], places)
            axes.axhline(0, color="0.8", lw=0.6, zorder=0)
        # On common axes, so once all is drawn: what is left of shares and norms can be seen.
        panels[0].set_ylim(bottom=min(0.0, panels[0].get_ylim()[0]))
        panels[0].set_ylabel(axis_label(table, metric), fontsize=SMALL)
    narrow = CHARACTERS // max(FEW, len(types))
    for axes, (organism, kind) in zip(grid[0], types.items(), strict=True):
        axes.set_title(textwrap.fill(f"{names.run_label(str(organism))} ({kind})", narrow), loc="left", fontsize=8)
    upright = 90 * (max(len(ratios), len(types)) > FEW)
    for axes in grid[-1]:
        axes.set_xticks(range(len(ratios)), [f"{r:g}" for r in ratios], rotation=upright, fontsize=SMALL)
        axes.set_xlim(-0.4, len(ratios) - 0.6)
        axes.set_xlabel("unrelated rows\nper own row", fontsize=SMALL)
    figure.align_ylabels(grid[:, 0])
    seeds = {f"seed {seed}": style | {"color": "0.3"} for seed, style in look.items()}
    legend(figure, seeds | references(shown, DASHES))
    caption(
        figure,
        f"Mixed in: {mixed_in_told(mixed_in)}. {source(own)}. {shares_note(table)}. "
        f"Relevance, similarity: largest over positions; random: one direction a position. {ERROR_BARS}"
        f"{''.join(NOTES[metric] for metric in shown if metric in NOTES)}. Ratios are not to scale, and were not run "
        f"where there is no mark; colours: types. {reported_of_mixing(table)}",
    )
    return figure


def _panel(axes: Axes, lines: Lines, look: dict[int, Style], colour: str, places: dict[float, int]) -> None:
    """A line with intervals a seed and a broken one of its reference, a little aside of one another."""
    if lines.measured.empty:
        style = {"ha": "center", "va": "center", "fontsize": SMALL, "color": "0.4", "transform": axes.transAxes}
        axes.text(0.5, 0.5, "not\nmeasured", **style)
    measured_with = [seed for seed in look if seed in set(lines.measured["seed"])]
    for number, seed in enumerate(measured_with):
        style = look[seed]
        measured, reference = (rows[rows["seed"] == seed].sort_values("ratio") for rows in lines)
        aside = ASIDE * (2 * number - len(measured_with) + 1)
        x = measured["ratio"].map(places) + aside
        bars = {"elinewidth": 0.8, "capsize": 1.5, "color": colour}
        axes.errorbar(x, measured["value"], yerr=reach(measured), **style | bars)
        called = REFERENCE_OF.get(str(measured["metric"].iloc[0]))
        # The base model is the same for every seed.
        if called and not reference.empty and not (called == BASE and number):
            dashes = DASHES[called]
            x = reference["ratio"].map(places) + aside
            axes.plot(x, reference["value"], zorder=1, **dashes)
