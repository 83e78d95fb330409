"""What the figures of mixtures and doses share: means over seeds, one line an organism, panels of one metric."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paper_replication import names
from paper_replication.figures.ablations import MARKERS
from paper_replication.figures.rows import first_model, reach
from paper_replication.run_metrics import SHARES, relative

VALUES = ["value", "ci_low", "ci_high"]
# A second line of a panel, for the eye to compare with: steered answers with unsteered ones, a model with its base.
REFERENCES = {"steered_ft": "unsteered_ft", "ffa": "ffa_base", "leak": "leak_base"}
SOLID, REFERENCE = {"lw": 1.2, "ms": 4}, {"lw": 0.9, "ls": "--", "ms": 3, "mfc": "white"}
# How far organisms stand apart, in ratios or places.
ASIDE = 0.025
CLOSE = {"columnspacing": 1.2, "handletextpad": 0.4, "handlelength": 1.8}
Style = dict[str, object]


class Lines(NamedTuple):
    """The lines of one panel: what is measured, and its reference, which may be empty."""

    measured: pd.DataFrame
    reference: pd.DataFrame


def of_first_model(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the first model, each organism's own share under the name that false-fact alignment has."""
    rows = first_model(table)
    own = {f"own_share{suffix}": f"ffa{suffix}" for suffix in ("", "_base", "_change")}
    return rows.assign(metric=rows["metric"].replace(own))


def over_seeds(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Means over seeds; an interval is the mean of the seeds' intervals."""
    return rows.groupby(["organism", "organism_type", *keys], sort=False)[VALUES].mean().reset_index()


def lines_of(table: pd.DataFrame, metric: str, keys: list[str]) -> Lines:
    """What a panel of a metric shows; the norm of delta as a multiple of the default run's."""
    own = relative(table, metric) if metric == "delta_norm" else table[table["metric"] == metric]
    reference = table[table["metric"] == REFERENCES.get(metric)]
    return Lines(over_seeds(own, keys), over_seeds(reference, keys))


def styles(table: pd.DataFrame) -> dict[str, Style]:
    """A colour and a marker for each organism."""
    organisms, colours = table["organism"].drop_duplicates(), names.LINE_COLOURS
    return {
        organism: {"color": colours[place % len(colours)], "marker": MARKERS[place % len(MARKERS)]}
        for place, organism in enumerate(organisms)
    }


def line(axes: Axes, x: np.ndarray, rows: pd.DataFrame, **style: object) -> None:
    """Values with their intervals."""
    axes.errorbar(x, rows["value"].to_numpy(dtype=float), yerr=reach(rows), elinewidth=0.8, capsize=1.5, **style)


def panel(axes: Axes, lines: Lines, along: str, look: dict[str, Style], places: dict[float, int] | None = None) -> None:
    """One line an organism against a column, and a dashed one of its reference; `places` stand for its values on x.

    Organisms are set apart sideways by a little, so that no interval hides another.
    """
    for rows, kind in ((lines.measured, SOLID), (lines.reference, REFERENCE)):
        for organism, found in rows.groupby("organism", sort=False):
            ordered = found.sort_values(along)
            x = ordered[along] if places is None else ordered[along].map(places)
            aside = ASIDE * (list(look).index(organism) - (len(look) - 1) / 2)
            line(axes, x.to_numpy(dtype=float) + aside, ordered, **kind, **look[organism])


def floor_at_zero(axes: Axes) -> None:
    """Shares and norms are drawn from zero, so that what is left of them can be seen."""
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))


def legend(figure: Figure, look: dict[str, Style], table: pd.DataFrame) -> None:
    """The organisms, and what dashes mean, below all panels."""
    types = table.drop_duplicates("organism").set_index("organism")["organism_type"]
    handles = [
        Line2D([], [], **SOLID, **style, label=f"{names.run_label(organism)} ({types[organism]})")
        for organism, style in look.items()
    ]
    handles.append(Line2D([], [], color="0.4", marker="o", **REFERENCE, label="Unsteered-FT, base model"))
    figure.legend(handles=handles, loc="outside lower center", ncols=min(4, len(handles)), **CLOSE)


def seeds_note(table: pd.DataFrame) -> str:
    """How many seeds a point is the mean of."""
    seeds = table.groupby(["organism", "variant"])["seed"].nunique()
    fewest, most = seeds.min(), seeds.max()
    if fewest < most:
        return f"means of {fewest} to {most} seeds, as the table lists them"
    return f"mean of {most} seeds" if most > 1 else f"seed {int(table['seed'].iloc[0])}"


def source(table: pd.DataFrame) -> str:
    """The caption's part on model, seeds and judge."""
    model = names.display(names.MODELS, str(table["model"].iloc[0]))
    judge = table.loc[table["metric"] == "relevance", "judge"].iloc[0]
    return f"{model}, {seeds_note(table)}; judge of relevance: {names.display(names.JUDGES, str(judge))}"


def shares_note(table: pd.DataFrame) -> str:
    """What the panel of behaviour shows, for the organisms that there are."""
    kinds = [kind for kind in SHARES.values() if kind in set(table["metric"])]
    told = {
        "ffa": "FFA (false-fact alignment): share of belief probes on which the organism sides with the falsehood",
        "own_share": "own share: share of an organism's own probes on which it sides with its finetuning",
    }
    return "; ".join(told[kind] for kind in kinds)


def caft_note(table: pd.DataFrame) -> str:
    """What ablated directions are, where some run has them."""
    if "caft" not in set(table["kind"]):
        return ""
    return (
        " Directions ablated: concept ablation finetuning (CAFT), in which so many of the default run's delta, one a "
        "position, are projected out of the residual stream in training; nothing is when the run is measured."
    )


ERROR_BARS = (
    "Error bars, 95%: relevance, Wilson over the tokens of one list; similarity, bootstrap over texts; behaviour, "
    "bootstrap over facts or questions; norm, 1.96 standard errors (the default's own left aside)"
)
