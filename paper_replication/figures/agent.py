"""Figure: what both agents found, by organism and type: ranks of closed-set identification, grades of an LLM."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator, ScalarFormatter
from matplotlib.transforms import ScaledTranslation

from paper_replication import names
from paper_replication.agent.summary import offline
from paper_replication.figures.agent_grades import draw_grades, grades_note, legend_of
from paper_replication.figures.rows import in_type_order, per_cent
from paper_replication.figures.style import WIDTH, caption
from paper_replication.identification import BASE

TICKS = (1, 2, 5, 10, 20, 40, 80, 160)
# From the fewest interactions to the most: hollow, pale, full.
SHADES = (0.0, 0.4, 1.0)
# Inches of a row of an organism, and of what stands above and below the ranks.
ROW, AROUND = 0.27, 2.4


def of_first_model(table: pd.DataFrame, summary: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both tables for the first model and its default variant alone."""
    first = {name: table[name].iloc[0] for name in ("model", "variant")}
    found = (rows[(rows[list(first)] == pd.Series(first)).all(axis=1)] for rows in (table, summary))
    return tuple(found)


def conditions(rows: pd.DataFrame) -> list[tuple[str, int]]:
    """Agents with their numbers of interactions, ADL first, the fewest first."""
    pairs = rows[["agent", "interactions"]].drop_duplicates().itertuples(index=False)
    return sorted((agent, int(n)) for agent, n in pairs)


def condition_label(agent: str, interactions: int) -> str:
    """Whose evidence it is, and the number of interactions i, as a figure states them."""
    return f"{names.EVIDENCE[agent]}, i = {interactions}"


def percent(rows: pd.DataFrame, metric: str) -> str:
    """A share of the summary with its interval, in percent; "?" where it is not known."""
    found = rows[rows["metric"] == metric]
    if found.empty:
        return "?"
    value, low, high = 100 * found[["value", "ci_low", "ci_high"]].iloc[0]
    return f"{value:.0f}% [{low:.0f}, {high:.0f}]"


def _shades(ranks: pd.DataFrame) -> dict[int, float]:
    """A shade for each number of interactions, the same whoever's they are."""
    numbers = sorted(ranks["interactions"].unique())
    last = max(1, len(numbers) - 1)
    return {number: SHADES[round(place * (len(SHADES) - 1) / last)] for place, number in enumerate(numbers)}


def _face(colour: str, shade: float) -> tuple[str, float] | str:
    return (colour, shade) if shade else "white"


def _organisms(ranks: pd.DataFrame) -> pd.DataFrame:
    """Organisms with a rank and their types, in the order of types; twins, being controls, come last."""
    shown = ranks.drop_duplicates("organism")[["organism", "organism_type"]]
    return in_type_order(shown).reset_index(drop=True)


def _marks(axes: Axes, ranks: pd.DataFrame, rows: pd.DataFrame, shades: dict[int, float]) -> None:
    """A mark an organism and number of interactions, the median over seeds, with their range."""
    numbers = sorted(ranks["interactions"].unique())
    step = 0.56 / max(1, len(numbers) - 1)
    for place, number in enumerate(numbers):
        of_number = ranks[ranks["interactions"] == number].groupby("organism")["value"]
        for row, (organism, kind) in enumerate(rows.itertuples(index=False)):
            values, colour = of_number.get_group(organism), names.TYPE_COLOURS[kind]
            y = row - 0.28 * (len(numbers) > 1) + step * place
            axes.hlines(y, values.min(), values.max(), color=colour, lw=0.9)
            axes.plot(values.median(), y, "o", ms=4, mfc="white", mec="white", zorder=3)
            face = _face(colour, shades[number])
            axes.plot(values.median(), y, "o", ms=4, mfc=face, mec=colour, mew=0.8, zorder=4)


def _controls(best: pd.DataFrame) -> str:
    """The candidate that runs of controls rank first most often: in a random order, hardly two would agree."""
    counts = best["best"].value_counts()
    if counts.empty:
        return "no controls"
    return f"{names.run_label(str(counts.index[0]))} first for {counts.iloc[0]} of {len(best)} controls"


def _legend(axes: Axes, summary: pd.DataFrame, controls: pd.DataFrame, shades: dict[int, float]) -> None:
    """What the marks of each number of interactions add up to, and what controls give, below the axis."""
    handles = []
    for number in sorted(summary["interactions"].unique()):
        rows = summary[(summary["interactions"] == number) & (summary["organism_type"] == "all")]
        label = f"i = {number}: first {percent(rows, 'top_1')}, first five {percent(rows, 'top_5')};"
        label += f"\n{_controls(controls[controls['interactions'] == number])}"
        face = _face("0.25", shades[number])
        handles.append(Line2D([], [], ls="", marker="o", ms=4, mfc=face, mec="0.25", mew=0.8, label=label))
    # Below the axis label by inches, however many rows the panel has.
    below = axes.transAxes + ScaledTranslation(-0.05, -0.42, axes.figure.dpi_scale_trans)
    place = {"loc": "upper left", "bbox_to_anchor": (0, 0), "bbox_transform": below, "borderaxespad": 0}
    axes.legend(handles=handles, **place, fontsize=6.5, handletextpad=0.1, borderpad=0)


