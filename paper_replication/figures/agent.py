"""Figure: how the interpretability agent's answers are graded, by agent and budget, beside what the paper reports."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from paper_replication import names
from paper_replication.figures.style import WIDTH, caption


def grade_shares(grades: pd.DataFrame) -> dict[int, float]:
    """The share of each grade, from 5 to 1: means over organisms of the means over seeds, runs and repeats."""
    by_organism = [rows["grade"].value_counts(normalize=True) for _, rows in grades.groupby("organism", sort=False)]
    return {g: sum(shares.get(g, 0.0) for shares in by_organism) / max(1, len(by_organism)) for g in names.GRADES}


def _bar(axes: Axes, grades: pd.DataFrame, place: int) -> None:
    left = 0.0
    for grade, share in grade_shares(grades).items():
        axes.barh(place, 100 * share, left=100 * left, height=0.6, color=names.GRADE_COLOURS[grade], lw=0)
        left += share


def _intervals(axes: Axes, row: pd.Series, place: int) -> None:
    """The intervals over organisms of both shares, below the bar."""
    for offset, name, grade in ((0.36, "at_least_4", 4), (0.43, "at_least_2", 2)):
        low, high = 100 * row[f"{name}_ci_low"], 100 * row[f"{name}_ci_high"]
        axes.plot([low, high], [place + offset] * 2, "-", color=names.GRADE_COLOURS[grade], lw=1.6)


def _mark_reported(axes: Axes, row: pd.Series, place: int) -> None:
    """The paper's shares where a bar's grades of at least 4 and at least 2 should end."""
    for share, face in ((row["reported_at_least_4"], "white"), (row["reported_at_least_2"], names.ORANGE)):
        if share == share:
            axes.plot([100 * share], [place], "D", ms=5, mfc=face, mec="0.1", mew=0.8, zorder=4)


def _panel(axes: Axes, grades: pd.DataFrame, summary: pd.DataFrame, title: str, reported: bool) -> None:
    for place, (_, row) in enumerate(summary.iterrows()):
        here = grades[(grades["agent"] == row["agent"]) & (grades["budget"] == row["budget"])]
        _bar(axes, here, place)
        if reported and not here.empty:
            _intervals(axes, row, place)
        if here.empty:
            axes.text(60, place, "not run", fontsize=7, color="0.4", ha="center", va="center")
        if reported:
            _mark_reported(axes, row, place)
    labels = [f"{names.LLM_AGENTS[row['agent']]},\n{row['budget']} interactions" for _, row in summary.iterrows()]
    axes.set_yticks(range(len(summary)), labels)
    axes.set_ylim(len(summary) - 0.5, -0.5)
    axes.set_xlim(0, 101)
    axes.set_xlabel("share of grades (%)")
    axes.set_title(title, loc="left")


def _legend(axes: Axes, grades: dict[int, str], reported: bool) -> None:
    handles = [Patch(color=names.GRADE_COLOURS[grade], label=label) for grade, label in grades.items()]
    if reported:
        for face, level in (("white", 4), (names.ORANGE, 2)):
            label = f"at least {level}, {names.REPORTED_AGENT_LABEL}".replace("paper, ", "paper,\n")
            handles += axes.plot([], [], "D", ms=5, mfc=face, mec="0.1", mew=0.8, label=label)
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=6.5)


def _caption(grades: pd.DataFrame, summary: pd.DataFrame) -> str:
    start = "Grades from 1 to 5 of what an LLM states that a model was finetuned for, by its evidence and its budget."
    if grades.empty:
        return f"{start} No agent was run: the config names no LLM (agent.model is none). Diamonds: the paper's shares."
    row = summary.iloc[0]
    repeats, runs = grades["grader_repeat"].nunique(), grades["run"].nunique()
    rates = [
        f"{names.LLM_AGENTS[r['agent']]}, {r['budget']} interactions: {100 * r['false_positive_rate']:.0f}%"
        for _, r in summary.iterrows()
        if r["n_controls"]
    ]
    false = f" False positives (2 or less on a control): {'; '.join(rates)}." if rates else ""
    controls = f"{row['n_controls']} control{'' if row['n_controls'] == 1 else 's'}"
    return (
        f"{start} Finetuned model: {names.display(names.MODELS, row['model'])}; agent: {row['agent_model']}; grader: "
        f"{row['grader_model']}. Means over {row['n_organisms']} organisms and {controls}; runs of each: {runs}, "
        f"grades of each answer: {repeats}; true-fact twins are in the table alone. Lines below a bar: 95% Wilson "
        "intervals over organisms of the shares of at least 4 and at least 2. The paper's shares are of its own models "
        f"and LLMs.{false}"
    )


def draw(grades: pd.DataFrame, summary: pd.DataFrame) -> Figure:
    """A bar an agent and budget, split by grade; below, the same for controls, where the best grade is no claim.

    Of several models, the first is drawn, and named, with its default variant; the tables have them all.

    Args:
        grades: the table `agent_grades`; empty where no agent was run.
        summary: the table `agent_summary`.
    """
    if not grades.empty:
        first = (summary["model"] == summary["model"].iloc[0]) & (summary["variant"] == summary["variant"].iloc[0])
        summary = summary[first]
        same = summary.iloc[0]
        grades = grades[(grades["model"] == same["model"]) & (grades["variant"] == same["variant"])]
    organisms, controls = grades[grades["organism_type"] != "control"], grades[grades["rubric"] == "control"]
    n = 1 if controls.empty else 2
    size = (WIDTH, 1.2 + n * (0.7 + 0.36 * len(summary)))
    figure, panels = plt.subplots(n, 1, figsize=size, squeeze=False, layout="constrained")
    _panel(panels[0][0], organisms, summary, "organisms", reported=True)
    _legend(panels[0][0], names.GRADES, reported=True)
    if n == 2:
        _panel(panels[1][0], controls, summary, "controls: nothing to find", reported=False)
        _legend(panels[1][0], names.CONTROL_GRADES, reported=False)
    caption(figure, _caption(grades, summary))
    return figure
