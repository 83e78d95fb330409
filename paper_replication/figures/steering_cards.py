"""Figure: what steering makes a model say, one page an organism, beside its tokens."""

import textwrap
from collections.abc import Iterator

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures import marks
from paper_replication.figures.rows import in_type_order
from paper_replication.figures.style import WIDTH, caption
from paper_replication.figures.token_cards import printable

RUN = ["model", "organism", "organism_type", "variant", "seed"]
CHARACTERS = 116  # of 6.5 points in all columns together
LINES = 13  # of one answer at most
LINE = 0.115  # inches
AROUND = 2.6  # lines that a prompt and the space around it take


def _wrapped(text: str, characters: int) -> list[str]:
    """A text in the lines that its cell has room for."""
    clean = " ".join("".join(c for c in text if c.isprintable() or c.isspace()).split()).replace("$", r"\$")
    lines = textwrap.wrap(clean or "(no answer)", characters)
    return lines if len(lines) <= LINES else [*lines[: LINES - 1], lines[LINES - 1][: characters - 4] + " ..."]


def card(rows: pd.DataFrame, tokens: pd.DataFrame) -> Figure:
    """One page: the position's tokens, then a row a prompt with the unsteered and the steered answers.

    Args:
        rows: one run's rows of the table `steering_cards`.
        tokens: the same run's Patchscope tokens of the difference at that position, by rank, with `relevant`.
    """
    kinds = [kind for kind in marks.ANSWERS if kind in rows and (rows[kind] != "").any()]
    cells = {kind: [_wrapped(str(text), CHARACTERS // len(kinds)) for text in rows[kind]] for kind in kinds}
    heights = [AROUND + max(map(len, answers)) for answers in zip(*cells.values(), strict=True)]
    figure, axes = plt.subplots(figsize=(WIDTH, 1.15 + LINE * sum(heights)))
    figure.subplots_adjust(left=0.01, right=0.99, top=1 - 1.1 / figure.get_figheight(), bottom=0.01)
    axes.set(xlim=(0, len(kinds)), ylim=(sum(heights), 0))
    axes.axis("off")
    first = rows.iloc[0]
    for column, kind in enumerate(kinds):
        style = {"weight": "bold", "fontsize": 7, "color": marks.ANSWER_COLOURS[kind], "va": "bottom"}
        axes.text(column, -0.5, marks.ANSWERS[kind], **style)
    for row, prompt in enumerate(rows["prompt"]):
        top = sum(heights[:row])
        axes.axhline(top, color="0.8", lw=0.5)
        axes.text(0, top + 0.3, prompt, fontsize=6.5, style="italic", va="top", color="0.35")
        for column, kind in enumerate(kinds):
            text = "\n".join(cells[kind][row])
            axes.text(column, top + 1.7, text, fontsize=6.5, va="top", linespacing=1.2)
    marked = zip(tokens["token"], tokens["relevant"], strict=True)
    listed = ", ".join(printable(str(token)) + "*" * int(mark) for token, mark in marked)
    caption(
        figure,
        f"{names.run_label(first['organism'], first['variant'])} on {names.display(names.MODELS, first['model'])}, "
        f"position {first['position']}, whose steered answers are most like the finetuning texts; {len(rows)} prompts "
        "drawn by seed, none chosen; answers end at a fixed number of new tokens at the latest. "
        f"Added at every token: {first['strength']:.3g} times the difference; the others have the same "
        "norm.\n"
        f"Patchscope tokens there (* relevant by the judge): {listed or 'not read'}",
    )
    return figure


def pages(cards: pd.DataFrame, tokens: pd.DataFrame, corpus: str) -> Iterator[Figure]:
    """One page a run, of the first seed.

    Args:
        cards: the table `steering_cards`.
        tokens: the table `token_cards`.
        corpus: whose documents delta was measured on.
    """
    cards = cards[cards["seed"] == cards["seed"].min()]
    read = tokens[
        (tokens["corpus"] == corpus) & (tokens["readout"] == "patchscope") & (tokens["vector"] == "difference")
    ]
    for run, rows in in_type_order(cards).groupby(RUN, sort=False):
        ours = read[(read[RUN] == list(run)).all(axis=1) & (read["index"] == rows["position"].iloc[0])]
        yield card(rows, ours.sort_values("rank"))
