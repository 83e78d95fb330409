"""What the figures of the ablations share: one line an organism, and what the captions say."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.rows import first_model, in_type_order, reach

MARKERS = ("o", "s", "^", "D", "v", "P")


def of_first_model(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the first model, organisms in the order of their types."""
    return in_type_order(first_model(table))


def largest(table: pd.DataFrame, readout: str) -> pd.DataFrame:
    """The rows of a readout's largest relevance over positions."""
    return table[(table["over"] == "largest") & (table["readout"] == readout)]


def label(rows: pd.DataFrame) -> str:
    """An organism's name, and for a null whose description judged it."""
    organism = str(rows["organism"].iloc[0])
    judged = str(rows["judged_as"].iloc[0]) if "judged_as" in rows else organism
    return names.run_label(organism) + ("" if judged == organism else f" (judged as {names.run_label(judged)})")


def styles(table: pd.DataFrame) -> dict[str, dict[str, object]]:
    """A colour for each organism's type, and a marker of its own."""
    runs = table.drop_duplicates("organism")
    return {
        row["organism"]: {"color": names.TYPE_COLOURS[row["organism_type"]], "marker": MARKERS[place % len(MARKERS)]}
        for place, (_, row) in enumerate(runs.iterrows())
    }


def line(axes: Axes, x: np.ndarray, rows: pd.DataFrame, style: dict[str, object], **more: object) -> None:
    """An organism's relevance in per cent with Wilson's intervals."""
    value = 100 * rows["relevant_fraction"].to_numpy(dtype=float)
    ends = reach(rows, "relevant_fraction", 100)
    axes.errorbar(x, value, yerr=ends, ms=3.5, lw=1.1, elinewidth=0.8, capsize=1.5, **style, **more)


def lines(axes: Axes, table: pd.DataFrame, place: Callable[[pd.DataFrame], np.ndarray], width: float) -> None:
    """One line an organism, set apart sideways by a small part of `width`; `place` says where rows stand on x."""
    found = styles(table)
    for number, (organism, style) in enumerate(found.items()):
        rows = table[table["organism"] == organism].sort_values("value")
        aside = width * (number - (len(found) - 1) / 2)
        line(axes, place(rows) + aside, rows, style, label=label(rows))


def finish(figure: Figure, panels: list[Axes], table: pd.DataFrame) -> None:
    """A common y axis in per cent over all that is drawn, and one legend."""
    top = max(10.0, 105 * float(table["ci_high"].max()))
    for axes in panels:
        axes.set_ylim(-0.05 * top, top)
    panels[0].set_ylabel("relevant tokens (%)")
    legend(figure, panels[0])


def legend(figure: Figure, axes: Axes) -> None:
    """One legend below all panels."""
    handles, texts = axes.get_legend_handles_labels()
    figure.legend(handles, texts, loc="outside lower center", ncols=min(3, len(texts)))


def source(table: pd.DataFrame, corpus: str) -> str:
    """The caption's part on model, corpus and judge."""
    model = names.display(names.MODELS, str(table["model"].iloc[0]))
    judge = names.display(names.JUDGES, str(table["judge"].iloc[0]))
    seed = int(table["seed"].iloc[0])
    return f"{model}, seed {seed}; unrelated documents: {names.display(names.CORPORA, corpus)}; judge: {judge}"


def intervals(table: pd.DataFrame) -> str:
    """The caption's part on what the error bars are."""
    return f"Error bars: Wilson 95% intervals over the {int(table['n_tokens'].iloc[0])} tokens of one list."


def apart(fewer: str = "scales and documents") -> str:
    """The caption's part on what keeps the ablations apart from the main figures: of what they have fewer."""
    return (
        f"Fewer {fewer} than in the main figures, so that values differ from theirs; no random-vector control, and no "
        "null but the one that is drawn."
    )


def starts_above_zero(axes: Axes) -> None:
    """Mark an axis that leaves out zero."""
    axes.text(0.98, 0.03, "axis starts above 0", transform=axes.transAxes, fontsize=6.5, color="0.4", ha="right")
