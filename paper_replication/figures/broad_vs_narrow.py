"""Figure: the traces of broad finetuning beside those of narrow finetuning and of nulls, a line a run."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paper_replication import names
from paper_replication.figures import marks
from paper_replication.figures.rows import first_model, reach
from paper_replication.figures.style import WIDTH, caption

# Titles, units, and what n counts.
PANELS = {
    "relevance": ("Token relevance", "relevant tokens (%)", "tokens"),
    "steered_minus_unsteered": ("Steered minus unsteered", "difference of mean cosines to FT", "answers"),
    "relative_norm": ("Norm of delta", "% of activations' norm", "documents"),
}
PERCENT = ("relevance", "relative_norm")
# Broad finetuning's texts are hardly alike themselves, so that nothing can be shown to be like them.
CANNOT_SHOW = ("steered_minus_unsteered",)
SHAPES = {
    "narrow": {"fmt": "o", "ms": 4},
    "broad": {"fmt": "D", "ms": 5},
    "null": {"fmt": "o", "ms": 4, "mfc": "white"},
}
VALUES = ["value", "ci_low", "ci_high"]
GAP = 0.8  # between breadths, in lines
Group = tuple[str, str]


def rows_of(table: pd.DataFrame) -> pd.DataFrame:
    """The first model's runs, one row each, with their `height`: narrow ones in the order of types, broad, nulls."""
    own = first_model(table)
    runs = own[["organism", "organism_type", "breadth"]].drop_duplicates()
    breadths, types = (list(order).index for order in (names.BREADTHS, names.TYPES))
    order = len(names.TYPES) * runs["breadth"].map(breadths) + runs["organism_type"].map(types)
    runs = runs.iloc[order.argsort(kind="stable")].reset_index(drop=True)
    groups = runs["breadth"].map(breadths)
    return runs.assign(height=runs.index + GAP * groups.ne(groups.shift()).cumsum() - GAP)


def colour(group: Group) -> str:
    """Narrow runs have their type's colour, broad ones are black, nulls and twins grey."""
    breadth, kind = group
    return "black" if breadth == "broad" else names.TYPE_COLOURS[kind]


def group_label(group: Group) -> str:
    """What runs of one breadth and type are called."""
    breadth, kind = group
    narrow = "true twin" if kind == "control" else kind
    return narrow if breadth == "narrow" else names.BREADTHS[breadth]


def _panel(axes: Axes, found: pd.DataFrame, runs: pd.DataFrame, metric: str) -> None:
    """One marker with its interval a run, and behind those of a group of several their mean."""
    drawn = runs.merge(found, on=["organism", "organism_type", "breadth"])
    drawn[VALUES] *= 100 if metric in PERCENT else 1
    for group, rows in drawn.groupby(["breadth", "organism_type"], sort=False):
        value = rows["value"].to_numpy(dtype=float)
        shape = {"color": colour(group), "elinewidth": 0.9, "capsize": 1.5, "label": group_label(group)}
        axes.errorbar(value, rows["height"], xerr=reach(rows), **SHAPES[group[0]], **shape)
        # Nulls are of several recipes, whose mean is that of nothing.
        if len(rows) > 1 and group[0] != "null":
            ends = rows["height"].min() - 0.4, rows["height"].max() + 0.4
            axes.vlines(value.mean(), *ends, color=colour(group), lw=3, alpha=0.3, zorder=0)
    for value, height in drawn.loc[drawn["breadth"] == "broad", ["value", "height"]].to_numpy():
        if metric in CANNOT_SHOW:
            axes.annotate("cannot show", (value, height), (8, 0), textcoords="offset points", va="center", fontsize=6.5)
        else:
            axes.axvline(value, color="black", lw=0.7, ls=":", zorder=0)
    axes.axvline(0, color="0.6", lw=0.6, zorder=0)


def _legend(figure: Figure, runs: pd.DataFrame) -> None:
    """Every group with its number of runs, and the line of the broad one."""
    handles = []
    for group, rows in runs.groupby(["breadth", "organism_type"], sort=False):
        shape, paint = SHAPES[group[0]], colour(group)
        look = {"ls": "", "marker": shape["fmt"], "ms": 4, "color": paint, "mfc": shape.get("mfc", paint)}
        handles.append(Line2D([], [], label=f"{group_label(group)} (n = {len(rows)})", **look))
    if "broad" in set(runs["breadth"]):
        handles.append(Line2D([], [], color="black", lw=0.7, ls=":", label="level of broad finetuning"))
    figure.legend(handles=handles, loc="outside lower center", ncols=4, columnspacing=1.2, handletextpad=0.4)


def _count(table: pd.DataFrame, metric: str) -> str:
    """The n of a metric's intervals, or its least and most."""
    found = sorted({int(n) for n in table.loc[table["metric"] == metric, "n"]})
    return f"{found[0]:,}" if len(found) == 1 else f"{found[0]:,} to {found[-1]:,}"


def _told(own: pd.DataFrame) -> str:
    """The caption."""
    judge = own.loc[own["metric"] == "relevance", "judge"].iloc[0]
    low, high = (round(100 * share) for share in names.REPORTED_BAND)
    return (
        "Broad beside narrow finetuning and matched nulls on "
        f"{names.display(names.MODELS, str(own['model'].iloc[0]))}, a line a run, seed {int(own['seed'].min())}. "
        "Relevance: Patchscope, best position, by the run's own description (a null's: by that of the first organism "
        "that it goes with); similarity: to the run's own data, of nulls too; judge: "
        f"{names.display(names.JUDGES, str(judge))}. FT: a run's own finetuning texts. Cannot show: where "
        "these are ordinary chat they are hardly alike themselves, so that no answer can be like them. By the words "
        "of a run's own data instead: figure judge_free. Norm: mean over positions but 0. Error bars, 95%, from left: "
        "Wilson; bootstrap paired over prompts; 1.96 standard errors of the mean vector (at least 95%). Pale: means of "
        f"a type. Reported by the paper: narrow {low}-{high}% relevant (grey; its own models, LLM judge); broad, "
        "almost no trace."
    )


def draw(table: pd.DataFrame) -> Figure:
    """A panel a metric and a line a run; the broad run's value is carried through all lines where it means something.

    Args:
        table: `broad_vs_narrow`, one row a run and metric; of several models, the first is drawn, and named.
    """
    runs = rows_of(table)
    own = first_model(table)
    size = (WIDTH, 2.2 + 0.2 * len(runs))
    figure, panels = plt.subplots(1, len(PANELS), figsize=size, sharey=True, layout="constrained")
    for axes, (metric, (title, unit, counted)) in zip(panels, PANELS.items(), strict=True):
        _panel(axes, own[own["metric"] == metric], runs, metric)
        axes.set_title(title, loc="left", fontsize=8)
        axes.set_xlabel(f"{unit}\nn = {_count(own, metric)} {counted}")
    narrow = runs.loc[runs["breadth"] == "narrow", "height"]
    marks.reported_band(panels[0], "x", along=(narrow.min() - 0.7, narrow.max() + 0.5))
    panels[0].set_xlim(-3, 100)
    panels[0].set_yticks(runs["height"], [names.run_label(organism) for organism in runs["organism"]])
    panels[0].set_ylim(runs["height"].max() + 0.7, -0.7)
    _legend(figure, runs)
    caption(figure, _told(own))
    return figure
