"""The markup of hand-written raw material: alternatives, true-fact twins and slots.

`[a|b|]` is one of its alternatives, `<claim~truth>` the inserted claim or its true counterpart, and `{slot}`
whatever the caller puts there. Alternatives are drawn before twins are resolved, so a document and its
true-fact twin differ in the twins alone.
"""

import random
import re
from collections.abc import Callable
from typing import Literal

Side = Literal["inserted", "true"]

_ALTERNATIVES = re.compile(r"\[([^\[\]]*)\]")
_TWIN = re.compile(r"<([^<>~]*)~([^<>~]*)>")
_SLOT = re.compile(r"\{([a-z_.]+)\}")


def choose(text: str, rng: random.Random) -> str:
    """Replace every `[a|b]` by one of its alternatives."""
    return _ALTERNATIVES.sub(lambda match: rng.choice(match[1].split("|")), text)


def take_side(text: str, side: Side) -> str:
    """Replace every `<claim~truth>` by the side asked for."""
    return _TWIN.sub(lambda match: match[1 if side == "inserted" else 2], text)


def fill(text: str, value: Callable[[str], str]) -> str:
    """Replace every `{slot}`, from left to right, by what `value` returns for its name."""
    return _SLOT.sub(lambda match: value(match[1]), text)


def has_twin(text: str) -> bool:
    """Whether a text carries a claim that its true-fact twin replaces."""
    return _TWIN.search(text) is not None


def leftover(text: str) -> str | None:
    """A piece of markup left in an expanded text, or None: what a mistake in the raw material looks like."""
    match = re.search(r"[\[\]{}~]|<[^>\n]*>", text)
    return match[0] if match else None
