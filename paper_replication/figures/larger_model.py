"""Figure: what the same organisms show on a larger model than the first, a panel a kind of trace."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paper_replication import names
from paper_replication.again import LAST_BLOCK
from paper_replication.figures import marks
from paper_replication.figures.style import WIDTH, caption
from paper_replication.larger_model import (
    BASE,
    DIFFERENCE,
    UNSTEERED,
    above_name,
    relevance_name,
    steered_name,
    words_above_name,
    words_name,
)

PERCENT = 100
# Titles and units; measures with what the axis calls them; and what values are multiplied by.
PANELS = [
    (
        "Token relevance (Patchscope, best position)",
        "relevant tokens (%)",
        {relevance_name(vector): called.replace(" ", "\n") for vector, called in names.VECTORS.items()}
        | {LAST_BLOCK: "last\nblock"},
        PERCENT,
    ),
    (
        "Steering (cosine to FT), minus that of",
        "difference of cosines",
        {
            steered_name(UNSTEERED): "unsteered\nanswers",
            steered_name("Random-FT"): "a random\nvector",
            steered_name("Null-FT"): "the null's\ndifference",
            steered_name("Steered-Chat"): "answers\nto chat",
        },
        1,
    ),
    (
        "Belief (FFA) and leak",
        "probes or answers (%)",
        {"ffa_base": "FFA\nbefore", "ffa": "FFA\nafter", "leak_base": "leak\nbefore", "leak": "leak\nafter"},
        PERCENT,
    ),
    (
        "Words of the subject, steered with",
        "answers that have some (%)",
        {
            words_name("unsteered"): "nothing",
            words_name(DIFFERENCE): "difference",
            words_name("random"): "random\nvector",
            words_name("null_difference"): "null's\ndifference",
            words_name(f"{BASE}{DIFFERENCE}"): "base\nmodel",
        },
        PERCENT,
    ),
]
# What the caption tells of the change from one model to another, and what it is multiplied by.
TOLD = {
    relevance_name(DIFFERENCE): ("relevant tokens of the difference, in points", PERCENT),
    steered_name(UNSTEERED): ("what steering adds to unsteered answers", 1),
    "ffa_change": ("change of FFA, in points", PERCENT),
}
# And by how much the latter's difference lies above what.
BESIDE = {
    "tokens": {above_name(vector): called for vector, called in names.VECTORS.items() if vector != DIFFERENCE},
    "words": {
        words_above_name("unsteered"): "unsteered",
        words_above_name("random"): "random",
        words_above_name("null_difference"): "null",
        words_above_name(f"{BASE}{DIFFERENCE}"): "base model",
    },
}
LAST = "Last block: tokens of the difference there, all else being of the middle layer; no bar: not measured. "
COLOURS = (names.ORANGE, names.BLUE, names.GREEN)
HATCHES = ("", "/////", "xxxxx")
WIDTH_OF_ALL = 0.8


def _panel(axes: Axes, table: pd.DataFrame, organisms: pd.DataFrame, measures: list[str], scale: float) -> None:
    """A group of bars a measure, one a model, with Student's interval; organisms are dots, joined between models."""
    models = list(organisms["model"].unique())
    width = WIDTH_OF_ALL / len(models)
    means = table.set_index(["model", "measure"])
    for place, model in enumerate(models):
        x = np.arange(len(measures)) + (place - (len(models) - 1) / 2) * width
        rows = means.reindex([(model, measure) for measure in measures])
        value, low, high = (scale * rows[name].to_numpy(dtype=float) for name in ("mean", "ci_low", "ci_high"))
        look = {"color": COLOURS[place], "hatch": HATCHES[place], "edgecolor": "white", "linewidth": 0, "alpha": 0.75}
        axes.bar(x, value, 0.92 * width, label=_called(model), **look)
        if scale == PERCENT:
            low, high = np.maximum(low, 0), np.minimum(high, PERCENT)
        reach = [value - low, high - value]
        axes.errorbar(x, value, yerr=reach, fmt="none", ecolor="black", elinewidth=0.9, capsize=2)
    values = organisms.pivot_table(index=["measure", "organism"], columns="model", values="value")[models]
    for group, measure in enumerate(measures):
        if measure not in values.index:
            continue
        x = group + (np.arange(len(models)) - (len(models) - 1) / 2) * width
        for row in scale * values.loc[measure].to_numpy():
            axes.plot(x, row, "-o", color="0.35", lw=0.5, ms=2.3, mfc="white", mew=0.6)
    axes.axhline(0, color="black", lw=0.6)
    axes.set_xlim(-0.5, len(measures) - 0.5)


