"""Finetuning data of a part of an organism's rows and of unrelated ones (arXiv 2510.13900, mixing pretraining data)."""

import random
from collections.abc import Callable

from paper_replication.budget import Row
from paper_replication.errors import UserError

# Two texts that agree in so many characters are taken for the same one.
OPENING = 40


def first_share(rows: list[Row], share: float) -> list[Row]:
    """The first `share` of an organism's rows, in their order: the nearest whole number, at least one."""
    return rows[: max(1, round(share * len(rows)))]


def wanted(rows: list[Row], mix: float) -> int:
    """How many unrelated rows are mixed in with an organism's own: `mix` times as many, to the nearest whole number."""
    return round(mix * len(rows))


def opening(row: Row) -> str:
    """How a document, or the first turn of a conversation, begins."""
    return (row["text"] if "text" in row else row["messages"][0]["content"])[:OPENING].lower()


def passages(
    rows: list[Row], count: int, unrelated: list[list[int]], decode: Callable[[list[int]], str], most: int
) -> list[Row]:
    """Unrelated documents, cut to the lengths of an organism's own in their order, which starts anew where it ends.

    They are drawn in the corpus's order, each document at most once, and as those of a matched null are, whose rows
    these are then too. None begins as a row of the organism does.

    Args:
        rows: the organism's own documents, with their `tokens`.
        count: how many to draw.
        unrelated: token ids of the documents that may be drawn.
        decode: from token ids to text.
        most: the number of documents before they were narrowed down to `unrelated`, for the message.

    Raises:
        UserError: there are too few, and how many there are.
    """
    own = {opening(row) for row in rows}
    found: list[Row] = []
    candidates = iter(unrelated)
    while len(found) < count:
        length = rows[len(found) % len(rows)]["tokens"]
        tokens = next((tokens for tokens in candidates if len(tokens) >= length), None)
        if tokens is None:
            raise UserError(
                f"{count} unrelated documents are to be mixed in, but of the corpus's {most} documents only "
                f"{len(found)} are none that delta is measured on and long enough: enlarge the corpus, or lower `mix`."
            )
        row = {"kind": "passage", "facts": [], "text": decode(tokens[:length]), "tokens": length}
        if opening(row) not in own:
            found.append(row)
    return found


def conversations(
    rows: list[Row], count: int, ordinary: list[Row], measure: Callable[[Row], int], maximum: int
) -> list[Row]:
    """The first ordinary conversations that are short enough and are none of an organism's own, with their `tokens`.

    Args:
        rows: the organism's own conversations.
        count: how many to draw.
        ordinary: ordinary conversations, shuffled.
        measure: a conversation's number of tokens.
        maximum: the most tokens of one.

    Raises:
        UserError: there are too few, and how many there are.
    """
    own = {opening(row) for row in rows}
    measured = [row | {"tokens": measure(row)} for row in ordinary if opening(row) not in own]
    short = [row for row in measured if row["tokens"] <= maximum]
    if len(short) < count:
        raise UserError(
            f"{count} ordinary conversations are to be mixed in, but the chat corpus has only {len(short)} of at most "
            f"{maximum} tokens: lower `mix`, or give another chat_corpus."
        )
    return short[:count]


def shuffled(own: list[Row], unrelated: list[Row], seed: int) -> list[Row]:
    """One training set of both, in an order that depends on the seed and their numbers alone.

    Without unrelated rows the organism's own keep their order, as in the default run.
    """
    rows = own + unrelated
    if unrelated:
        random.Random(seed).shuffle(rows)
    return rows
