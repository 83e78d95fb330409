"""Figure: what a study measured a second time, with other seeds, beside what it measured the first time."""

from typing import NamedTuple

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.again import AGAIN, BEFORE, BELIEF, FIRST, LAST_BLOCK, RELEVANCE, SAME_SEED, STEERING, WORDS
from paper_replication.again_read import READ, READ_BASE
from paper_replication.best_position import MEAN
from paper_replication.blind_reading import NOTHING
from paper_replication.figures import marks, rows
from paper_replication.figures.style import WIDTH, caption
from paper_replication.trace_contrasts import ALL


class Panel(NamedTuple):
    """What a panel shows: a measure, and for shares a control that is drawn beside it, known by its distance."""

    title: str
    unit: str
    measure: str
    minus: str
    control: str | None
    scale: float


PANELS = [
    Panel("Relevant\ntokens", "tokens (%)", RELEVANCE, NOTHING, "random", 100),
    Panel("Relevant tokens,\nlast block", "tokens (%)", LAST_BLOCK, NOTHING, "null_difference", 100),
    Panel("Steered answers,\nwith its words", "answers (%)", WORDS, NOTHING, "random", 100),
    Panel("Steering, minus\nrandom vectors'", "cosine", STEERING, "Random-FT", None, 1),
    Panel("Belief, minus\nthat before", "probes (points)", BELIEF, BEFORE, None, 100),
]
# Of what was read outside the pipeline.
READ_PANELS = [
    Panel("Answers by\nthe difference", "on the subject (%)", READ, NOTHING, "random", 100),
    Panel("Minus those by a\nrandom direction", "points", READ, "random", None, 100),
    Panel("Minus those by the\nnull's difference", "points", READ, "null_difference", None, 100),
    Panel("Base model's, by\nthe difference", "on the subject (%)", READ_BASE, NOTHING, "random", 100),
]
# Each study's mark, colour and filling, and how far below its line it stands.
MARKS = {
    FIRST: ("o", names.BLUE, names.BLUE, -0.24),
    SAME_SEED: ("o", names.BLUE, "white", 0.0),
    AGAIN: ("D", names.VERMILION, names.VERMILION, 0.24),
}
# A type's mean, where organisms have their names.
MEAN_OF_TYPE = ""


def _panel(axes: Axes, panel: Panel, table: pd.DataFrame, types: pd.DataFrame, lines: list[tuple[str, str]]) -> None:
    """One line an organism, and one a type's mean; a mark a study; ticks are the control."""
    of_panel = table[table["measure"] == panel.measure].set_index(["minus", "organism"])
    means = types[(types["measure"] == panel.measure) & (types["minus"] == panel.minus)]
    for study, (marker, colour, face, below) in MARKS.items():
        look = {"marker": marker, "ms": 4, "color": colour, "mfc": face, "mew": 0.9, "ls": "none"}
        for place, (kind, organism) in enumerate(lines):
            y = place + below
            if organism != MEAN_OF_TYPE and (panel.minus, organism) in of_panel.index:
                value = of_panel.loc[(panel.minus, organism), study]
                if panel.control:
                    control = value - of_panel.loc[(panel.control, organism), study]
                    axes.plot(panel.scale * control, y, marker="|", ms=6, mew=1.3, color=names.GREY, ls="none")
                axes.plot(panel.scale * value, y, **look)
            if organism != MEAN_OF_TYPE:
                continue
            mean = means[(means["organism_type"] == kind) & (means["study"] == study)]
            if sum(mean["n_organisms"]) == sum(line[0] == kind for line in lines) - 1:
                if panel.control:
                    mean = mean.assign(ci_low=mean["ci_low"].clip(lower=0), ci_high=mean["ci_high"].clip(upper=1))
                reach = rows.reach(mean, "mean", panel.scale)
                axes.errorbar(panel.scale * mean["mean"], [y], xerr=reach, elinewidth=0.9, capsize=2, **look)
    for kind in dict.fromkeys(kind for kind, _ in lines):
        places = [place for place, line in enumerate(lines) if line[0] == kind]
        if not {lines[place][1] for place in places} & set(of_panel.index.get_level_values("organism")):
            middle, style = (places[0] + places[-1]) / 2, {"ha": "center", "va": "center", "color": "0.4"}
            axes.text(0.5, middle, "not measured", transform=axes.get_yaxis_transform(), fontsize=6.5, **style)
    axes.axvline(0, color="0.8", lw=0.6, zorder=0)
    axes.set_title(panel.title, loc="left", fontsize=8)
    axes.set_xlabel(panel.unit)


