"""Figure: what is found where nothing is to be found, and in organisms, against thresholds set on other controls."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paper_replication import names
from paper_replication.agent.results import NO_LLM
from paper_replication.agent.summary import offline
from paper_replication.figures.agent import conditions, of_first_model
from paper_replication.figures.agent_grades import graded
from paper_replication.figures.style import WIDTH, caption
from paper_replication.identification import BASE

KEYS = ["organism", "organism_type", "agent", "interactions", "seed"]
HALF = {"fillstyle": "left", "markerfacecoloralt": "white"}
WHO = {BASE: "base", "control": "controls", "all": "organisms"}


def scores(table: pd.DataFrame) -> pd.DataFrame:
    """One row a run, agent and number of interactions: the best candidate's score, and its threshold.

    Whether it is `above` that, whether `nothing` is to be found, and whether the best candidate is the `right` one.

    Args:
        table: the table `agent`, of one model.
    """
    rows = offline(table)
    # In the order of the table, where `pivot` would sort by name.
    order = rows[KEYS].drop_duplicates()
    wide = order.merge(rows.pivot(index=KEYS, columns="metric", values="value").reset_index(), how="left")
    above = (wide["best_similarity"] > wide["threshold"]).where(wide["threshold"].notna())
    nothing = wide["false_positive"].notna()
    found = wide[[*KEYS, "best_similarity", "threshold"]]
    return found.assign(above=above, nothing=nothing, right=wide["rank"] == 1)


def rows_of(found: pd.DataFrame) -> pd.DataFrame:
    """Organisms in the order in which they are drawn: the base model, controls, organisms by type; no twins."""
    one = found.drop_duplicates("organism")
    one = one[one["nothing"] | (one["organism_type"] != "control")]
    places = one["organism_type"].map(names.TYPES.index)
    places = places.mask(one["nothing"], -1).mask(one["organism"] == BASE, -2)
    order = [*places.sort_values(kind="stable").index]
    return one.loc[order, ["organism", "organism_type", "nothing"]].reset_index(drop=True)


def _counts(summary: pd.DataFrame, right: int | None = None) -> str:
    """How many are found of each kind, and of organisms how many rightly, for a panel's title."""
    lines = []
    for kind, label in WHO.items():
        metric = "found" if kind == "all" else "false_positive"
        row = summary[(summary["organism_type"] == kind) & (summary["metric"] == metric)]
        if len(row):
            value, n = row[["value", "n"]].iloc[0]
            lines.append(f"{label}: {value * n:.3g} of {int(n)}")
    return "\n".join(lines if right is None else [*lines, f"of these right: {right}"])


def _face(row: pd.Series, colour: str) -> dict[str, str]:
    """A full mark above the threshold, half full where another candidate than the true one is first, else hollow."""
    if row["above"] != 1:
        return {"mfc": "white"}
    return {"mfc": colour} | ({} if row["nothing"] or row["right"] else HALF)


def _panel(axes: Axes, found: pd.DataFrame, rows: pd.DataFrame) -> None:
    """A mark a run, filled as `_face` says, and its threshold, a short line that it is joined to."""
    for place, (organism, kind, nothing) in enumerate(rows.itertuples(index=False)):
        own = found[found["organism"] == organism]
        colour = names.GREY if nothing else names.TYPE_COLOURS[kind]
        share = 1 / max(1, len(own))
        for number, (_, row) in enumerate(own.iterrows()):
            y = place - 0.5 + share * (number + 0.5)
            axes.vlines(row["threshold"], y - 0.38 * share, y + 0.38 * share, color="0.1", lw=1.1)
            axes.hlines(y, *sorted([row["threshold"], row["best_similarity"]]), color="0.7", lw=0.5, zorder=1)
            style = {"ms": 4 if len(own) == 1 else 3, "mec": colour, "mew": 0.9, "zorder": 3}
            axes.plot(row["best_similarity"], y, "o", **style, **_face(row, colour))
    for place in range(1, len(rows)):
        edge = rows["nothing"].iloc[place] != rows["nothing"].iloc[place - 1]
        axes.axhline(place - 0.5, color="0.3" if edge else "0.92", lw=0.8 if edge else 0.6, zorder=0)
    axes.margins(x=0.12)
    axes.set_ylim(len(rows) - 0.4, -0.6)


