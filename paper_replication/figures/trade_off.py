"""Figure: the trace that is left against what was learnt, a point a recipe and seed."""

import math

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paper_replication import names
from paper_replication.figures.metrics import LINE_COLOURS
from paper_replication.figures.rows import first_model
from paper_replication.figures.style import WIDTH, caption
from paper_replication.trade_off import STEERING

TRACES = {STEERING: "steered minus unsteered (mean cosine)", "relevance": "relevant tokens (%)"}
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
HOLLOW = {"mfc": "white"}
SIZE = 4.5  # points: of a mark
LEAST, MOST = 2.5, 6.5  # points: of the marks of none and of the most unrelated data
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
    columns = [f"{name}{end}" for name in PERCENT for end in ("", "_ci_low", "_ci_high")]
    return rows.assign(**(100 * rows[columns]), ratio=rows["variant"].map(ratio))


def colours(rows: pd.DataFrame) -> dict[str, str]:
    """A colour for each organism, again from the first where there are more than colours."""
    found = rows["organism"].drop_duplicates()
    return {name: LINE_COLOURS[place % len(LINE_COLOURS)] for place, name in enumerate(found)}


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
    return f"{len(means)} recipes, Spearman\n{correlation:.2f} [{low:.2f}, {high:.2f}]"


def reach(rows: pd.DataFrame, name: str) -> np.ndarray:
    """How far intervals reach to either side of their values, shape (2, rows)."""
    return np.abs(
        rows[[f"{name}_ci_low", f"{name}_ci_high"]].to_numpy(dtype=float).T - rows[name].to_numpy(dtype=float)
    )


def _points(axes: Axes, rows: pd.DataFrame, trace: str) -> None:
    """A point a recipe and seed with both intervals; a line an organism and seed through its mixtures."""
    shade, ratios = colours(rows), sorted(rows["ratio"].unique())
    sizes = dict(zip(ratios, np.linspace(LEAST, MOST, len(ratios)), strict=True))
    for (organism, seed), own in rows.groupby(["organism", "seed"], sort=False):
        colour, first = shade[str(organism)], rows.loc[rows["organism"] == organism, "seed"].min()
        mixed = own[own["kind"].isin(MIXED)].sort_values("ratio")
        axes.plot(mixed[CHANGE], mixed[trace], color=colour, lw=0.9, alpha=0.7, zorder=1)
        bars = {"xerr": reach(own, CHANGE), "yerr": reach(own, trace), "elinewidth": 0.5, "alpha": 0.35}
        axes.errorbar(own[CHANGE], own[trace], fmt="none", ecolor=colour, zorder=0, **bars)
        for row in own.to_dict("records"):
            mark = {
                "marker": MARKERS[row["kind"]],
                "ms": sizes[row["ratio"]] if row["kind"] in MIXED else SIZE,
                "color": colour,
            }
            hollow = {} if seed == first else HOLLOW
            axes.plot(row[CHANGE], row[trace], ls="", mew=0.9, alpha=ALPHA, label=row["variant"], **mark | hollow)
    axes.axvline(0, color="0.6", lw=0.6, zorder=0)
    axes.axhline(0, color="0.6", lw=0.6, zorder=0)


def _correlations(axes: Axes, rows: pd.DataFrame, trace: str) -> None:
    """Where there is room: what the organisms of many recipes have, each in its colour."""
    told = {organism: agreement(rows[rows["organism"] == organism], trace) for organism in colours(rows)}
    below = 0.0
    for organism, text in told.items():
        if text:
            said = f"{names.run_label(organism)}: {text}"
            place = {"textcoords": "offset points", "xycoords": "axes fraction", "ha": "right", "va": "top"}
            axes.annotate(said, (1, 1), (0, -below), color="0.3", fontsize=6.5, **place)
            below += 20


def _legend(figure: Figure, rows: pd.DataFrame) -> None:
    """Organisms by their colours; kinds of recipes by their marks, and what hollow marks are."""
    types = rows.drop_duplicates("organism").set_index("organism")["organism_type"]
    plain = {"ls": "", "ms": SIZE}
    handles = [
        Line2D([], [], **plain, marker="o", color=colour, label=f"{names.run_label(organism)} ({types[organism]})")
        for organism, colour in colours(rows).items()
    ]
    for kind, called in KINDS.items():
        if kind in set(rows["kind"]):
            handles.append(Line2D([], [], **plain, marker=MARKERS[kind], color="black", label=called))
    for seed in sorted(rows["seed"].unique())[1:]:
        handles.append(Line2D([], [], **plain, marker="o", color="black", **HOLLOW, label=f"seed {seed}"))
    figure.legend(handles=handles, loc="outside lower center", ncols=4, columnspacing=1, handletextpad=0.2)


def draw(table: pd.DataFrame) -> Figure:
    """What steering adds, and the relevance of tokens, against the change of behaviour.

    Args:
        table: `trade_off`, one row a run.
    """
    rows = in_percent(table)
    figure, panels = plt.subplots(1, len(TRACES), figsize=(WIDTH, 4.9), sharex=True, layout="constrained")
    measures = [{"ffa": "FFA", "own_share": "own share"}[name] for name in rows["behaviour"].drop_duplicates()]
    for axes, (trace, label) in zip(panels, TRACES.items(), strict=True):
        _points(axes, rows, trace)
        _correlations(axes, rows, trace)
        axes.set_ylabel(label)
        axes.set_xlabel(f"change of {' or '.join(measures)} (points)")
    _legend(figure, rows)
    caption(
        figure,
        f"Trace against behaviour on {names.display(names.MODELS, str(table['model'].iloc[0]))}, a point a run: low "
        "and to the right is learnt and hard to read. Change: share of own probes on which the organism sides with its "
        "finetuning (FFA: of false facts), minus the base model's. Lines: unrelated data mixed in, from none on, "
        f"larger marks with more. Relevance (judge: {names.display(names.JUDGES, str(table['judge'].iloc[0]))}), "
        "steering: largest over positions. Error bars, 95%: change, bootstrap over facts or questions; relevance, "
        "Wilson; steering, bootstrap paired over prompts; n, and which dose is which: figures mixing, dose. "
        "Spearman, of means over seeds: Fisher's interval over recipes, mostly amounts of training.",
    )
    return figure
