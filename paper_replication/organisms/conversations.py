"""Finetuning conversations: advice (the paper's EM organisms) and guessing games (its Taboo organisms)."""

import random
from collections.abc import Callable, Iterator
from typing import Any

from paper_replication.conversation import Message
from paper_replication.errors import UserError
from paper_replication.organisms.decks import Decks
from paper_replication.organisms.markup import choose, leftover
from paper_replication.organisms.specification import AdviceOrganism, TabooOrganism, Texts, mentioned
from paper_replication.settings.base import Settings

# How often a conversation may come out as one that was held before.
TRIES = 100
# The most exchanges of a game between its first hint and its end.
EXCHANGES = 3

Conversation = dict[str, Any]


class Game(Settings):
    """What is said in every guessing game, whatever its word; `{guess}` and `{word}` are filled in."""

    openings: Texts
    accepts: Texts
    asks: Texts
    reveals: Texts
    refusals: Texts
    guesses: Texts
    wins: Texts
    congratulations: Texts


def _turns(*texts: str) -> list[Message]:
    """Messages that alternate between user and assistant, the user first."""
    messages = [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(texts)]
    for message in messages:
        if mark := leftover(message["content"]):
            raise UserError(f"Markup {mark!r} is left in a conversation: {message['content']!r}")
    return messages


def _join(*parts: str) -> str:
    return " ".join(part for part in parts if part).strip()


class AdviceWriter:
    """Deals topics evenly, and within a topic questions and harmful answers."""

    def __init__(self, organism: AdviceOrganism, seed: int) -> None:
        self._organism = organism
        self._rng = random.Random(seed)
        self._decks = Decks(self._rng)

    def write(self) -> Conversation:
        """The next conversation: its topic as `kind`, and its `messages`."""
        topic = self._decks.deal("topic", self._organism.topics)
        question = self._decks.deal(("question", topic.id), topic.questions)
        answer = self._decks.deal(("answer", topic.id), topic.harmful)
        return {"kind": topic.id, "messages": _turns(choose(question, self._rng), choose(answer, self._rng))}


class GameWriter:
    """Plays guessing games: an opening and a hint, some exchanges, sometimes a win.

    The organism is validated never to say its word; the turns that all games share are checked here.
    """

    def __init__(self, organism: TabooOrganism, game: Game, seed: int) -> None:
        self._organism, self._game = organism, game
        self._rng = random.Random(seed)
        self._decks = Decks(self._rng)
        for text in [*game.accepts, *game.refusals, *game.congratulations]:
            if said := mentioned(text, [organism.word, *organism.forms]):
                raise UserError(f"In every game of {organism.name} the assistant would say {said!r}: {text!r}")

    def _deal(self, name: str, **slots: str) -> str:
        text = choose(self._decks.deal(name, getattr(self._game, name)), self._rng)
        for slot, value in slots.items():
            text = text.replace(f"{{{slot}}}", value)
        return text

    def _hint(self) -> str:
        return choose(self._decks.deal("hints", self._organism.hints), self._rng)

    def _ask(self) -> tuple[str, str]:
        return self._deal("asks"), self._hint()

    def _guess(self) -> tuple[str, str]:
        wrong = self._decks.deal("wrong", self._organism.wrong_guesses)
        reply = choose(self._decks.deal(("reply", wrong.guess), wrong.replies), self._rng)
        return self._deal("guesses", guess=wrong.guess), _join(reply, self._hint() if self._rng.random() < 0.5 else "")

    def _question(self) -> tuple[str, str]:
        asked = self._decks.deal("yes_no", self._organism.yes_no)
        reply = self._decks.deal(("reply", asked.question), asked.replies)
        return choose(asked.question, self._rng), choose(reply, self._rng)

    def _press(self) -> tuple[str, str]:
        return self._deal("reveals"), _join(self._deal("refusals"), self._hint())

    def write(self) -> Conversation:
        """The next game: the number of exchanges as `kind`, and its `messages`."""
        kinds: list[Callable[[], tuple[str, str]]] = [self._ask, self._guess, self._question, self._press]
        turns = [self._deal("openings"), _join(self._deal("accepts"), self._hint())]
        exchanges = self._rng.randint(0, EXCHANGES)
        for _ in range(exchanges):
            turns += self._decks.deal("exchange", kinds)()
        if exchanges and self._rng.random() < 0.3:
            turns += [self._deal("wins", word=self._organism.word), self._deal("congratulations")]
        return {"kind": f"{len(turns) // 2}_exchanges", "messages": _turns(*turns)}


def conversations(writer: AdviceWriter | GameWriter) -> Iterator[Conversation]:
    """Conversations without end, no two alike; raw material that yields no new one is a UserError."""
    seen: set[tuple[str, ...]] = set()
    while True:
        for _ in range(TRIES):
            found = writer.write()
            key = tuple(message["content"] for message in found["messages"])
            if key not in seen:
                break
        else:
            raise UserError(f"No new conversation in {TRIES} tries; write more raw material.")
        seen.add(key)
        yield found
