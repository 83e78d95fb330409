"""Figure: the tokens themselves, one page an organism, the relevant ones marked."""

from collections.abc import Iterator

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.style import WIDTH, caption

COLUMNS = ("difference", "finetuned_mean", "base_mean", "null_difference", "random")
SHOWN = 5  # random vectors shown, as many as there are positions
LENGTH = 10  # characters of 6.5 points in half a column; one less in bold
IN_FONT = 0x2E80  # where the scripts begin that the font has no letters of


def printable(token: str) -> str:
    """A token as a card shows it: blank ones and what the font lacks are written out, and "$" begins no formula."""
    text = token.replace("\n", "\\n").strip(" ")
    if max(map(ord, text), default=0) >= IN_FONT:
        return text.encode("unicode_escape").decode()
    text = text if text.isprintable() and text else repr(token)
    return text.replace("$", r"\$")


def _cut(text: str, bold: bool) -> str:
    most = LENGTH - bold
    return text if len(text) <= most else text[: most - 1] + "…"


def _cell(axes: Axes, rows: pd.DataFrame, left: float, top: float, width: float, line: float) -> None:
    """Write one list, in two columns of ten, relevant tokens bold and coloured."""
    if rows.empty:
        axes.text(left, top, "none", fontsize=6.5, style="italic", color="0.45", va="top")
        return
    half = (len(rows) + 1) // 2
    for place, (token, relevant) in enumerate(zip(rows["token"], rows["relevant"], strict=True)):
        axes.text(
            left + (place // half) * width / 2,
            top - (place % half + 1) * line,
            _cut(printable(str(token)), bool(relevant)),
            fontsize=6.5,
            color=names.VERMILION if relevant else "0.25",
            weight="bold" if relevant else "normal",
            va="top",
            clip_on=True,
        )
    scale = rows["scale"].iloc[0]
    note = f"{int(rows['relevant'].sum())}/{len(rows)}" + (f", scale {scale:g}" if scale != 1 else "")
    axes.text(left, top, note, fontsize=6.5, style="italic", color="0.45", va="top")


def card(rows: pd.DataFrame, title: str) -> Figure:
    """One page: a column a vector, a row a position, for one run and readout."""
    positions = sorted(rows.loc[rows["vector"] == "difference", "index"].unique())[:SHOWN]
    figure, axes = plt.subplots(figsize=(WIDTH, 1.4 * len(positions) + 0.9))
    figure.subplots_adjust(left=0.04, right=0.995, top=1 - 0.85 / figure.get_figheight(), bottom=0.01)
    axes.set(xlim=(0, len(COLUMNS)), ylim=(-len(positions), 0))
    axes.axis("off")
    for column, vector in enumerate(COLUMNS):
        axes.text(column, 0.06, names.VECTORS[vector], weight="bold", color=names.VECTOR_COLOURS[vector], fontsize=7)
        for row, index in enumerate(positions):
            chosen = rows[(rows["vector"] == vector) & (rows["index"] == index)].sort_values("rank")
            _cell(axes, chosen, column, -row - 0.02, 0.98, 0.088)
    for row, index in enumerate(positions):
        axes.axhline(-row, color="0.8", lw=0.5)
        axes.text(-0.06, -row - 0.5, f"position {index}", rotation=90, va="center", ha="right", fontsize=6.5)
    caption(figure, title)
    return figure


def pages(cards: pd.DataFrame, corpus: str) -> Iterator[Figure]:
    """One page a run of the first seed and readout, Patchscope first.

    Args:
        cards: the table `token_cards`.
        corpus: whose documents delta was measured on.
    """
    cards = cards[(cards["corpus"] == corpus) & (cards["seed"] == cards["seed"].min())]
    for readout in names.READOUTS:
        for (model, organism, variant), rows in cards[cards["readout"] == readout].groupby(
            ["model", "organism", "variant"], sort=False
        ):
            judge = names.display(names.JUDGES, str(rows["judge"].iloc[0]))
            n = rows.loc[rows["vector"] == "random", "index"].nunique()
            title = (
                f"{organism.replace('_', ' ')} ({variant}, seed {rows['seed'].iloc[0]}) on "
                f"{names.display(names.MODELS, model)}: top n = {rows['rank'].max()} tokens by "
                f"{names.READOUTS[readout]}, best first.\n"
                f"Delta over {names.display(names.CORPORA, corpus)}; scale chosen by a judge blind to the organism; "
                f"in bold, and counted: relevant by the {judge} (it misses some). Random vectors: the first "
                f"{min(n, SHOWN)} of {n}, whatever the row's position."
            )
            yield card(rows, title)
