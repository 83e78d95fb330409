"""Finetuning data up to a budget of tokens."""

from collections.abc import Callable, Iterable
from typing import Any

from transformers import PreTrainedTokenizerBase

from paper_replication.conversation import render
from paper_replication.errors import UserError

Row = dict[str, Any]
# A limit on length may set aside as many rows as it keeps, and these to begin with.
SLACK = 100


def length(tokenizer: PreTrainedTokenizerBase, row: Row) -> int:
    """Tokens of a document, or of a conversation in the chat template."""
    if "text" in row:
        return len(tokenizer(row["text"])["input_ids"])
    return len(tokenizer(render(tokenizer, row["messages"]), add_special_tokens=False)["input_ids"])


def texts_of(row: Row) -> str:
    """What a row says: the text of a document, or all turns of a conversation, a line each."""
    return row["text"] if "text" in row else "\n".join(message["content"] for message in row["messages"])


def fill(rows: Iterable[Row], budget: int, maximum: int, measure: Callable[[Row], int], limit: str) -> list[Row]:
    """Take rows until they hold `budget` tokens; each gets its number of `tokens`.

    A row longer than `maximum` is set aside, not cut: no text stops in the middle of a sentence, and what is counted is
    what is trained on.

    Args:
        rows: documents or conversations.
        budget: tokens wanted.
        maximum: the most tokens of one row.
        measure: a row's number of tokens.
        limit: the config's name of `maximum`, for the message.

    Raises:
        UserError: most rows are too long, or there are too few.
    """
    kept: list[Row] = []
    tokens = set_aside = 0
    for row in rows:
        found = measure(row)
        if found > maximum:
            set_aside += 1
            if set_aside > SLACK + len(kept):
                raise UserError(f"Most of the finetuning data is longer than {maximum} tokens: raise {limit}.")
            continue
        kept.append(row | {"tokens": found})
        tokens += found
        if tokens >= budget:
            return kept
    raise UserError(f"There are only {tokens} tokens of finetuning data, but {budget} are wanted.")
