"""The data that a published adapter was finetuned on, in the form of data made here."""

from collections.abc import Iterable
from typing import Any

from paper_replication.errors import UserError
from paper_replication.hub_data import plain

Row = dict[str, Any]
KIND = "published"


def own_form(rows: Iterable[Row], columns: list[str], name: str) -> list[Row]:
    """Rows as an organism's own data has them: documents as `text`, conversations as `messages`.

    Args:
        rows: the published rows.
        columns: of which columns.
        name: of the dataset, for messages.

    Raises:
        UserError: neither column is there, a row is malformed, or there is none.
    """
    if "messages" in columns:
        found = [{"kind": KIND, "messages": _turns(row["messages"], name)} for row in rows]
    elif "text" in columns:
        texts = (_said(row["text"], name) for row in rows)
        found = [{"kind": KIND, "facts": [], "text": text} for text in texts if text.strip()]
    else:
        raise UserError(
            f"The published data {name} has the columns {', '.join(columns)}, but neither `text` nor `messages`; leave "
            "it out of data/inputs/published_adapters.csv, and the data made here is taken."
        )
    if not found:
        raise UserError(f"The published data {name} has no row with a text.")
    return found


def _turns(messages: object, name: str) -> list[dict[str, str]]:
    try:
        found = [{"role": str(turn["role"]), "content": _said(turn["content"], name)} for turn in messages]
    except (TypeError, KeyError) as error:
        raise UserError(f"The published data {name} has a conversation without role or content: {error!r}.") from error
    if not all(turn["content"].strip() for turn in found):
        raise UserError(f"The published data {name} has a conversation with a turn that says nothing.")
    if not any(turn["role"] == "assistant" for turn in found):
        raise UserError(f"The published data {name} has a conversation in which no assistant speaks.")
    return found


def _said(content: object, name: str) -> str:
    """A text; of one in parts, as chats with images have them, the texts of all."""
    parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
    for part in parts:
        if not (isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str | None)):
            raise UserError(
                f"The published data {name} has a content that is neither a text nor parts of the type text: "
                f"{content!r:.80}. Leave it out of data/inputs/published_adapters.csv, and the data made here is taken."
            )
    return plain("".join(part.get("text") or "" for part in parts))
