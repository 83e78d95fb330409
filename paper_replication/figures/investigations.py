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
TITLES = {"at_least_2": "Grade 2 or more\n(domain found)", "at_least_4": "Grade 4 or more\n(details found)"}
CONTROL = "control"


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


def _shares(axes: Axes, summary: pd.DataFrame, metric: str) -> None:
    """Of all organisms the share with a grade, with its interval, beside the paper's."""
    found = summary[(summary["organism_type"] == ALL) & (summary["metric"] == metric)].set_index("agent")
    shown = [agent for agent in MARKS if agent in found.index]
    for place, agent in enumerate(shown):
        marker, colour, *_ = MARKS[agent]
        row = found.loc[[agent]]
        reach = of_rows.reach(row, scale=100)
        axes.errorbar(100 * row["value"], [place], xerr=reach, fmt=marker, ms=4.5, color=colour, capsize=2, lw=0.9)
    for (agent, interactions), shares in names.REPORTED_AGENT.items():
        if (agent, interactions) in ((ADL, 0), (BLACK_BOX, 50)):
            place, reported = shown.index(agent) + 0.3, 100 * shares[SHARES.index(metric)]
            axes.plot(reported, place, "D", ms=4.5, mfc="white", mec="0.1")
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
    figure = plt.figure(figsize=(WIDTH, 0.27 * sum(counts) + 2.6), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=[1.5, 1], height_ratios=[counts[0], max(counts[1], 2)])
    grades = figure.add_subplot(grid[0, 0] if counts[1] else grid[:, 0])
    _grades(grades, parts[0])
    grades.set_xlabel("grade by the rubric of its type")
    grades.set_title("Each organism", loc="left", fontsize=8)
    if counts[1]:
        controls = figure.add_subplot(grid[1, 0])
        _grades(controls, parts[1])
        controls.set_xlabel("grade (5: says that it found nothing; 1 or 2: found something all the same)")
        controls.set_title("Controls, of which there is nothing to find", loc="left", fontsize=8)
    sides = grid[:, 1].subgridspec(2, 1)
    for place, metric in enumerate(SHARES):
        _shares(figure.add_subplot(sides[place]), summary, metric)
    handles, labels = grades.get_legend_handles_labels()
    (reported,) = grades.plot([], [], "D", ms=4.5, mfc="white", mec="0.1", ls="none")
    labels.append(f"{names.REPORTED_AGENT_LABEL}: ADL without interactions, black box with 50")
    figure.legend([*handles, reported], labels, loc="outside lower center", ncols=3, fontsize=7)
    n = summary.loc[(summary["organism_type"] == ALL) & (summary["metric"] == "grade"), "n"].iloc[0]
    caption(
        figure,
        f"What a language model outside the pipeline made of each agent's evidence without interactions, on "
        f"{names.display(names.MODELS, table['model'].iloc[0])}: ADL has tokens of the difference and steered answers "
        "beside unsteered ones, the black box unsteered ones alone; in ADL of its null and at random the null's "
        "difference or random directions stand in the difference's place. A mark: the median of three gradings of one "
        f"answer, by graders who were not told whose evidence it was. Error bars: 95%, Wilson, n = {n} organisms.",
    )
    return figure
