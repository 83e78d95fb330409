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
from paper_replication.larger_model import BASE, DIFFERENCE, UNSTEERED, relevance_name, steered_name, words_name

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
        "Steered answers: cosine to FT, less that of",
        "difference of cosines",
        {
            steered_name(UNSTEERED): "unsteered\nanswers",
            steered_name("Random-FT"): "a random\nvector",
            steered_name("Null-FT"): "the null's\ndifference",
            steered_name("Steered-Chat"): "their cosine\nto chat",
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
        "Steered answers with words of the subject",
        "answers (%)",
        {
            words_name("unsteered"): "unsteered",
            words_name(DIFFERENCE): "difference",
            words_name("random"): "random\nvector",
            words_name("null_difference"): "null's\ndifference",
            words_name(f"{BASE}{DIFFERENCE}"): "difference,\nbase model",
        },
        PERCENT,
    ),
]
LAST = (
    " Last block: tokens of the difference there, of fewer scales and documents, a layer singled out after several had "
    "been seen; all else is of the middle layer."
)
COLOURS = (names.ORANGE, names.BLUE, names.GREEN)
HATCHES = ("", "/////", "xxxxx")
WIDTH_OF_ALL = 0.8


def _panel(axes: Axes, table: pd.DataFrame, organisms: pd.DataFrame, measures: list[str], scale: float) -> None:
    """A group of bars a measure, one a model, with Student's interval; organisms are dots, joined between models.

    A model that a measure is not known of has no place in its group.
    """
    models = list(organisms["model"].unique())
    width = WIDTH_OF_ALL / len(models)
    means = table.set_index(["model", "measure"])
    known = means["mean"].unstack("model").reindex(index=measures, columns=models).notna().to_numpy()
    centres = np.arange(len(measures))[:, None] + (known.cumsum(1) - (known.sum(1, keepdims=True) + 1) / 2) * width
    for place, model in enumerate(models):
        x = np.where(known[:, place], centres[:, place], np.nan)
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
        rows = scale * values.loc[measure].to_numpy()
        # Beside one another, since some are alike; and whole where they are zero.
        for row, aside in zip(rows, np.linspace(-0.28, 0.28, len(rows)), strict=True):
            style = {"color": "0.35", "lw": 0.5, "ms": 2.3, "mfc": "white", "mew": 0.6, "clip_on": False, "zorder": 3}
            axes.plot(centres[group] + aside * width, row, "-o", **style)
    axes.axhline(0, color="black", lw=0.6)
    axes.set_xlim(-0.5, len(measures) - 0.5)


def _called(model: str) -> str:
    """A model as it is drawn, with what its name says besides after a comma."""
    name, comma, besides = model.partition(",")
    return names.display(names.MODELS, name) + comma + besides


def draw(table: pd.DataFrame, organisms: pd.DataFrame, made: str) -> Figure:
    """Four panels: tokens, steering by cosine and by words, behaviour; one colour a model.

    Args:
        table: `larger_model`: the mean of each model and measure over organisms, with its interval.
        organisms: `larger_model_organisms`: the same of each organism.
        made: how the models' organisms were made, for the caption.
    """
    figure, grid = plt.subplots(2, 2, figsize=(WIDTH, 5.6), layout="constrained", gridspec_kw={"hspace": 0.06})
    for axes, (title, unit, named, scale) in zip(grid.flat, PANELS, strict=True):
        # Not every study measures all of them.
        measures = {measure: called for measure, called in named.items() if measure in set(table["measure"])}
        _panel(axes, table, organisms, list(measures), scale)
        axes.set_title(title, loc="left")
        axes.set_xticks(range(len(measures)), list(measures.values()), fontsize="small")
        axes.set_ylabel(unit)
    # At the paper's own layer, of its own measure.
    marks.reported_band(grid[0, 0], along=(-0.5, 0.5))
    handles, labels = grid[0, 0].get_legend_handles_labels()
    handles.append(Line2D([], [], color="0.35", lw=0.5, marker="o", ms=2.3, mfc="white", mew=0.6))
    figure.legend(handles, [*labels, "one organism"], loc="outside lower center", ncols=2)
    judge = organisms.loc[organisms["measure"] == relevance_name(DIFFERENCE), "judge"].iloc[0]
    n = sorted({int(count) for count in table["n_organisms"]})
    last = LAST if LAST_BLOCK in set(table["measure"]) else ""
    caption(
        figure,
        f"The same organisms on a larger model (n = {' to '.join(map(str, n))} organisms made of documents, one seed, "
        f"{made}). FFA: false-fact alignment; FT: finetuning texts. Judge of tokens: "
        f"{names.display(names.JUDGES, str(judge))}; leak: everyday answers, not steered, with words of the subject; "
        "base model: its answers, steered by the organism's difference. Error bars: 95%, Student's t over organisms, "
        f"of shares cut at 0 and 100%.{last} A model without a bar was not measured in this; the first model's "
        "controls and words are in figures of its own. "
        f"{marks.REPORTED_MEANS}.",
    )
    return figure
