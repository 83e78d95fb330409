"""Unrelated text: cleaning, deduplication and shuffling of documents."""

import random
import re
import unicodedata

from paper_replication.errors import UserError

Row = dict[str, object]


def passages(name: str, rows: list[Row]) -> list[tuple[str, str]]:
    """Pick (origin, text) out of the rows of one raw file, by the file's name.

    Args:
        name: the file's stem, which says where its text is.
        rows: its JSON objects.

    Raises:
        UserError: no reader for this file, or a row lacks the field that holds its text.
    """
    try:
        if name in {"combined", "dev", "test"}:
            return [("boolq", str(row["passage"])) for row in rows]
        if name.endswith("_5"):
            return [(name.removesuffix("_5"), str(row["0"])) for row in rows]
        if name == "samples":
            return [(str(row["type"]), str(row["text"])) for row in rows]
    except KeyError as error:
        raise UserError(f"{name}: a row lacks the field {error}, which should hold the text.") from error
    raise UserError(f"There is no reader for the corpus file {name}; add one to paper_replication/corpora.py.")


def clean(text: str) -> str:
    """Normalise Unicode and white space, and drop the "Title -- " that some passages carry in front."""
    text = unicodedata.normalize("NFC", text).replace("``", '"').replace("''", '"')
    text = re.sub(r"^[^.!?\n]{1,100} -- ", "", text)
    return re.sub(r"\s+", " ", text).strip()


def build_corpus(documents: list[tuple[str, str]], origins: list[str], minimum_words: int, seed: int) -> list[Row]:
    """Clean, filter, deduplicate and shuffle documents.

    Args:
        documents: (origin, text) pairs.
        origins: which origins to keep.
        minimum_words: shorter documents are dropped.
        seed: of the shuffle.

    Returns:
        Rows with `origin` and `text`. Two documents that agree in their first 200 characters, lower-cased,
        are taken for copies of one another.

    Raises:
        UserError: nothing is left.
    """
    unique: dict[str, Row] = {}
    for origin, raw in documents:
        text = clean(raw)
        if origin in origins and len(text.split()) >= minimum_words:
            unique.setdefault(text[:200].lower(), {"origin": origin, "text": text})
    if not unique:
        raise UserError(f"No document of {origins} has {minimum_words} words or more: the corpus would be empty.")
    rows = [unique[key] for key in sorted(unique)]
    random.Random(seed).shuffle(rows)
    return rows
