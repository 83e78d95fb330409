"""Figure: token relevance by type of organism, as the paper summarises it."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures import marks
from paper_replication.figures.metrics import SMALL
from paper_replication.figures.rows import reach
from paper_replication.figures.style import WIDTH, caption

# Of so many organisms or fewer there is no interval.
FEW = 2
# Where axes end at the least, in percent: after the reported band.
LIMIT = 85
# Inches of a figure of one model, and of each further row.
HIGH, FURTHER = 3.8, 2.1
WIDTH_OF_BAR = 0.8 / len(names.VECTORS)
CONTROL = "control"


def _bars(axes: Axes, rows: pd.DataFrame, types: list[str], vector: str, x: np.ndarray) -> None:
    """A vector's mean of each type, a tick where it is zero, an interval where organisms are many, n where fewer."""
    most = rows.groupby("organism_type")["n_organisms"].max()
    found = rows[rows["vector"] == vector].set_index("organism_type").reindex(types)
    # Controls are of several recipes, whose mean is that of nothing: they have their dots alone.
    found.loc[found.index == CONTROL] = np.nan
    value, colour = 100 * found["mean"].to_numpy(dtype=float), names.VECTOR_COLOURS[vector]
    style = {"hatch": marks.VECTOR_HATCHES[vector], "edgecolor": "white", "linewidth": 0}
    axes.bar(x, value, WIDTH_OF_BAR * 0.92, color=colour, label=names.VECTORS[vector], **style)
    zeros = x[value == 0]
    axes.hlines(np.zeros(len(zeros)), zeros - 0.4 * WIDTH_OF_BAR, zeros + 0.4 * WIDTH_OF_BAR, colour, lw=1.2)
    counts = found["n_organisms"].to_numpy(dtype=float)
    for place in np.flatnonzero(counts < most.reindex(types).to_numpy(dtype=float)):
        style = {"fontsize": SMALL, "color": "0.3", "ha": "left", "va": "bottom", "zorder": 5}
        axes.annotate(
            f"n = {counts[place]:.0f}", (x[place], value[place]), (-3, 2), textcoords="offset points", **style
        )
    many = counts > FEW
    student = found.drop(columns=["ci_low", "ci_high"], errors="ignore")
    student = student.rename(columns={"student_low": "ci_low", "student_high": "ci_high"})
    # Shares end at 0 and 1, and so do their intervals; organisms that are all alike are no sign of certainty.
    student[["ci_low", "ci_high"]] = student[["ci_low", "ci_high"]].clip(0, 1)
    many &= (student["ci_high"] > student["ci_low"]).to_numpy()
    ends = reach(student[many], "mean", 100)
    axes.errorbar(x[many], value[many], yerr=ends, fmt="none", ecolor="black", elinewidth=0.8, capsize=1.5)


def _dots(axes: Axes, organisms: pd.DataFrame, types: list[str], vector: str, x: np.ndarray) -> None:
    """A dot an organism over the bar of its type."""
    for centre, kind in zip(x, types, strict=True):
        chosen = organisms[(organisms["vector"] == vector) & (organisms["organism_type"] == kind)]
        dots = 100 * chosen["relevant_fraction"].to_numpy(dtype=float)
        spread = np.linspace(-0.25, 0.25, len(dots)) * WIDTH_OF_BAR if len(dots) > 1 else np.zeros(len(dots))
        # Where there is no bar, the dots' colour says which vector it is.
        fill = names.VECTOR_COLOURS[vector] if kind == CONTROL else "white"
        size = 3 if kind == CONTROL else 2.2
        axes.plot(centre + spread, dots, "o", ms=size, mfc=fill, mec="black", mew=0.6, ls="none", zorder=3)


def _rerun(axes: Axes, readout: str, vector: str, x: float) -> None:
    """What an independent rerun reports of the organism of the type Subliminal."""
    style = {"ls": "none", "ms": 4, "mfc": "white", "mec": "black", "mew": 0.8, "zorder": 4}
    if vector in marks.RERUN_SUBLIMINAL[readout]:
        axes.plot(x, 100 * marks.RERUN_SUBLIMINAL[readout][vector], "D", label=f"{marks.RERUN_LABEL}: mean", **style)
    if (readout, vector) == ("patchscope", "difference"):
        axes.plot(x, 100 * marks.RERUN_SUBLIMINAL_LARGEST, "^", label="the same rerun: largest", **style)


