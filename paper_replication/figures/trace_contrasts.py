"""Figure: by how much the difference's tokens and steering lie above their controls, by type of organism."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.rows import reach
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
        "mean cosine of steered answers to\nfinetuning data minus the other group's",
        1,
        (names.GROUPS, names.GROUP_COLOURS),
    ),
}
# Groups that are no controls: last, pale, and squares, as elsewhere.
PALE = 0.45
CHAT = ("Steered-Chat", "Unsteered-Chat")
SPREAD = 0.62
# Inches beside a figure's rows, and of each of these: a type on a model.
AROUND, ROW = 1.3, 0.55
KIND = ("model", "organism_type")
Kind = tuple[str, str]


def _panel(axes: Axes, means: pd.DataFrame, organisms: pd.DataFrame, types: list[Kind], measure: str) -> None:
    title, unit, scale, (displayed, colours) = PANELS[measure]
    controls = sorted((name for name in displayed if name in set(means["control"])), key=lambda name: name in CHAT)
    offsets = np.linspace(-SPREAD / 2, SPREAD / 2, len(controls))
    for control, offset in zip(controls, offsets, strict=True):
        # Runs that are controls are of one kind each: their mean would be one of nothing.
        several = means[(means["control"] == control) & (means["organism_type"] != "control")]
        rows = several.set_index(list(KIND)).reindex(pd.MultiIndex.from_tuples(types))
        y = np.arange(len(types)) + offset
        chat = control in CHAT
        style = {"fmt": "s" if chat else "D", "color": colours[control], "alpha": PALE if chat else 1, "ms": 3.4}
        style |= {"elinewidth": 1.1, "capsize": 2, "zorder": 3}
        ends = reach(rows, "contrast", scale)
        axes.errorbar(scale * rows["contrast"], y, xerr=ends, label=displayed[control], **style)
        for place, (model, kind) in zip(y, types, strict=True):
            chosen = organisms[(organisms["control"] == control) & (organisms["model"] == model)]
            chosen = chosen[chosen["organism_type"] == kind]
            dots = {"ls": "none", "ms": 2.6, "mfc": "white", "mec": colours[control], "mew": 0.6, "zorder": 4}
            dots |= {"alpha": style["alpha"]}
            axes.plot(scale * chosen["contrast"], np.full(len(chosen), place), "o", **dots)
    axes.axvline(0, color="0.6", lw=0.7, zorder=0)
    for place in range(1, len(types)):
        same = types[place][0] == types[place - 1][0]
        axes.axhline(place - 0.5, color="0.9" if same else "0.6", lw=0.6, zorder=0)
    axes.set_xlabel(unit)
    axes.set_title(title, loc="left")
    below = (0.5, -1.3 / len(types))
    axes.legend(title="compared with", loc="upper center", bbox_to_anchor=below, ncols=2, fontsize=6.5)


def draw(table: pd.DataFrame, relevance: pd.DataFrame, steering: pd.DataFrame) -> Figure:
    """A panel for tokens and one for steering; a diamond a type and control, with a dot for each organism.

    Args:
        table: `trace_contrasts`; several models stand one below the other.
        relevance: `token_relevance_summary` on the corpus that the table is of.
        steering: `steering_similarity_contrasts`.
    """
    models = list(table["model"].drop_duplicates())
    organisms = organism_contrasts(relevance, steering)
    there = set(table[list(KIND)].itertuples(index=False, name=None))
    types = [(model, kind) for model in models for kind in (ALL, *names.TYPES) if (model, kind) in there]
    measures = [measure for measure in PANELS if measure in set(table["measure"])]
    size = (WIDTH, AROUND + ROW * len(types))
    figure, grid = plt.subplots(1, len(measures), figsize=size, sharey=True, squeeze=False, layout="constrained")
    for axes, measure in zip(grid[0], measures, strict=True):
        _panel(axes, table[table["measure"] == measure], organisms[organisms["measure"] == measure], types, measure)
    counts = table.groupby(list(KIND))["n_organisms"].agg(["min", "max"])
    ticks = []
    for model, kind in types:
        low, high = counts.loc[(model, kind)]
        called = {ALL: "all but controls", "control": "controls"}.get(kind, kind)
        on = f"{names.display(names.MODELS, model)}\n" if len(models) > 1 else ""
        ticks.append(f"{on}{called}\n(n {'=' if low == high else '≤'} {high})")
    grid[0][0].set_yticks(range(len(types)), ticks)
    grid[0][0].invert_yaxis()
    judge = names.display(names.JUDGES, str(relevance["judge"].iloc[0]))
    of_model = f" on {names.display(names.MODELS, models[0])}" if len(models) == 1 else ""
    others = list(organisms.loc[organisms["organism_type"] == "control", "organism"].drop_duplicates())
    caption(
        figure,
        f"The difference against its controls{of_model}: each vector and group "
        "at its best position. Diamonds: mean over n organisms with "
        "Student's 95% interval, uncorrected for their number; dots: organisms, and the runs that are controls "
        f"({', '.join(names.run_label(name) for name in others)}). Right of zero, the difference lies above "
        f"what it is compared with. The Chat groups (pale squares) are no controls: they say how like ordinary chat "
        f"answers are. Judge of tokens: {judge}; of answers: cosine of sentence embeddings.",
    )
    return figure
