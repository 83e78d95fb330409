"""Figure: how traces and behaviour depend on how much is finetuned, one row a recipe."""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.metrics import (
    ASIDE,
    BASE,
    CHANGE,
    ERROR_BARS,
    REFERENCE_OF,
    SMALL,
    UNSTEERED,
    axis_label,
    legend,
    lines_of,
    of_first_model,
    references,
    run_names,
    shares_note,
    source,
    styles,
)
from paper_replication.figures.rows import reach
from paper_replication.figures.style import WIDTH, caption

# On an axis of square roots.
CROWDED = ("leak",)
METRICS = ("relevance", "steered_ft", "steered_minus_random", CHANGE, "leak", "delta_norm")
CALLED = {
    "samples": "{} of the samples",
    "epochs": "{} epochs",
    "rank": "LoRA rank {}",
    "learning_rate": "learning rate {}",
    "mixing": "{}:1 unrelated data",
    "caft": "{} directions ablated",
}
# Of references, which stand in each row by themselves.
TICK = {"color": "0.4", "ls": "", "ms": 5}
MARKS = {UNSTEERED: TICK | {"marker": "|", "mew": 1.2}, BASE: TICK | {"marker": "x", "mew": 0.8}}
DEFAULT = ("default", 0.0)


def _root(x: np.ndarray) -> np.ndarray:
    return np.sign(x) * np.sqrt(np.abs(x))


def recipe_label(kind: str, dose: float) -> str:
    """What a recipe is called by the one thing in which it departs: shares as fractions, full finetuning by name."""
    if kind == "default":
        return "default"
    if dose == math.inf:
        return "full finetuning"
    return CALLED[kind].format(Fraction(dose).limit_denominator(100) if kind == "samples" else f"{dose:g}")


def default_told(table: pd.DataFrame) -> str:
    """What the default recipe is, as far as others depart from it in numbers of their own."""
    own = table[table["variant"] == "default"].drop_duplicates("kind").set_index("kind")["dose"]
    told = {"rank": "LoRA rank {:g}", "learning_rate": "learning rate {:g}", "epochs": "{:g} epoch"}
    return ", ".join(text.format(own[kind]) for kind, text in told.items() if kind in own)


def of_recipes(table: pd.DataFrame) -> pd.DataFrame:
    """Every run once with its `place`, counted from above: the default, then by kind and dose."""
    default = table["variant"] == "default"
    kind, dose = (table[name].mask(default, value) for name, value in zip(("kind", "dose"), DEFAULT, strict=True))
    order = ["default", *names.DOSES]
    rows = table.assign(kind=kind, dose=dose, place=kind.map(order.index))
    rows = rows.drop_duplicates(["organism", "variant", "seed", "metric"])
    return rows.assign(place=rows[["place", "dose"]].apply(tuple, axis=1).rank(method="dense").astype(int) - 1)


def draw(table: pd.DataFrame, organisms: Sequence[str] = ()) -> Figure:
    """A column a metric and a row a recipe; a mark an organism and seed, and a line down from its default run.

    Args:
        table: `dose`, one row a run, kind of dose and metric.
        organisms: all there are, in the order in which they take colours and markers.
    """
    own = of_recipes(of_first_model(table))
    look = styles(own, organisms)
    recipes = own.drop_duplicates("place").sort_values("place")
    shown = [metric for metric in METRICS if metric in set(own["metric"])]
    size = (WIDTH, 1.75 + 0.22 * len(recipes))
    figure, grid = plt.subplots(1, len(shown), figsize=size, sharey=True, squeeze=False, layout="constrained")
    for axes, metric in zip(grid[0], shown, strict=True):
        for number, (run, style) in enumerate(look.items()):
            aside = ASIDE * (2 * number - len(look) + 1)
            measured, reference = (
                rows[(rows["organism"] == run[0]) & (rows["seed"] == run[1])] for rows in lines_of(own, metric)
            )
            bars = {"ls": "", "elinewidth": 0.8, "capsize": 1.5}
            axes.errorbar(measured["value"], measured["place"] + aside, xerr=reach(measured), **style | bars)
            for value in measured.loc[measured["variant"] == "default", "value"]:
                axes.axvline(value, color=style["color"], lw=0.6, alpha=0.5, zorder=0)
            if not reference.empty:
                x, y = reference["value"], reference["place"] + aside
                axes.plot(x, y, zorder=1, **MARKS[REFERENCE_OF[metric]] | {"color": style["color"]})
        axes.axvline(0, color="0.8", lw=0.6, zorder=0)
        axes.set_xlim(left=min(0.0, axes.get_xlim()[0]))
        # What is counted below its number: columns are narrow.
        axes.set_xlabel("\n".join(axis_label(table, metric).rsplit(" ", 1)), fontsize=SMALL)
        axes.tick_params(axis="y", length=0)
        if metric in CROWDED:
            # Most are small and one is large.
            axes.set_xscale("function", functions=(_root, lambda x: np.sign(x) * np.square(x)))
            axes.set_xlim(left=-0.2)
            axes.set_xticks([0, 5, 20, 50])
        else:
            axes.locator_params(axis="x", nbins=3)
        axes.xaxis.set_major_formatter("{x:g}")
        for place in recipes.loc[recipes["kind"].ne(recipes["kind"].shift()), "place"].iloc[1:]:
            axes.axhline(place - 0.5, color="0.85", lw=0.6, zorder=0)
    labels = [recipe_label(str(row.kind), float(row.dose)) for row in recipes.itertuples()]
    grid[0, 0].set_yticks(range(len(recipes)), labels)
    grid[0, 0].set_ylim(len(recipes) - 0.5, -0.5)
    legend(figure, run_names(look, own) | references(shown, MARKS))
    notes = " Full finetuning: all weights of the linear layers, at a lower learning rate." * (
        math.inf in set(own["dose"])
    )
    notes += " Directions ablated: concept ablation finetuning (CAFT)." * ("caft" in set(own["kind"]))
    random = "; random: one direction a position, where it was measured" * ("steered_minus_random" in shown)
    caption(
        figure,
        f"Dose of finetuning: {source(own)}. Each recipe departs from the default (line: {default_told(table)}) in "
        f"one thing; samples, epochs and mixing change the number of steps too.{notes} Relevance, similarity: "
        f"largest over positions{random}; {shares_note(table)}. {ERROR_BARS}; leak, Wilson (axis of square roots).",
    )
    return figure