def _graded_panel(axes: Axes, table: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Of an LLM's runs the share that claims a purpose where there is none, and that finds the domain where one is."""
    for place, (organism, kind, nothing) in enumerate(rows.itertuples(index=False)):
        metric = "false_positive" if nothing else "at_least_2"
        own = table[(table["organism"] == organism) & (table["metric"] == metric)]["value"]
        if len(own):
            colour = names.GREY if nothing else names.TYPE_COLOURS[kind]
            axes.plot([0, 100 * own.mean()], [place] * 2, "-", color=colour, lw=1)
            axes.plot(100 * own.mean(), place, "o", ms=4, color=colour)
    axes.set(xlim=(-8, 108), ylim=(len(rows) - 0.4, -0.6))


def _caption(table: pd.DataFrame, found: pd.DataFrame, draws: int, llm: bool) -> str:
    first = offline(table)
    sources = set(first.loc[~first["truth"].notna() & (first["organism"] != BASE), "threshold_from"].dropna())
    others = "controls of other seeds" if sources == {"other seeds"} else "the other controls"
    built = "" if sources == {"other seeds"} else ", so that the best control is above it by construction"
    controls = len(found.loc[found["nothing"] & (found["organism"] != BASE), ["organism", "seed"]].drop_duplicates())
    model, judge = names.display(names.MODELS, str(table["model"].iloc[0])), str(first["judge"].iloc[0])
    text = (
        f"What is found where nothing is to be found? {model}, offline, no grade: the best candidate's score (mean z "
        f"of {names.display(names.METHODS, judge)}) after i interactions; it compares within a panel alone. Threshold: "
        f"the best score of {others}{built} ({controls} runs of controls), so it differs by seed; each run is joined "
        "to its own. "
        f"{names.BASE_AGAINST_BASE.capitalize()}: {draws} draws of the base model's answers against its own, held "
        "against all controls; its difference is zero, so that texts alone are scored. Above: how many are found; of "
        "base and controls, a false-positive rate."
    )
    if llm:
        text += (
            " Below, an LLM agent: runs that claim a purpose where there is none (grade 2 or less of controls), and "
            "that find the domain (grade 2 or more of organisms). It has not been run on base against base."
        )
    return text


def draw(table: pd.DataFrame, summary: pd.DataFrame) -> Figure:
    """A column of panels an agent and number of interactions, a line an organism; below, an LLM's runs, if any.

    Of several models, the first is drawn, and named, with its default variant; the tables have them all.

    Args:
        table: the table `agent`.
        summary: the table `agent_summary`.
    """
    table, summary = of_first_model(table, summary)
    found = scores(table)
    rows, shown = rows_of(found), conditions(offline(table))
    llm = bool((table["agent_model"] != NO_LLM).any())
    size = (WIDTH, (1 + llm) * (1.2 + 0.17 * len(rows)) + 0.9)
    figure, grid = plt.subplots(1 + llm, len(shown), figsize=size, sharey=True, squeeze=False, layout="constrained")
    for across, (agent, number) in enumerate(shown):
        of_both = (rows_[(rows_["agent"] == agent) & (rows_["interactions"] == number)] for rows_ in (found, summary))
        own, counted = of_both
        _panel(grid[0][across], own, rows)
        title = f"{names.EVIDENCE[agent]}, i = {number}"
        right = int((own["right"] & (own["above"] == 1) & (own["organism_type"] != "control")).sum())
        grid[0][across].set_title(f"{title}\n{_counts(offline(counted), right)}", loc="left", fontsize=6.5)
        grid[0][across].set_xlabel("best score (z)")
        if llm:
            runs = graded(table)
            _graded_panel(grid[1][across], runs[(runs["agent"] == agent) & (runs["interactions"] == number)], rows)
            grid[1][across].set_title(f"{title}\n{_counts(graded(counted))}", loc="left", fontsize=6.5)
            grid[1][across].set_xlabel("share of runs (%)")
    for axes in grid[:, 0]:
        labels = [
            names.BASE_AGAINST_BASE if organism == BASE else names.run_label(organism) for organism in rows["organism"]
        ]
        axes.set_yticks(range(len(rows)), labels)
    marks = [
        Line2D([], [], ls="", marker="o", ms=4, mec="0.3", label=label, **face)
        for label, face in (
            ("above the threshold: found", {"mfc": "0.3"}),
            ("found, another is first", {"mfc": "0.3"} | HALF),
            ("not found", {"mfc": "white"}),
        )
    ]
    marks.append(Line2D([], [], ls="", marker="|", ms=8, mew=1.1, color="0.1", label="threshold"))
    kinds = ["control", *rows.loc[~rows["nothing"], "organism_type"].unique()]
    colours = {kind: names.TYPE_COLOURS[kind] for kind in kinds}
    labels = {"control": "base and controls"}
    marks += [
        Line2D([], [], ls="", marker="s", ms=4, color=colour, label=labels.get(kind, kind))
        for kind, colour in colours.items()
    ]
    figure.legend(handles=marks, loc="outside lower center", ncols=4, fontsize=6.5)
    draws = int(found.loc[found["organism"] == BASE, "seed"].nunique())
    caption(figure, _caption(table, found, draws, llm))
    return figure
