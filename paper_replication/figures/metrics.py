"""What the figures of mixtures and doses share: one line an organism and seed, panels of one metric."""

from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paper_replication import names
from paper_replication.figures.ablations import MARKERS
from paper_replication.figures.rows import first_model, reach
from paper_replication.run_metrics import SHARES, relative

VALUES = ["value", "ci_low", "ci_high"]
# Drawn in percent, and what axes call them.
SHARES_CALLED = {"relevance": "relevant tokens", "ffa": "FFA", "own_share": "own share", "leak": "answers that leak"}
COUNTED = {
    "relevance": "tokens",
    "steered_ft": "answers",
    "steered_minus_random": "answers",
    "ffa": "probes",
    "delta_norm": "documents",
    "causal_effect_finetuning": "texts",
    "leak": "answers",
}
# A second line of a panel, for the eye to compare with: steered answers with unsteered ones, a model with its base.
REFERENCES = {"steered_ft": "unsteered_ft", "ffa": "ffa_base", "leak": "leak_base"}
DASHES = {"steered_ft": "--", "ffa": ":", "leak": ":"}
DASHES_CALLED = {"--": "unsteered answers", ":": "base model"}
# Differences of two values of another metric, whose unit they have.
DIFFERENCES = {"steered_minus_random": "steered_ft"}
# The table's interval is the mean of the positions' interval ends, which is the interval of nothing.
WITHOUT_INTERVAL = ("causal_effect_finetuning",)
FIRST_SEED, FURTHER_SEED = {"lw": 1.2, "ms": 4}, {"lw": 0.7, "ms": 4, "mfc": "white"}
# How far lines stand apart, in places, and how far the outermost at most, so that every point is at its own dose.
ASIDE, SPREAD = 0.1, 0.5
SMALL = 6.5  # points: the smallest font
Style = dict[str, object]
Run = tuple[str, int]


class Lines(NamedTuple):
    """The lines of one panel: what is measured, and its reference, which may be empty."""

    measured: pd.DataFrame
    reference: pd.DataFrame