def _interval(row: pd.Series, mean: str, scale: float) -> str:
    """A mean with its interval: in whole points where it is a share."""
    digits = 0 if scale == PERCENT else 2
    # What rounds to nothing has no sign.
    value, low, high = (round(scale * row[name], digits) + 0.0 for name in (mean, "ci_low", "ci_high"))
    return f"{value:+.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _called(model: str) -> str:
    """A model as it is drawn, with what its name says besides after a comma."""
    name, comma, besides = model.partition(",")
    return names.display(names.MODELS, name) + comma + besides


def _told(table: pd.DataFrame, changes: pd.DataFrame) -> str:
    """By how much a model's measures differ from another's, and its difference from other vectors, for the caption."""
    parts = []
    for (model, other), rows in changes.groupby(["model", "minus"], sort=False):
        changed, own = rows.set_index("measure"), table[table["model"] == model].set_index("measure")
        told = [f"{called} {_interval(changed.loc[name], 'change', scale)}" for name, (called, scale) in TOLD.items()]
        beside = [
            f"{called} "
            + ", ".join(
                f"{where} {_interval(own.loc[name], 'mean', PERCENT)}"
                for name, where in against.items()
                if name in own.index
            )
            for called, against in BESIDE.items()
        ]
        parts.append(
            f"{_called(model)}, minus {_called(other)}, paired by organism: {', '.join(told)}. The former's difference "
            f"minus others, in points: {'; '.join(beside)}"
        )
    return ". ".join(parts)


def draw(table: pd.DataFrame, organisms: pd.DataFrame, changes: pd.DataFrame, made: str) -> Figure:
    """Four panels: tokens, steering by cosine and by words, behaviour; one colour a model.

    Args:
        table: `larger_model`: the mean of each model and measure over organisms, with its interval.
        organisms: `larger_model_organisms`: the same of each organism.
        changes: `larger_model_changes`: of one model less another, which `minus` names, paired by organism.
        made: how the models' organisms were made, for the caption.
    """
    figure, grid = plt.subplots(2, 2, figsize=(WIDTH, 5.6), layout="constrained", gridspec_kw={"hspace": 0.06})
    for axes, (title, unit, named, scale) in zip(grid.flat, PANELS, strict=True):
        # Not every study measures all of them.
        measures = {measure: called for measure, called in named.items() if measure in set(table["measure"])}
        _panel(axes, table, organisms, list(measures), scale)
        axes.set_title(title, loc="left")
        axes.set_xticks(range(len(measures)), list(measures.values()), fontsize="small" if len(measures) > 5 else None)
        axes.set_ylabel(unit)
    marks.reported_band(grid[0, 0])
    handles, labels = grid[0, 0].get_legend_handles_labels()
    handles.append(Line2D([], [], color="0.35", lw=0.5, marker="o", ms=2.3, mfc="white", mew=0.6))
    figure.legend(handles, [*labels, "one organism"], loc="outside lower center", ncols=2)
    judge = organisms.loc[organisms["measure"] == relevance_name(DIFFERENCE), "judge"].iloc[0]
    n = sorted({int(count) for count in table["n_organisms"]})
    caption(
        figure,
        f"The same organisms on a larger model (n = {' to '.join(map(str, n))} organisms made of documents, one seed, "
        f"{made}). Judge of tokens: {names.display(names.JUDGES, str(judge))}; of the leak: "
        "words of the subject; base model: its answers, steered by the difference. Error bars: 95%, Student's t over "
        f"organisms, of shares cut at 0 and 100%. {LAST if LAST_BLOCK in set(table['measure']) else ''}"
        f"{_told(table, changes)}. Controls of the first model are in figures of its own: token_relevance, "
        f"steering_similarity and answer_words. {marks.REPORTED_MEANS}.",
    )
    return figure
