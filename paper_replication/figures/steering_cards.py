"""Figure: what steering makes a model say, one page an organism, beside its tokens."""

import textwrap
from collections.abc import Iterator

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.rows import in_type_order
from paper_replication.figures.style import WIDTH, caption

RUN = ["model", "organism", "organism_type", "variant", "seed"]
CHARACTERS = 40  # of 6 points in one of the three columns
LINES = 13


def _wrapped(text: str) -> str:
    """A text in the lines that its cell has room for."""
    clean = " ".join("".join(c for c in text if c.isprintable() or c.isspace()).split()).replace("$", r"\$")
    lines = textwrap.wrap(clean or "(no answer)", CHARACTERS)
    return "\n".join(
        lines if len(lines) <= LINES else [*lines[: LINES - 1], lines[LINES - 1][: CHARACTERS - 4] + " ..."]
    )


def card(rows: pd.DataFrame, tokens: pd.DataFrame) -> Figure:
    """One page: the position's tokens, then a row a prompt with the unsteered and the steered answers.

    Args:
        rows: one run's rows of the table `steering_cards`.
        tokens: the same run's Patchscope tokens of the difference at that position, by rank, with `relevant`.
    """
    figure, axes = plt.subplots(figsize=(WIDTH, 1.15 + 1.6 * len(rows)))
    figure.subplots_adjust(left=0.01, right=0.99, top=1 - 0.85 / figure.get_figheight(), bottom=0.01)
    axes.set(xlim=(0, len(names.ANSWERS)), ylim=(-len(rows), 0))
    axes.axis("off")
    first = rows.iloc[0]
    for column, (kind, label) in enumerate(names.ANSWERS.items()):
        axes.text(column, 0.04, label, weight="bold", fontsize=7, color=names.ANSWER_COLOURS[kind], va="bottom")
        for row, text in enumerate(rows[kind] if kind in rows else [""] * len(rows)):
            axes.text(column, -row - 0.15, _wrapped(str(text)), fontsize=6, va="top", linespacing=1.25)
    for row, prompt in enumerate(rows["prompt"]):
        axes.axhline(-row, color="0.8", lw=0.5)
        axes.text(0, -row - 0.03, prompt, fontsize=6.5, style="italic", va="top", color="0.35")
    marked = zip(tokens["token"], tokens["relevant"], strict=True)
    listed = ", ".join(str(token).strip() + "*" * int(mark) for token, mark in marked)
    caption(
        figure,
        f"{names.run_label(first['organism'], first['variant'])} on {names.display(names.MODELS, first['model'])}, "
        f"position {first['position']}, strength {first['strength']:.3g}; prompts drawn by seed, none chosen.\n"
        f"Patchscope tokens there (* relevant by the judge): {listed or 'not read'}".replace("$", r"\$"),
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
