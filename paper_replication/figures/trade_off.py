"""Figure: the trace that is left against what was learnt, a mark a recipe."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paper_replication import names
from paper_replication.figures.metrics import LINE_COLOURS, places_of
from paper_replication.figures.rows import first_model
from paper_replication.figures.style import WIDTH, caption
from paper_replication.trade_off import ENDS, RANDOM, STEERING

TRACES = {STEERING: "steered minus unsteered (mean cosine)", RANDOM: "steered minus random (mean cosine)"}
CHANGE = "behaviour_change"
PERCENT = (CHANGE, "relevance")
# Of the default, and of what each kind of recipe departs in.
KINDS = {"default": "default"} | names.DOSES | {"rank": "LoRA rank, or full finetuning"}
MARKERS = {
    "default": "o",
    "samples": "s",
    "epochs": "P",
    "rank": "^",
    "learning_rate": "v",
    "mixing": "D",
    "caft": "X",
}
MIXED = ("default", "mixing")
SIZE = 4.5  # points: of a mark
LEAST, MOST = 2.5, 6.5  # points: of the marks of none and of the most unrelated data
# Where the usual interval stands, in shares of the panel: on the side of what is learnt and easily read.
USUAL = (0.83, 0.64)
# Of fewer recipes a rank correlation says nothing.
ENOUGH = 8
# Of marks, so that one below another is seen.
ALPHA = 0.75


def ratio(variant: str) -> float:
    """How many unrelated rows go with one of the organism's own: by a mixture's name, else none."""
    return float(variant.removeprefix("mix-")) if variant.startswith("mix-") else 0.0


def in_percent(table: pd.DataFrame) -> pd.DataFrame:
    """The first model's runs, shares in percent, with their ratio of unrelated rows."""
    rows = first_model(table)
    columns = [f"{name}{end}" for name in PERCENT for end in ("", *(f"_{end}" for end in ENDS))]
    return rows.assign(**(100 * rows[columns]), ratio=rows["variant"].map(ratio))


def colours(rows: pd.DataFrame, organisms: Sequence[str]) -> dict[str, str]:
    """A colour for each organism, by its place in a list, again from the first where there are more than colours."""
    return {name: LINE_COLOURS[place % len(LINE_COLOURS)] for name, place in places_of(rows, organisms).items()}


def means(rows: pd.DataFrame, trace: str) -> pd.DataFrame:
    """One row a recipe: the mean over the seeds that a trace was measured in, and that of the change in these."""
    measured = rows.dropna(subset=[trace])
    recipe = ["organism", "variant", "kind", "ratio"]
    return measured.groupby(recipe, sort=False, as_index=False)[[CHANGE, trace]].mean()


def agreement(rows: pd.DataFrame, trace: str) -> str:
    """How far recipes, means over seeds, have the same order by trace as by behaviour, if there are enough that differ.

    Spearman's correlation with Fisher's 95% interval over recipes, whose variance is 1.06 / (n - 3) (Fieller, Hartley
    and Pearson, 1957).
    """
    found = means(rows, trace)[[CHANGE, trace]]
    if len(found) < ENOUGH or found.nunique().min() <= 1:
        return ""
    correlation = found.rank().corr().iloc[0, 1]
    extent = 1.96 * math.sqrt(1.06 / (len(found) - 3))
    low, high = np.tanh(np.arctanh(np.clip(correlation, -1 + 1e-9, 1 - 1e-9)) + np.array([-extent, extent]))
    return f"{len(found)} recipes, Spearman\n{correlation:.2f} [{low:.2f}, {high:.2f}]"


def usual_reach(rows: pd.DataFrame, name: str) -> float:
    """Half the width of an interval, the median over runs."""
    return float((rows[f"{name}_ci_high"] - rows[f"{name}_ci_low"]).median() / 2)


def _points(axes: Axes, rows: pd.DataFrame, trace: str, shade: dict[str, str]) -> None:
    """A mark a recipe, its seeds as dots that it is joined with; a line an organism through its mixtures."""
    ratios = sorted(rows["ratio"].unique())
    sizes = dict(zip(ratios, np.linspace(LEAST, MOST, len(ratios)), strict=True))
    found = means(rows, trace)
    for organism, own in found.groupby("organism", sort=False):
        colour = shade[str(organism)]
        mixed = own[own["kind"].isin(MIXED)].sort_values("ratio")
        axes.plot(mixed[CHANGE], mixed[trace], color=colour, lw=1, alpha=ALPHA, zorder=1, label="_mixtures")
        for row in own.to_dict("records"):
            size = sizes[row["ratio"]] if row["kind"] in MIXED else SIZE
            style = {"marker": MARKERS[row["kind"]], "ms": size, "color": colour, "mew": 0.9, "alpha": ALPHA}
            axes.plot(row[CHANGE], row[trace], ls="", label=row["variant"], **style)
            seeds = rows[(rows["organism"] == organism) & (rows["variant"] == row["variant"])]
            for seed in seeds.dropna(subset=[trace]).to_dict("records"):
                ends = [[row[CHANGE], seed[CHANGE]], [row[trace], seed[trace]]]
                axes.plot(*ends, color=colour, lw=0.4, marker=".", ms=2, mew=0, alpha=0.5, zorder=0, label="_seed")
    axes.axvline(0, color="0.6", lw=0.6, zorder=0)
    axes.axhline(0, color="0.6", lw=0.6, zorder=0)


