"""Figure: by how much the difference's tokens and steering lie above their controls, by type of organism."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.rows import first_model, reach
from paper_replication.figures.style import WIDTH, caption
from paper_replication.trace_contrasts import ALL, organism_contrasts

# Of each measure: its title, the axis, what values are multiplied by, and its controls' names and colours.
PANELS = {
    "relevance_patchscope": (
        "Tokens (Patchscope)",
        "relevant tokens of the difference\nminus those of the control (points)",
        100,
        (names.VECTORS, names.VECTOR_COLOURS),
    ),
    "steering": (
        "Steered answers",
        "mean cosine of steered answers to finetuning data\nminus that of the other group",
        1,
        (names.GROUPS, names.GROUP_COLOURS),
    ),
}
SPREAD = 0.62


def _panel(axes: Axes, means: pd.DataFrame, organisms: pd.DataFrame, types: list[str], measure: str) -> None:
    title, unit, scale, (displayed, colours) = PANELS[measure]
    controls = [name for name in displayed if name in set(means["control"])]
    offsets = np.linspace(-SPREAD / 2, SPREAD / 2, len(controls))
    for control, offset in zip(controls, offsets, strict=True):
        # Runs that are controls are of one kind each: their mean would be one of nothing.
        several = means[(means["control"] == control) & (means["organism_type"] != "control")]
        rows = several.set_index("organism_type").reindex(types)
        y = np.arange(len(types)) + offset
        style = {"fmt": "D", "color": colours[control], "ms": 3.4, "elinewidth": 1.1, "capsize": 2, "zorder": 3}
        ends = reach(rows, "contrast", scale)
        axes.errorbar(scale * rows["contrast"], y, xerr=ends, label=displayed[control], **style)
        for place, kind in zip(y, types, strict=True):
            chosen = organisms[(organisms["control"] == control) & (organisms["organism_type"] == kind)]
            dots = {"ls": "none", "ms": 2.6, "mfc": "white", "mec": colours[control], "mew": 0.6, "zorder": 4}
            axes.plot(scale * chosen["contrast"], np.full(len(chosen), place), "o", **dots)
    axes.axvline(0, color="0.6", lw=0.7, zorder=0)
    for place in np.arange(len(types) - 1) + 0.5:
        axes.axhline(place, color="0.9", lw=0.6, zorder=0)
    axes.set_xlabel(unit)
    axes.set_title(title, loc="left")
    axes.legend(title="compared with", loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2, fontsize=6.5)


def draw(table: pd.DataFrame, relevance: pd.DataFrame, steering: pd.DataFrame) -> Figure:
    """A panel for tokens and one for steering; a diamond a type and control, with a dot for each organism.

    Args:
        table: `trace_contrasts`; of several models, the first is drawn, and named.
        relevance: `token_relevance_summary` on the corpus that the table is of.
        steering: `steering_similarity_contrasts`.
    """
    means = first_model(table)
    model = means["model"].iloc[0]
    organisms = organism_contrasts(relevance[relevance["model"] == model], steering[steering["model"] == model])
    types = [ALL, *(name for name in names.TYPES if name in set(means["organism_type"]))]
    measures = [measure for measure in PANELS if measure in set(means["measure"])]
    style = {"figsize": (WIDTH, 4.6), "sharey": True, "squeeze": False, "layout": "constrained"}
    figure, grid = plt.subplots(1, len(measures), **style)
    for axes, measure in zip(grid[0], measures, strict=True):
        _panel(axes, means[means["measure"] == measure], organisms[organisms["measure"] == measure], types, measure)
    counts = means.groupby("organism_type")["n_organisms"].agg(["min", "max"])
    numbers = {kind: f"{'=' if low == high else '≤'} {high}" for kind, low, high in counts.itertuples()}
    labels = [{ALL: "all but controls", "control": "controls"}.get(name, name) for name in types]
    ticks = [f"{label}\n(n {numbers[name]})" for label, name in zip(labels, types, strict=True)]
    grid[0][0].set_yticks(range(len(types)), ticks)
    grid[0][0].invert_yaxis()
    judge = names.display(names.JUDGES, str(relevance["judge"].iloc[0]))
    others = list(organisms.loc[organisms["organism_type"] == "control", "organism"].drop_duplicates())
    caption(
        figure,
        f"The difference against its controls on {names.display(names.MODELS, str(model))}: each vector and group "
        "at its best position. Diamonds: mean over n organisms with "
        "Student's 95% interval, uncorrected for their number; dots: organisms, and the runs that are controls "
        f"({', '.join(names.run_label(name) for name in others)}). Right of zero, the difference lies above "
        f"what it is compared with. Judge of tokens: {judge}; of answers: cosine of sentence embeddings.",
    )
    return figure