def _panel(axes: Axes, rows: pd.DataFrame, organisms: pd.DataFrame | None, readout: str, types: list[str]) -> None:
    if readout == "patchscope":
        marks.reported_band(axes, along=(-0.5, len([name for name in types if name != CONTROL]) - 0.5))
    for place, vector in enumerate(names.VECTORS):
        x = np.arange(len(types)) + (place - (len(names.VECTORS) - 1) / 2) * WIDTH_OF_BAR
        _bars(axes, rows, types, vector, x)
        if organisms is not None:
            _dots(axes, organisms[organisms["readout"] == readout], types, vector, x)
        if "Subliminal" in types:
            _rerun(axes, readout, vector, x[types.index("Subliminal")])
    counts = rows.groupby("organism_type")["n_organisms"].max()
    # Not every control has a null; of other types a bar says so.
    labels = [f"{name}\n(n {'≤' if name == CONTROL else '='} {counts.get(name, 0)})" for name in types]
    axes.set_xticks(range(len(types)), labels)


def draw(types: pd.DataFrame, corpus: str, organisms: pd.DataFrame | None = None) -> Figure:
    """Bars with intervals, one row of panels a model, one panel a readout, one group a type.

    Args:
        types: the table `token_relevance_types`.
        corpus: whose documents delta was measured on.
        organisms: the table `token_relevance_summary`, whose organisms are drawn as dots; none are if it is not given.
    """
    types = types[types["corpus"] == corpus]
    models = list(types["model"].drop_duplicates())
    if organisms is not None:
        organisms = organisms[organisms["corpus"] == corpus]
    readouts = [name for name in names.READOUTS if name in set(types["readout"])]
    size = (WIDTH, HIGH + FURTHER * (len(models) - 1))
    style = {"figsize": size, "squeeze": False, "layout": "constrained", "sharey": True}
    figure, panels = plt.subplots(len(models), len(readouts), **style)
    for row, model in zip(panels, models, strict=True):
        rows = types[types["model"] == model]
        dots = None if organisms is None else organisms[organisms["model"] == model]
        shown = [name for name in names.TYPES if name in set(rows["organism_type"])]
        for axes, readout in zip(row, readouts, strict=True):
            _panel(axes, rows[rows["readout"] == readout], dots, readout, shown)
            title = names.display(names.READOUTS, readout)
            axes.set_title(f"{names.display(names.MODELS, model)}: {title}" if len(models) > 1 else title, loc="left")
        row[0].set_ylabel("relevant tokens (%)")
    many = types[(types["n_organisms"] > FEW) & (types["organism_type"] != CONTROL)]
    top = max(LIMIT, 105 * max(float(types["mean"].max()), float(many["student_high"].max())))
    panels[0][0].set_ylim(-0.02 * top, top)
    # The rerun is of one type, which not every model has.
    handles = [axes.get_legend_handles_labels() for axes in panels[:, 0]]
    labels = {label: handle for found in handles for handle, label in zip(*found, strict=True)}
    columns = 3 if len(models) == 1 else 2
    figure.legend(labels.values(), labels, loc="outside lower center", ncols=columns, fontsize=6.5, handleheight=1.1)
    judge = names.display(names.JUDGES, str(types["judge"].iloc[0]))
    of_model = f" on {names.display(names.MODELS, models[0])}" if len(models) == 1 else ""
    caption(
        figure,
        f"Token relevance by type of organism{of_model}: mean over n organisms "
        f"{'(dots) ' if organisms is not None else ''}of the largest share over positions; judge: {judge}. Error "
        f"bars: 95%, Student's t over organisms, where there are more than {FEW}, cut at 0 and 100%; none where all "
        "are alike (a null is one run, judged by each organism's description). A control is "
        "read by its own description, so chat tuning and the true twin are among them, without a mean. The rerun, "
        "of another model and by another judge, gives a mean and a largest value of positions; bars are means of the "
        f"largest. {marks.REPORTED_MEANS}.",
    )
    return figure
