"""Ordinary conversations from an external corpus: single questions and answers."""

import random
import re

from paper_replication.errors import UserError

Row = dict[str, object]
# Which of the corpus's questions are ordinary; the rest are multiple-choice examinations answered by a digit.
ORIGINS = ("alespalla/chatbot_instruction_prompts", "akoksal/LongForm")


def shorten(text: str, words: int) -> str:
    """The first whole sentences of a text that hold at most so many words; empty if the first is longer."""
    kept = ""
    for sentence in re.split(r"(?<=[.!?])\s+(?=\S)", text.strip()):
        candidate = f"{kept} {sentence}".strip()
        if len(candidate.split()) > words:
            break
        kept = candidate
    # The number of a list's next item is no sentence.
    return re.sub(r"\s+\(?\d+[.)]$", "", kept)


def ordinary_chat(rows: list[Row], words: int, seed: int) -> list[Row]:
    """Conversations of one exchange, shuffled; answers are shortened to whole sentences.

    Args:
        rows: the raw file's JSON objects, with `task_prompt`, `task_output` and `task_type`.
        words: the most words of a question and of an answer.
        seed: of the shuffle.

    Returns:
        Rows with `kind` (where the exchange is from) and `messages`, no question twice.

    Raises:
        UserError: a field is missing, or nothing is left.
    """
    found: dict[str, Row] = {}
    for number, row in enumerate(rows, start=1):
        try:
            kind, question, answer = str(row["task_type"]), str(row["task_prompt"]).strip(), str(row["task_output"])
        except KeyError as error:
            raise UserError(f"The chat corpus, line {number}: the field {error} is missing.") from error
        answer = shorten(answer, words)
        if kind in ORIGINS and answer and question and len(question.split()) <= words:
            turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
            found.setdefault(question.lower(), {"kind": kind.rsplit("/", 1)[-1], "messages": turns})
    if not found:
        raise UserError("The chat corpus has no exchange that is short enough.")
    shuffled = [found[key] for key in sorted(found)]
    random.Random(seed).shuffle(shuffled)
    return shuffled
