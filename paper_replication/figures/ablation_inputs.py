"""Figure: what the lens reads from fewer, other and empty inputs, and through the base model."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.ablations import (
    apart,
    finish,
    intervals,
    label,
    largest,
    line,
    of_first_model,
    source,
    styles,
)
from paper_replication.figures.style import WIDTH, caption

# Ablations in the order in which they are drawn.
ORDER = ("documents", "corpora", "inputs", "head")


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


def _panel(axes: Axes, table: pd.DataFrame, drawn: pd.DataFrame) -> None:
    """Points with intervals; numbers of documents are joined by a line, other conditions are not."""
    place = {key: number for number, key in enumerate(drawn[["ablation", "condition"]].itertuples(index=False))}
    found = styles(table)
    for number, (organism, style) in enumerate(found.items()):
        aside = 0.14 * (number - (len(found) - 1) / 2)
        rows = table[table["organism"] == organism].copy()
        rows["x"] = [place[key] + aside for key in rows[["ablation", "condition"]].itertuples(index=False)]
        rows = rows.sort_values("x")
        for joined in (True, False):
            part = rows[(rows["ablation"] == "documents") == joined]
            if len(part):
                more = {"label": label(rows)} if joined else {}
                line(axes, part["x"].to_numpy(), part, style, ls="-" if joined else "none", **more)
    edges = drawn.index[drawn["ablation"] != drawn["ablation"].shift()][1:]
    for edge in edges:
        axes.axvline(edge - 0.5, color="0.85", lw=0.8, zorder=0)
    axes.set_xlim(-0.5, len(drawn) - 0.5)


def draw(table: pd.DataFrame, corpus: str) -> Figure:
    """One row a readout: relevance under every condition of documents, corpora, inputs and head.

    Args:
        table: `ablation_inputs`.
        corpus: whose documents delta was measured on, unless another is named.
    """
    table = of_first_model(table)
    drawn = conditions(table)
    figure, panels = plt.subplots(
        len(names.READOUTS), 1, figsize=(WIDTH, 4.9), sharex=True, sharey=True, layout="constrained"
    )
    for axes, (readout, title) in zip(panels, names.READOUTS.items(), strict=True):
        _panel(axes, largest(table, readout), drawn)
        axes.set_title(title, loc="left")
        axes.set_ylabel("relevant tokens (%)")
    panels[-1].set_xticks(range(len(drawn)), drawn["label"], fontsize=6.5)
    finish(figure, list(panels), table)
    positions = drawn.groupby("ablation", sort=False)["n_positions"].agg(["min", "max"])
    most, fewest = int(positions["max"].max()), int(positions["min"].min())
    best = f"Largest of {most} positions" + ("" if fewest == most else f" (inputs of one token: of {fewest})")
    caption(
        figure,
        f"Inputs and reader of the difference: {source(table, corpus)}. {best}. Inputs without content are read once "
        "each; whitespace is one token repeated. Base model's head: the difference over all documents, read through "
        f"the base model. {intervals(table)} {apart('scales')}",
    )
    return figure
