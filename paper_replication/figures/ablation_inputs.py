"""Figure: what the lens reads from fewer, other and empty inputs, and through the base model."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.ablations import Grid, Place, apart, drawn, source
from paper_replication.figures.rows import first_model
from paper_replication.figures.style import caption

# Ablations in the order in which they are drawn.
ORDER = ("documents", "corpora", "inputs", "head")
# Of which the paper has values.
ORDINARY = ("documents", "corpora")


def conditions(table: pd.DataFrame) -> pd.DataFrame:
    """One row a condition in the order in which they are drawn, with its `label`."""
    rows = table.drop_duplicates(["ablation", "condition"])
    rows = rows.assign(place=rows["ablation"].map(ORDER.index))
    # Documents by their number; the others as the config lists them.
    rows = rows.assign(number=rows["value"].where(rows["ablation"] == "documents", 0))
    rows = rows.sort_values(["place", "number"], kind="stable").reset_index(drop=True)
    return rows.assign(label=[_label(row) for _, row in rows.iterrows()])


def _label(row: pd.Series) -> str:
    count = f"{int(row['n_documents']):,}"
    if row["ablation"] == "documents":
        return f"all {count}\ndocuments" if row["condition"] == "all documents" else f"{count}\ndocuments"
    if row["ablation"] == "corpora":
        return f"{names.display(names.CORPORA, row['condition'])}\n({count})"
    return names.display(names.ABLATED_INPUTS, row["condition"])


def draw(table: pd.DataFrame, corpus: str) -> Figure:
    """One row a readout: relevance under every condition of documents, corpora, inputs and head.

    Args:
        table: `ablation_inputs`.
        corpus: whose documents delta was measured on, unless another is named.
    """
    table = first_model(table)
    shown = conditions(table)
    place = {key: number for number, key in enumerate(shown[["ablation", "condition"]].itertuples(index=False))}
    ordinary = shown.index[shown["ablation"].isin(ORDINARY)]
    reported = (ordinary.min() - 0.5, ordinary.max() + 0.5)
    grid = Grid(table, len(names.READOUTS), 5.2)
    for row, readout in enumerate(names.READOUTS):
        # Numbers of documents are joined by a line, other conditions are not.
        for joined in (True, False):
            part = table[(table["ablation"] == "documents") == joined]
            if len(part):
                grid.relevance(row, part, readout, _places(place), reported, **({} if joined else {"ls": "none"}))
    for axes in grid.panels.flat:
        for edge in shown.index[shown["ablation"] != shown["ablation"].shift()][1:]:
            axes.axvline(edge - 0.5, color="0.85", lw=0.8, zorder=0)
        axes.set_xlim(-0.5, len(shown) - 0.5)
    grid.ticks(list(shown.index), [label.replace("\n", " ") for label in shown["label"]], "", fontsize=6, rotation=90)
    grid.finish()
    positions = shown.groupby("ablation", sort=False)["n_positions"].agg(["min", "max"])
    most, fewest = int(positions["max"].max()), int(positions["min"].min())
    best = f"Largest of {most} positions" + ("" if fewest == most else f" (inputs of one token: of {fewest})")
    caption(
        grid.figure,
        f"Inputs and reader of the difference: {source(table, corpus)}. {best}. Inputs without content are read once "
        "each; whitespace is one token repeated. Base model's head: the difference over all documents, read through "
        f"the base model. {drawn(table)} {apart('scales')}",
    )
    return grid.figure


def _places(place: dict[tuple, int]) -> Place:
    return lambda rows: np.array([place[key] for key in rows[["ablation", "condition"]].itertuples(index=False)], float)