def _frame(axes: Axes, rows: pd.DataFrame, n: int) -> None:
    """The first five ranks shaded, the mean rank of a random order, and lines between organisms and types."""
    kinds = rows["organism_type"].tolist()
    for place in range(1, len(kinds)):
        same = kinds[place] == kinds[place - 1]
        axes.axhline(place - 0.5, color="0.9" if same else "0.55", lw=0.6, zorder=0)
    axes.axvspan(0.85, 5.45, color="0.95", zorder=-1)
    axes.axvline((n + 1) / 2, color="0.4", lw=0.9, ls="--", zorder=1)
    axes.text((n + 1) / 2, -0.62, "chance", fontsize=6.5, color="0.4", ha="center", va="bottom")
    axes.set(xscale="log", xlim=(0.85, 1.15 * n), ylim=(len(rows) - 0.4, -0.6))
    axes.set_xticks([tick for tick in TICKS if tick <= n])
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(f"rank of the truth among {n} candidates")


def _types(axes: Axes, rows: pd.DataFrame) -> None:
    """The type and number of organisms, at the right of the last panel."""
    for kind, places in rows.groupby("organism_type", sort=False).groups.items():
        label = "twin, not\ncounted" if kind == "control" else f"{kind}\nn = {len(places)}"
        middle = (places.min() + places.max()) / 2
        style = {"color": names.TYPE_COLOURS[kind], "fontsize": 6.5, "va": "center"}
        axes.text(1.03, middle, label, transform=axes.get_yaxis_transform(), **style)


def _caption(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    ranked, shares = offline(table), offline(summary)
    model = names.display(names.MODELS, str(table["model"].iloc[0]))
    seeds = sorted(ranked.loc[ranked["metric"] == "rank", "seed"].unique())
    over = f"medians and ranges of {len(seeds)} seeds" if len(seeds) > 1 else f"seed {seeds[0]}"
    first = shares[(shares["metric"] == "top_1") & (shares["organism_type"] == "all")].iloc[0]
    five = shares[(shares["metric"] == "top_5") & (shares["organism_type"] == "all")].iloc[0]
    text = (
        f"What was {model} finetuned for? Offline: candidate objectives ranked (logarithmic axis) by "
        f"{names.display(names.METHODS, str(first['judge']))} from the evidence of each agent after i interactions. No "
        f"language model reads it, and a rank is no grade. {over.capitalize()}; shaded: ranks 1 to 5; below: shares of "
        f"n = {int(first['n'])} organisms, Wilson's 95% intervals. Chance (first {per_cent(first['chance'])}%, first "
        f"five {per_cent(five['chance'])}%) is a random order, and not what controls give (below: their usual first)."
    )
    text += (
        " The rule was changed twice in view of results on SmolLM2, so that on it no interval confirms anything. How "
        "many stand out from controls: figure agent_false_positives."
    )
    gain = shares[(shares["metric"] == "top_1_difference") & (shares["organism_type"] == "all")]
    for _, row in gain.iterrows():
        text += (
            f" First places, {condition_label(row['agent'], row['interactions'])} less those of the "
            f"{row['minus'].replace('blackbox', 'black box')}: {row['value']:+.2f} [{row['ci_low']:.2f}, "
            f"{row['ci_high']:.2f}] of all (paired 95% bootstrap over organisms)."
        )
    return text


def _reported() -> str:
    """What the paper reports of LLM agents, for a figure in which none was run."""
    shares = (
        f"{condition_label(*condition)}: {100 * two:.0f}% / {100 * four:.0f}%"
        for condition, (two, four) in names.REPORTED_AGENT.items()
    )
    return (
        f"Not comparable, {names.REPORTED_AGENT_LABEL}: LLM agents whose answers LLMs graded at least 2 / at least 4 "
        f"of 5:\n{'; '.join(shares)}"
    )


def draw(table: pd.DataFrame, summary: pd.DataFrame) -> Figure:
    """A panel for each kind of evidence, a line an organism; below, where an LLM was run, its grades by type.

    Of several models, the first is drawn, and named, with its default variant; the tables have them all.

    Args:
        table: the table `agent`.
        summary: the table `agent_summary`.
    """
    table, summary = of_first_model(table, summary)
    ranks = offline(table)[offline(table)["metric"] == "rank"]
    rows = _organisms(ranks)
    graded = len(offline(summary)) < len(summary)
    heights = [AROUND - 0.5 + ROW * len(rows), 3.4][: 1 + graded]
    size = (WIDTH, 0.9 + sum(heights))
    style = {"squeeze": False, "sharey": "row", "height_ratios": heights, "layout": "constrained"}
    figure, panels = plt.subplots(len(heights), 2, figsize=size, **style)
    shades = _shades(ranks)
    nothing = offline(table)["truth"].isna() & (offline(table)["organism"] != BASE)
    controls = offline(table)[nothing & (offline(table)["metric"] == "best_similarity")]
    agents = [agent for agent in names.EVIDENCE if agent in set(ranks["agent"])]
    for axes, agent in zip(panels[0], agents, strict=False):
        own = ranks[ranks["agent"] == agent]
        _frame(axes, rows, int(ranks["n"].iloc[0]))
        _marks(axes, own, rows, shades)
        counted, none = (found[found["agent"] == agent] for found in (offline(summary), controls))
        _legend(axes, counted, none, shades)
        axes.set_title(f"Offline ranks, {names.EVIDENCE[agent]} evidence", loc="left", fontsize=8, pad=10)
    panels[0][0].set_yticks(range(len(rows)), [names.run_label(organism) for organism in rows["organism"]])
    _types(panels[0][len(agents) - 1], rows)
    panels[0][1].set_visible(len(agents) > 1)
    text = _caption(table, summary)
    if graded:
        draw_grades(panels[1], summary, conditions(offline(table)))
        legend = {"loc": "outside lower left", "ncols": 3, "fontsize": 6.5}
        figure.legend(*legend_of(panels[1][0]), **legend)
        text += grades_note(table, summary)
    else:
        figure.supxlabel(_reported(), fontsize=6.5, x=0.01, ha="left")
    caption(figure, text)
    return figure
