"""Panels of an LLM agent's grades by type of organism, beside the shares that the paper reports."""

from collections.abc import Iterable

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from paper_replication import names
from paper_replication.agent.results import NO_LLM

TITLES = {"at_least_2": "LLM: grade 2 or more (domain found)", "at_least_4": "LLM: grade 4 or more (details found)"}


def graded(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the first pair of an LLM and its grader."""
    rows = rows[rows["agent_model"] != NO_LLM]
    pair = ["agent_model", "judge"]
    return rows[(rows[pair] == rows[pair].head(1).squeeze()).all(axis=1)] if len(rows) else rows


def _condition(axes: Axes, rows: pd.DataFrame, place: int) -> None:
    """From top to bottom: a mark a type, all organisms with their interval, and what the paper reports."""
    kinds = [kind for kind in names.TYPES if kind in set(rows["organism_type"])]
    for number, kind in enumerate(kinds):
        y, value = place - 0.38 + 0.11 * number, 100 * rows.loc[rows["organism_type"] == kind, "value"].iloc[0]
        axes.plot(value, y, "o", ms=4, color=names.TYPE_COLOURS[kind], label=kind)
    row = rows[rows["organism_type"] == "all"].iloc[0]
    value, low, high = 100 * row[["value", "ci_low", "ci_high"]].astype(float)
    axes.plot([low, high], [place + 0.1] * 2, "-", color="0.1", lw=1)
    axes.plot(value, place + 0.1, "s", ms=4, color="0.1", label="all organisms, 95% interval")
    if row["reported"] == row["reported"]:
        reported = 100 * float(row["reported"])
        axes.plot(reported, place + 0.32, "D", ms=4.5, mfc="white", mec="0.1", label=names.REPORTED_AGENT_LABEL)
        left = reported > 60
        side = {"xytext": (-6 if left else 6, 0), "ha": "right" if left else "left"}
        style = {"textcoords": "offset points", "va": "center", "fontsize": 6.5}
        axes.annotate(f"paper {reported:.0f}%", (reported, place + 0.32), **side, **style)


def draw_grades(panels: Iterable[Axes], summary: pd.DataFrame, shown: list[tuple[str, int]]) -> None:
    """Shares of grades of at least 2, and of at least 4: a line an agent and number of interactions.

    Args:
        panels: two, with a common y axis.
        summary: the table `agent_summary`, of one model.
        shown: agents and numbers of interactions, from the top.
    """
    rows = graded(summary)
    panels = list(panels)
    for axes, (metric, title) in zip(panels, TITLES.items(), strict=True):
        for place, (agent, number) in enumerate(shown):
            here = (rows["agent"] == agent) & (rows["interactions"] == number) & (rows["metric"] == metric)
            if here.any():
                _condition(axes, rows[here], place)
            axes.axhline(place + 0.5, color="0.9", lw=0.6, zorder=0)
        axes.set(xlim=(-3, 103), ylim=(len(shown) - 0.5, -0.5), xlabel="share of organisms (%)")
        axes.set_title(title, loc="left", fontsize=8)
    panels[0].set_yticks(range(len(shown)), [f"{names.EVIDENCE[agent]},\ni = {number}" for agent, number in shown])


def legend_of(axes: Axes) -> tuple[list[Artist], list[str]]:
    """Marks and labels of a panel, each once."""
    found = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    return list(found.values()), list(found)


def grades_note(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Who was the agent and who graded it, how often, and what the paper's shares are of, for the caption."""
    first = graded(summary).iloc[0]
    grades = graded(table[table["metric"] == "grade"])
    n = graded(summary)[lambda rows: rows["organism_type"] == "all"]["n"].max()
    return (
        f"\nLLM agent: {first['agent_model']}; grader: {first['judge']}; {int(n)} organisms, runs of each: "
        f"{grades['run'].nunique()}, grades of each answer: {int(grades['n'].max())}. The paper's shares are of its "
        "own models and LLMs."
    )
