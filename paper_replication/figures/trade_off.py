"""Figure: the trace that is left against what was learnt, a point a recipe and seed."""

import math
import textwrap

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paper_replication import names
from paper_replication.figures.rows import first_model
from paper_replication.figures.style import WIDTH, caption
from paper_replication.trade_off import STEERING

TRACES = {"relevance": "relevant tokens (%)", STEERING: "Steered minus unsteered\n(mean cosine)"}
CHANGE = "behaviour_change"
CHANGES = {"ffa": "change of FFA (points)", "own_share": "change of own share (points)"}
PERCENT = (CHANGE, "relevance")
RECIPES = {
    "samples-0.125": "1/8 of the samples",
    "samples-0.25": "1/4 of the samples",
    "samples-0.5": "1/2 of the samples",
    "epochs-2": "twice the epochs",
    "rate-half": "half the learning rate",
    "rank-1": "LoRA rank 1",
    "rank-8": "LoRA rank 8",
    "rank-32": "LoRA rank 32",
    "full": "full finetuning",
    "caft": "directions ablated (CAFT)",
}
# Of recipes of one kind; the paper has twelve mixtures.
MARKERS = ("o", "s", "^", "D", "v", "P", "<", ">", "X", "*", "h", "p")
# Of fewer recipes a rank correlation says nothing.
ENOUGH = 8
# How far points that coincide stand apart, in points of behaviour.
ASIDE = 5.0
HOLLOW = {"mfc": "white"}
NARROW = 16  # characters of a title or label that a column has room for
Style = dict[str, object]


def recipe_label(variant: str) -> str:
    """What a recipe is called: unrelated data by how many rows of it go with one of the organism's own."""
    if variant.startswith("mix-"):
        return f"{float(variant.removeprefix('mix-')):g}:1 unrelated data"
    return names.display(RECIPES, variant)


def in_percent(table: pd.DataFrame) -> pd.DataFrame:
    """The first model's runs, shares in percent."""
    rows = first_model(table)
    columns = [f"{name}{end}" for name in PERCENT for end in ("", "_ci_low", "_ci_high")]
    return rows.assign(**(100 * rows[columns]))


def styles(rows: pd.DataFrame) -> dict[str, Style]:
    """A colour for each kind of recipe, and a marker for each recipe of a kind."""
    found = {}
    for kind, colour in names.DOSE_COLOURS.items():
        for place, variant in enumerate(rows.loc[rows["kind"] == kind, "variant"].drop_duplicates()):
            found[variant] = {"color": colour, "marker": MARKERS[place % len(MARKERS)]}
    return found


def agreement(rows: pd.DataFrame, trace: str) -> str:
    """How far recipes, means over seeds, have the same order by trace as by behaviour, if there are enough that differ.

    Spearman's correlation with Fisher's 95% interval over recipes, whose variance is 1.06 / (n - 3) (Fieller, Hartley
    and Pearson, 1957).
    """
    means = rows.groupby("variant")[[CHANGE, trace]].mean()
    if len(means) < ENOUGH or means.nunique().min() == 1:
        return ""
    correlation = means.rank().corr().iloc[0, 1]
    extent = 1.96 * math.sqrt(1.06 / (len(means) - 3))
    low, high = np.tanh(np.arctanh(np.clip(correlation, -1 + 1e-9, 1 - 1e-9)) + np.array([-extent, extent]))
    return f"Spearman {correlation:.2f} [{low:.2f}, {high:.2f}]\nover {len(means)} recipes"


def reach(row: pd.Series, name: str) -> np.ndarray:
    """How far an interval reaches to either side of its value, shape (2, 1)."""
    return np.abs([[row[name] - row[f"{name}_ci_low"]], [row[f"{name}_ci_high"] - row[name]]])


def _points(axes: Axes, rows: pd.DataFrame, trace: str, look: dict[str, Style]) -> None:
    """One point a recipe and seed with both intervals, hollow for further seeds; those that coincide stand apart."""
    aside = ASIDE * rows.groupby([CHANGE, trace]).cumcount()
    first = rows["seed"].min()
    for x, (_, row) in zip(rows[CHANGE] + aside, rows.iterrows(), strict=True):
        style = look[row["variant"]] | ({} if row["seed"] == first else HOLLOW)
        bars = {"xerr": reach(row, CHANGE), "yerr": reach(row, trace), "elinewidth": 0.5, "alpha": 0.35}
        axes.errorbar(x, row[trace], fmt="none", ecolor=style["color"], **bars)
        axes.plot(x, row[trace], ls="", ms=4.5, **style, label=row["variant"])
    axes.axvline(0, color="0.6", lw=0.6, zorder=0)


def _legend(figure: Figure, rows: pd.DataFrame, look: dict[str, Style]) -> None:
    """Every recipe, and what hollow marks are."""
    handles = [Line2D([], [], ls="", ms=4.5, **style, label=recipe_label(variant)) for variant, style in look.items()]
    for seed in sorted(rows["seed"].unique())[1:]:
        handles.append(Line2D([], [], ls="", ms=4.5, marker="o", color="0.4", **HOLLOW, label=f"seed {seed}"))
    figure.legend(handles=handles, loc="outside lower center", ncols=4, columnspacing=1, handletextpad=0.2)


def draw(table: pd.DataFrame) -> Figure:
    """A column an organism: relevance above, what steering adds below, against the change of behaviour, on common axes.

    Args:
        table: `trade_off`, one row a run.
    """
    rows = in_percent(table)
    look = styles(rows)
    organisms = list(rows["organism"].drop_duplicates())
    figure, grid = plt.subplots(
        len(TRACES), len(organisms), figsize=(WIDTH, 6), sharex=True, sharey="row", squeeze=False, layout="constrained"
    )
    for column, organism in zip(grid.T, organisms, strict=True):
        own = rows[rows["organism"] == organism]
        for axes, trace in zip(column, TRACES, strict=True):
            _points(axes, own, trace, look)
            axes.set_xlabel(agreement(own, trace).replace(" [", "\n["), fontsize=6.5)
        title = f"{names.run_label(organism)} ({own['organism_type'].iloc[0]})"
        column[0].set_title(textwrap.fill(title, NARROW), loc="left", fontsize=8)
        change = f"{textwrap.fill(CHANGES[own['behaviour'].iloc[0]], NARROW)}\n{column[-1].get_xlabel()}"
        column[-1].set_xlabel(change.strip(), fontsize=6.5)
    for panels, label in zip(grid, TRACES.values(), strict=True):
        panels[0].set_ylabel(label)
        panels[0].set_ylim(bottom=min(0, panels[0].get_ylim()[0]))
        for axes in panels:
            axes.axhline(0, color="0.6", lw=0.6, zorder=0)
    _legend(figure, rows, look)
    caption(
        figure,
        f"Trace against behaviour on {names.display(names.MODELS, str(table['model'].iloc[0]))}, a point a run: low "
        "and to the right is learnt and hard to read. Change: share of own probes on which the organism sides with its "
        "finetuning (FFA: of false facts), minus the base model's. Relevance (judge: "
        f"{names.display(names.JUDGES, str(table['judge'].iloc[0]))}), steering: largest over positions. Error bars, "
        "95%: change, bootstrap over facts or questions; relevance, Wilson; steering, bootstrap paired over prompts; "
        f"n: figures mixing, dose. Points that coincide are drawn {ASIDE:g} points of behaviour apart. Spearman: "
        "Fisher's interval over recipes, mostly amounts of training.",
    )
    return figure
