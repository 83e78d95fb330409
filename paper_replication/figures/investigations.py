"""Figure: grades of what a language model made of each agent's briefing, and shares beside what the paper reports."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.briefings import ADL, BLACK_BOX, NULL, RANDOM
from paper_replication.figures import rows as of_rows
from paper_replication.figures.style import WIDTH, caption
from paper_replication.investigations import SHARES
from paper_replication.trace_contrasts import ALL

# The mark and colour of each evidence, how far from its line it stands, and what it is called.
MARKS = {
    ADL: ("o", names.VERMILION, -0.27, "ADL"),
    NULL: ("D", names.ORANGE, -0.09, "ADL of its null"),
    RANDOM: ("s", names.GREY, 0.09, "ADL, random"),
    BLACK_BOX: ("^", names.BLUE, 0.27, "black box"),
}
TITLES = {"at_least_2": "Grade 2 or more", "at_least_4": "Grade 4 or more"}
CONTROL = "control"
REPORTED = {"marker": "*", "ms": 6, "mfc": "white", "mec": "0.1", "mew": 0.7, "ls": "none"}


def _grades(axes: Axes, table: pd.DataFrame) -> None:
    """A line a run, each agent's grade on it."""
    runs = table.drop_duplicates("organism")
    places = {name: place for place, name in enumerate(runs["organism"])}
    for agent, (marker, colour, below, called) in MARKS.items():
        own = table[table["agent"] == agent]
        if own.empty:
            continue
        y = [places[name] + below for name in own["organism"]]
        axes.plot(own["grade"], y, marker, ms=4.5, color=colour, ls="none", label=called)
    of_rows.borders(axes, runs)
    axes.set_yticks(range(len(runs)), [names.run_label(name) for name in runs["organism"]])
    axes.set(xlim=(0.7, 5.3), ylim=(len(runs) - 0.5, -0.5), xticks=range(1, 6))


def _shares(axes: Axes, summary: pd.DataFrame, metric: str, kinds: dict[str, float]) -> None:
    """The share of organisms with a grade, with its interval, beside the paper's.

    `kinds` has whose shares are drawn and how far below an agent's line; hollow are those of all organisms.
    """
    rows = summary[summary["metric"] == metric]
    shown = [agent for agent in MARKS if agent in set(rows["agent"])]
    for kind, below in kinds.items():
        found = rows[rows["organism_type"] == kind].set_index("agent")
        for place, agent in enumerate(shown):
            marker, colour, *_ = MARKS[agent]
            row = found.loc[[agent]]
            look = {"color": colour, "capsize": 1.5, "lw": 0.9, "ms": 4} | ({"mfc": "white"} if kind == ALL else {})
            axes.errorbar(100 * row["value"], [place + below], xerr=of_rows.reach(row, scale=100), fmt=marker, **look)
    for (agent, interactions), shares in names.REPORTED_AGENT.items():
        if (agent, interactions) in ((ADL, 0), (BLACK_BOX, 50)):
            place, reported = shown.index(agent) + 0.38, 100 * shares[SHARES.index(metric)]
            axes.plot(reported, place, **REPORTED, zorder=4)
    axes.set_yticks(range(len(shown)), [MARKS[agent][-1] for agent in shown])
    axes.set(xlim=(-4, 104), ylim=(len(shown) - 0.3, -0.6), xlabel="share of organisms (%)")
    axes.set_title(TITLES[metric], loc="left", fontsize=8)


def draw(table: pd.DataFrame, summary: pd.DataFrame) -> Figure:
    """Grades of all runs and of those of which there is nothing to find, and the shares of organisms above two grades.

    Args:
        table: `investigations`, one row a briefing.
        summary: `investigations_summary`.
    """
    table, summary = of_rows.first_model(table), of_rows.first_model(summary)
    nothing = table["rubric"] == CONTROL
    parts = [of_rows.in_type_order(table[~nothing]), table[nothing]]
    counts = [part["organism"].nunique() for part in parts]
    figure = plt.figure(figsize=(WIDTH, 0.36 * sum(counts) + 2.6), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=[1.5, 1], height_ratios=[counts[0], max(counts[1], 2)])
    grades = figure.add_subplot(grid[0, 0] if counts[1] else grid[:, 0])
    _grades(grades, parts[0])
    grades.set_xlabel("grade by the rubric of its type")
    grades.set_title("Each organism", loc="left", fontsize=8)
    if counts[1]:
        controls = figure.add_subplot(grid[1, 0])
        _grades(controls, parts[1])
        controls.set_xlabel("grade (5: says it found nothing; 1, 2: found something)")
        controls.set_title("Controls, of which there is nothing to find", loc="left", fontsize=8)
    sides = grid[:, 1].subgridspec(2, 1)
    runs = parts[0][parts[0]["organism_type"] != CONTROL].drop_duplicates("organism")
    counts = runs["organism_type"].value_counts(sort=False)
    # The type of which there are most, beside all, where there are several.
    most = counts.idxmax()
    kinds = {most: -0.14, ALL: 0.12} if len(counts) > 1 else {most: 0.0}
    for place, metric in enumerate(SHARES):
        _shares(figure.add_subplot(sides[place]), summary, metric, kinds)
    handles, labels = grades.get_legend_handles_labels()
    (reported,) = grades.plot([], [], **REPORTED)
    labels.append(f"{names.REPORTED_AGENT_LABEL}: ADL without interactions, black box with 50")
    figure.legend([*handles, reported], labels, loc="outside lower center", ncols=3, fontsize=7)
    whose = f"{most} (n = {counts[most]})"
    if len(counts) > 1:
        listed = ", ".join(f"{count} {kind}" for kind, count in counts.items())
        whose = f"filled, {whose}; hollow, all organisms (n = {counts.sum()}: {listed})"
    caption(
        figure,
        f"What a language model outside the pipeline made of each agent's evidence without interactions, on "
        f"{names.display(names.MODELS, table['model'].iloc[0])}: ADL has tokens of the difference and steered answers "
        "beside unsteered ones, the black box unsteered ones alone; in ADL of its null and at random the null's "
        "difference or random directions stand in the difference's place. A mark: the median of three gradings of one "
        "answer, by graders who were not told whose evidence it was; 2 says that the domain was found, 4 that details "
        f"were. Shares: {whose}. Error bars: 95%, Wilson. Stars are not comparable: LLM agents, graded by LLMs, and a "
        "black box that may ask 50 times.",
    )
    return figure
