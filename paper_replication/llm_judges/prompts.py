"""What LLM judges are asked, and how their answers are read; the wording is in data/inputs/prompts."""

import json
from pathlib import Path
from string import Template
from typing import Any

from paper_replication.errors import UserError

NOTHING = "(nothing but punctuation)"


def read_prompt(path: Path, *fields: str) -> Template:
    """Read a prompt in which `$name` stands for what is filled in.

    Raises:
        UserError: the file cannot be read, or what it fills in are not exactly these fields.
    """
    try:
        template = Template(Path(path).read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read as text: {error}") from error
    if not template.is_valid() or set(template.get_identifiers()) != set(fields):
        expected = ", ".join(f"${field}" for field in fields)
        raise UserError(f"{path} must fill in exactly {expected}, and have no other dollar sign but `$$`.")
    return template


def has_content(token: str) -> bool:
    """Whether a token has a letter or digit: punctuation and arrows are removed before scales are compared."""
    return any(character.isalnum() for character in token)


def numbered(tokens: list[str]) -> str:
    """Tokens by number, from 1, each quoted so that spaces and line breaks are seen."""
    return ", ".join(f"{n} {json.dumps(token, ensure_ascii=False)}" for n, token in enumerate(tokens, start=1))


def scale_prompt(template: Template, candidates: list[list[str]]) -> str:
    """The message to the scale judge; candidates have no tokens without content."""
    lines = [f"List {n}: {numbered(tokens) or NOTHING}" for n, tokens in enumerate(candidates, start=1)]
    return template.substitute(lists="\n".join(lines))


def relevance_prompt(template: Template, description: str, frequent: list[str], tokens: list[str]) -> str:
    """The message to the relevance judge."""
    words = ", ".join(frequent) or "(none)"
    return template.substitute(description=description, frequent=words, tokens=numbered(tokens))


def _last_object(answer: str) -> dict[str, Any]:
    """The JSON object, flat, that an answer ends with, in a code fence or not; an empty one where there is none."""
    text = answer.strip().removesuffix("```")
    start = text.rfind("{")
    try:
        return json.loads(text[start:]) if start >= 0 else {}
    except (ValueError, RecursionError):
        # An answer may go in circles: numbers of thousands of digits, lists in lists without end.
        return {}


def _numbers(found: object, most: int) -> list[int] | None:
    """A list of distinct whole numbers from 1 to `most`, or None."""
    if not isinstance(found, list) or not all(type(n) is int and 1 <= n <= most for n in found):
        return None
    return found if len(set(found)) == len(found) else None


def parse_scale(answer: str, candidates: list[list[str]]) -> tuple[int, list[str]] | None:
    """The chosen list, counted from 0, and its coherent tokens; None where the answer cannot be read."""
    found = _last_object(answer)
    chosen = _numbers([found.get("list")], len(candidates))
    if set(found) != {"list", "tokens"} or chosen is None:
        return None
    tokens = candidates[chosen[0] - 1]
    subset = _numbers(found["tokens"], len(tokens))
    return None if subset is None else (chosen[0] - 1, [tokens[n - 1] for n in subset])


def parse_relevant(answer: str, shown: int) -> list[bool] | None:
    """One verdict a shown token, in the order shown; None where the answer cannot be read."""
    found = _last_object(answer)
    numbers = _numbers(found.get("relevant"), shown)
    if set(found) != {"relevant"} or numbers is None:
        return None
    return [n in numbers for n in range(1, shown + 1)]


def parse_coherent(answer: str) -> bool | None:
    """The verdict; None where the answer cannot be read."""
    found = _last_object(answer)
    verdict = found.get("coherent")
    return verdict if set(found) == {"coherent"} and isinstance(verdict, bool) else None
