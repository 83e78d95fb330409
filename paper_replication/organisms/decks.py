"""Shuffled decks of cards, by which raw material is used evenly and without early repeats."""

import random
from collections import defaultdict
from collections.abc import Sequence
from typing import Any


class Decks:
    """Shuffled decks of cards: every card is dealt once before any is dealt again."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._piles: dict[Any, list] = defaultdict(list)

    def deal(self, name: Any, cards: Sequence) -> Any:
        """The next card of the named deck."""
        if not self._piles[name]:
            self._piles[name] = self._rng.sample(cards, len(cards))
        return self._piles[name].pop()