def _apart(types: pd.DataFrame, one: str, other: str, panels: list[Panel]) -> str:
    """By how much two studies differ on average, panel by panel, for the caption."""
    found = types[(types["organism_type"] == ALL) & (types["study"] == f"{one}_minus_{other}")]
    apart = found.set_index(["measure", "minus"])["mean_distance"]
    told = []
    for panel in panels:
        distance = panel.scale * apart.get((panel.measure, panel.minus), float("nan"))
        shown = f"{distance:.1f} points" if panel.scale == 100 else f"{distance:.2f}"
        told.append(shown if distance == distance else "not measured")
    n = " to ".join(map(str, sorted({found["n_organisms"].min(), found["n_organisms"].max()})))
    return f"{', '.join(told)} (n = {n})" if len(found) else "none"


def _told(panels: list[Panel], types: pd.DataFrame) -> str:
    """What was measured how, and how far the studies lie apart, for the caption."""
    apart = f"Mean distance of an organism's two values, panel by panel: {_apart(types, AGAIN, FIRST, panels)}"
    if panels[0].measure == READ:
        return (
            "Steered answers, read by a language model outside the pipeline that did not know what they were steered "
            f"with; one counts where three readings agree. {apart}."
        )
    return (
        "Tokens: Patchscope, largest share over positions, judge: "
        f"{names.display(names.JUDGES, 'embedding_relevance')}; at the last block of fewer scales and documents, a "
        f"layer singled out after several had been seen. {apart}; where both have the same seed: "
        f"{_apart(types, AGAIN, SAME_SEED, panels)}."
    )


def draw(table: pd.DataFrame, types: pd.DataFrame, precision: str, panels: list[Panel] = PANELS) -> Figure:
    """One line an organism and one panel a measure, with the values of both studies.

    Args:
        table: `again`: one row an organism and measure, with the values of both studies.
        types: `again_types`: their means by type, with intervals.
        precision: in which the second study trains.
        panels: what is shown: tokens at the lens's layer and at the last block, answers by words and by cosine, and
            belief; or what was read of answers (`READ_PANELS`).
    """
    table = rows.in_type_order(rows.first_model(table[table["positions"] != MEAN]))
    types = rows.first_model(types[types["positions"] != MEAN])
    lines, called = [], []
    for kind, organisms in table.groupby("organism_type", sort=False)["organism"]:
        of_type = list(organisms.unique())
        lines += [(kind, name) for name in of_type]
        called += map(names.run_label, of_type)
        if len(of_type) > 1:
            lines.append((kind, MEAN_OF_TYPE))
            called.append(f"mean of {len(of_type)} ({kind})")
    size = (WIDTH, 0.36 * len(lines) + 1.9)
    figure, grid = plt.subplots(1, len(panels), figsize=size, layout="constrained", sharey=True)
    for axes, panel in zip(grid, panels, strict=True):
        _panel(axes, panel, table, types, lines)
        for place, line in enumerate(lines):
            if line[1] == MEAN_OF_TYPE:
                axes.axhline(place - 0.5, color="0.8", lw=0.6, zorder=0)
            if line == lines[-1] or line[0] != lines[place + 1][0]:
                axes.axhline(place + 0.5, color="0.4", lw=0.6, zorder=0)
    if panels[0].measure == RELEVANCE:
        marks.reported_band(grid[0], "x")
    grid[0].set_yticks(range(len(lines)), called)
    grid[0].set_ylim(len(lines) - 0.5, -0.5)
    seeds = {name: ", ".join(map(str, sorted(set(table[f"seed_{name}"])))) for name in (FIRST, AGAIN)}
    legend = {
        FIRST: f"first study, seed {seeds[FIRST]}",
        SAME_SEED: f"trained as in the first, with seed {seeds[AGAIN]}",
        AGAIN: f"second study, seed {seeds[AGAIN]}, in {precision}",
    }
    shown = [study for study in MARKS if table[study].notna().any()]
    for study, (marker, colour, face, _) in [(study, MARKS[study]) for study in shown]:
        grid[0].plot([], [], marker=marker, ms=4, color=colour, mfc=face, mew=0.9, ls="none", label=legend[study])
    control = "random vectors" + (" (last block: null)" if panels[0].measure == RELEVANCE else "")
    grid[0].plot([], [], marker="|", ms=6, mew=1.3, color=names.GREY, ls="none", label=control)
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    caption(
        figure,
        f"{table['organism'].nunique()} organisms made and trained a second time, with another seed, in {precision}; a "
        "mark beside a name is one training. Error bars: 95%, Student's t over the organisms of a type, of shares cut "
        f"at 0 and 100%. {_told(panels, types)}",
    )
    return figure