def of_first_model(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the first model, each organism's own share under the name that false-fact alignment has."""
    rows = first_model(table)
    own = {f"own_share{suffix}": f"ffa{suffix}" for suffix in ("", "_base", "_change")}
    return rows.assign(metric=rows["metric"].replace(own))


def lines_of(table: pd.DataFrame, metric: str) -> Lines:
    """What a panel of a metric shows: shares in percent, the norm of delta as a multiple of the default run's."""
    own = relative(table, metric) if metric == "delta_norm" else table[table["metric"] == metric]
    reference = table[table["metric"] == REFERENCES.get(metric)]
    if metric in WITHOUT_INTERVAL:
        own = own.assign(ci_low=float("nan"), ci_high=float("nan"))
    scale = 100 if metric in SHARES_CALLED else 1
    return Lines(*(rows.assign(**(scale * rows[VALUES])) for rows in (own, reference)))


def styles(table: pd.DataFrame) -> dict[Run, Style]:
    """Of each organism and seed: a colour and a marker an organism, hollow and thin for all but its first seed."""
    look: dict[Run, Style] = {}
    for place, (organism, rows) in enumerate(table.groupby("organism", sort=False)):
        shape = {"color": names.LINE_COLOURS[place % len(names.LINE_COLOURS)], "marker": MARKERS[place % len(MARKERS)]}
        for number, seed in enumerate(sorted(rows["seed"].unique())):
            look[organism, seed] = shape | (FURTHER_SEED if number else FIRST_SEED)
    return look


def panel(axes: Axes, lines: Lines, along: str, look: dict[Run, Style], places: dict[float, int]) -> None:
    """One line with intervals an organism and seed against a column, and a broken one of its reference.

    Lines are set apart sideways by a little, so that no interval hides another.

    Args:
        axes: the panel.
        lines: what is drawn.
        along: the column of doses.
        look: `styles`.
        places: where each dose stands on x.
    """
    step = min(ASIDE, SPREAD / max(1, len(look) - 1))
    dashes = {"ls": DASHES.get(lines.measured["metric"].iloc[0], "-"), "lw": 0.9}
    for number, (run, style) in enumerate(look.items()):
        aside = step * (number - (len(look) - 1) / 2)
        for rows in lines:
            mine = rows[(rows["organism"] == run[0]) & (rows["seed"] == run[1])].sort_values(along)
            x, y = mine[along].map(places).to_numpy(dtype=float) + aside, mine["value"].to_numpy(dtype=float)
            if mine.empty:
                continue
            if rows is lines.measured:
                axes.errorbar(x, y, yerr=reach(mine), elinewidth=0.8, capsize=1.5, **style)
            else:
                axes.plot(x, y, color=style["color"], marker="_", ms=4, zorder=1, **dashes)


def floor_at_zero(axes: Axes) -> None:
    """Shares and norms are drawn from zero, so that what is left of them can be seen."""
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    axes.axhline(0, color="0.8", lw=0.6, zorder=0)


def axis_label(table: pd.DataFrame, metric: str) -> str:
    """What a panel measures, its unit, and below it the n of its intervals, or the least and most."""
    rows = first_model(table)
    kinds = [kind for kind in SHARES.values() if kind in set(rows["metric"])] if metric == "ffa" else [metric]
    n = sorted({int(count) for count in rows.loc[rows["metric"].isin(kinds), "n"]})
    if metric in SHARES_CALLED:
        called = f"{' or '.join(SHARES_CALLED.get(kind, kind) for kind in kinds)} (%)"
    elif metric in DIFFERENCES:
        called = f"difference of {names.METRICS[DIFFERENCES[metric]]}"
    else:
        called = names.METRICS[metric]
    return f"{called}\nn = {n[0]}{f' to {n[-1]}' if len(n) > 1 else ''} {COUNTED[metric]}"


def legend(
    figure: Figure, look: dict[Run, Style], table: pd.DataFrame, shown: list[str], place: str = "outside lower center"
) -> None:
    """The organisms and seeds, and what broken lines of the metrics shown mean: below all panels, unless told where."""
    types = table.drop_duplicates("organism").set_index("organism")["organism_type"]
    handles = []
    for (organism, seed), style in look.items():
        which = types[organism] if style["lw"] == FIRST_SEED["lw"] else f"seed {seed}"
        handles.append(Line2D([], [], **style, label=f"{names.run_label(organism)} ({which})"))
    for dashes, called in DASHES_CALLED.items():
        if dashes in {DASHES.get(metric) for metric in shown}:
            handles.append(Line2D([], [], color="0.4", lw=0.9, ls=dashes, label=called))
    close = {"columnspacing": 1.2, "handletextpad": 0.4, "handlelength": 1.8}
    columns = min(4 if place.startswith("outside") else 2, len(handles))
    figure.legend(handles=handles, loc=place, ncols=columns, **close)


def source(table: pd.DataFrame) -> str:
    """The caption's part on model, seeds and judge."""
    model = names.display(names.MODELS, str(table["model"].iloc[0]))
    judge = table.loc[table["metric"] == "relevance", "judge"].iloc[0]
    first, *further = sorted(table["seed"].unique())
    others = f" (hollow: {', '.join(str(seed) for seed in further)})" if further else ""
    return f"{model}, seed {first}{others}; judge: {names.display(names.JUDGES, str(judge))}"


def shares_note(table: pd.DataFrame) -> str:
    """What the panel of behaviour shows, for the organisms that there are."""
    kinds = [kind for kind in SHARES.values() if kind in set(table["metric"])]
    told = {"ffa": "FFA: false-fact alignment", "own_share": "own share: probes answered as finetuned"}
    return "; ".join(told[kind] for kind in kinds)


ERROR_BARS = (
    "Error bars, 95%: relevance, Wilson over the tokens of one list; similarity, bootstrap over answers; behaviour, "
    "over facts or questions; norm, 1.96 standard errors of the mean vector (at least 95%)"
)
