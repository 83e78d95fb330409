"""Texts whose loss is measured: documents at every token, conversations at what the assistant says."""

import random
from typing import Any

from transformers import PreTrainedTokenizerBase

from paper_replication.budget import texts_of
from paper_replication.causal import ScoredText
from paper_replication.conversation import NO_LOSS, training_tokens
from paper_replication.errors import UserError

Row = dict[str, Any]
# Two texts that agree in so many characters are taken for the same one.
OPENING = 40


def scored_text(tokenizer: PreTrainedTokenizerBase, row: Row, most: int) -> ScoredText:
    """A document or conversation as token ids and labels, cut after its first `most` scored tokens.

    Of a document every token is scored but the first, which nothing is there to predict. Where the template makes
    several sequences of a conversation (`training_tokens`), the first is taken.

    Raises:
        UserError: nothing in it is scored.
    """
    if "text" in row:
        ids = tokenizer(row["text"])["input_ids"]
        labels = list(ids)
    else:
        ids, labels = next(iter(training_tokens(tokenizer, row["messages"])), ([], []))
    scored = [index for index, label in enumerate(labels) if index > 0 and label != NO_LOSS]
    if not scored:
        raise UserError(f"Nothing is scored in a text that starts with {texts_of(row)[:OPENING]!r}; leave it out.")
    end = scored[:most][-1] + 1
    return ids[:end], labels[:end]


def after_the_lens(tokenizer: PreTrainedTokenizerBase, rows: list[Row], documents: int, window: int) -> list[Row]:
    """The documents of a corpus after the last one that delta is measured on: the first long enough are."""
    left = documents
    for place, row in enumerate(rows):
        left -= len(tokenizer(row["text"], truncation=True, max_length=window)["input_ids"]) == window
        if left == 0:
            return rows[place + 1 :]
    return []


def _opening(row: Row) -> str:
    text = row["text"] if "text" in row else row["messages"][0]["content"]
    return text[:OPENING].lower()


def take(rows: list[Row], count: int, finetuned_on: list[Row], name: str) -> tuple[list[Row], int]:
    """The first rows that were not finetuned on, and only where these are too few, some that were.

    Args:
        rows: documents or conversations, shuffled.
        count: how many to take.
        finetuned_on: the finetuning data.
        name: what they are, for the message.

    Returns:
        The rows, and how many of them were finetuned on.

    Raises:
        UserError: there are too few.
    """
    if len(rows) < count:
        raise UserError(
            f"Of {name} there are only {len(rows)} texts, but {count} are wanted: lower n_documents in the config's "
            "causal section."
        )
    seen = {_opening(row) for row in finetuned_on}
    order = sorted(rows, key=lambda row: _opening(row) in seen)
    return order[:count], sum(_opening(row) in seen for row in order[:count])


def sample(rows: list[Row], seed: int) -> list[Row]:
    """The distinct rows of finetuning data (documents may be repeated there), shuffled."""
    distinct = list({texts_of(row): row for row in rows}.values())
    random.Random(seed).shuffle(distinct)
    return distinct