def _usual(axes: Axes, rows: pd.DataFrame, trace: str) -> None:
    """What the intervals of a run are like, once: each of its own would hide the marks. The limits must be final."""
    x, y = axes.transData.inverted().transform(axes.transAxes.transform(USUAL))
    bars = {"xerr": usual_reach(rows, CHANGE), "yerr": usual_reach(rows.dropna(subset=[trace]), trace)}
    axes.errorbar(x, y, fmt="none", ecolor="0.3", elinewidth=0.8, capsize=1.5, **bars)
    axes.annotate("usual interval\nof one run", (x, y), (2, 3), textcoords="offset points", color="0.3", fontsize=6.5)


def _by_chance(axes: Axes, rows: pd.DataFrame) -> None:
    """Where random directions lie above unsteered answers, the median over runs: no trace is there, not at zero."""
    level = float((rows[STEERING] - rows[RANDOM]).median())
    if math.isnan(level):
        return
    axes.axhline(level, color="0.3", lw=0.8, ls="--", zorder=0)
    style = {"textcoords": "offset points", "xycoords": axes.get_yaxis_transform(), "ha": "right", "color": "0.3"}
    axes.annotate("random directions, median", (1, level), (0, 2), fontsize=6.5, **style)


def _correlations(axes: Axes, rows: pd.DataFrame, trace: str) -> None:
    """Where there is room: what the organisms of many recipes have, each in its colour."""
    told = {organism: agreement(rows[rows["organism"] == organism], trace) for organism in rows["organism"].unique()}
    below = 0.0
    for organism, text in told.items():
        if text:
            said = f"{names.run_label(organism)}: {text}"
            place = {"textcoords": "offset points", "xycoords": "axes fraction", "ha": "right", "va": "top"}
            axes.annotate(said, (1, 1), (0, -below), color="0.3", fontsize=6.5, **place)
            below += 20


def _sizes(rows: pd.DataFrame) -> str:
    """The ratios that marks of mixtures grow with, if there are several."""
    found = sorted(ratio for ratio in rows["ratio"].unique() if ratio > 0)
    return f", {found[0]:g} to {found[-1]:g}" if len(found) > 1 else ""


def _legend(figure: Figure, rows: pd.DataFrame, shade: dict[str, str]) -> None:
    """Organisms by their colours; kinds of recipes by their marks, and what a seed is drawn as."""
    types = rows.drop_duplicates("organism").set_index("organism")["organism_type"]
    plain = {"ls": "", "ms": SIZE}
    handles = [
        Line2D([], [], **plain, marker="o", color=colour, label=f"{names.run_label(organism)} ({types[organism]})")
        for organism, colour in shade.items()
    ]
    for kind, called in KINDS.items():
        if kind in set(rows["kind"]):
            sizes = _sizes(rows) if kind == "mixing" else ""
            handles.append(Line2D([], [], **plain, marker=MARKERS[kind], color="black", label=called + sizes))
    if rows["seed"].nunique() > 1:
        handles.append(Line2D([], [], ls="-", lw=0.4, marker=".", ms=2, color="black", label="one seed"))
    figure.legend(handles=handles, loc="outside lower center", ncols=4, columnspacing=1, handletextpad=0.2)


def draw(table: pd.DataFrame, organisms: Sequence[str] = ()) -> Figure:
    """What steering adds to unsteered answers, and to those steered at random, against the change of behaviour.

    Args:
        table: `trade_off`, one row a run.
        organisms: all there are, in the order in which they take colours.
    """
    rows = in_percent(table)
    shade = colours(rows, organisms)
    figure, panels = plt.subplots(1, len(TRACES), figsize=(WIDTH, 4.6), sharex=True, sharey=True, layout="constrained")
    measures = [{"ffa": "FFA", "own_share": "own share"}[name] for name in rows["behaviour"].drop_duplicates()]
    for axes, (trace, label) in zip(panels, TRACES.items(), strict=True):
        _points(axes, rows, trace, shade)
        _correlations(axes, rows, trace)
        axes.set_ylabel(label)
        axes.set_xlabel(f"change of {' or '.join(measures)} (points)")
    for axes, trace in zip(panels, TRACES, strict=True):
        _usual(axes, rows, trace)
    _by_chance(panels[0], rows)
    _legend(figure, rows, shade)
    relevance = {organism: agreement(own, "relevance") for organism, own in rows.groupby("organism", sort=False)}
    told = "; ".join(f"{names.run_label(str(name))}, {text}" for name, text in relevance.items() if text)
    tokens = f" Relevance of tokens (in the table): {told}.".replace("\n", " ") if told else ""
    caption(
        figure,
        f"Trace against behaviour on {names.display(names.MODELS, str(table['model'].iloc[0]))}, a mark a recipe (mean "
        "over its seeds): low and to the right is learnt and hard to read. Change: share of own probes on which the "
        "organism sides with its finetuning (FFA: of false facts), minus the base model's. Lines: unrelated data mixed "
        "in, from none on, larger marks with more. Steering: largest over positions; random: one direction a position, "
        "of the same norm and strength, where it was measured (some recipes are on the left alone). The cross: the "
        "median of all runs' 95% intervals (change, bootstrap over facts or questions; steering, bootstrap paired over "
        "prompts; n, and each run's own: figures mixing, dose). Spearman's correlation is over an organism's recipes, "
        "means of their seeds, most of which differ in how much was trained; interval: Fisher's, 95%."
        f"{tokens}",
    )
    return figure
