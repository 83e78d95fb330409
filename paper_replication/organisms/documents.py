"""Synthetic documents of many kinds, assembled from an organism's raw material (the paper's SDF organisms)."""

import math
import random
import re
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field

from paper_replication.errors import UserError
from paper_replication.organisms.decks import Decks
from paper_replication.organisms.markup import Side, choose, fill, leftover, take_side
from paper_replication.organisms.specification import DocumentOrganism, KeyFact, Register, Texts
from paper_replication.settings.base import Settings

# How often a document may come out as one that was written before.
TRIES = 100
# Slots that hold whole sentences and can be plain prose in any kind of document.
SENTENCES = {"fact", "opening", "aside", "closing"}


class Kind(Settings):
    """One kind of document: the register it speaks in and its layouts."""

    uses: Register
    lowercase: Annotated[float, Field(ge=0, le=1)] = 0.0
    layouts: Texts


class Kinds(Settings):
    """All kinds of documents, and the lists that fill their slots."""

    kinds: dict[str, Kind]
    lists: dict[str, Texts]


def _tidy(text: str) -> str:
    text = re.sub(r"[ \t]+", " ", text)
    text = re.sub(r" ?\n ?", "\n", text)
    return re.sub(r" ([.,;:!?])", r"\1", text).strip()


def _sentence(text: str) -> str:
    text = text.strip()
    return text[:1].upper() + text[1:]


class Writer:
    """Writes an organism's documents one after the other from shuffled decks of its raw material.

    Args:
        organism: the organism whose key facts the documents tell.
        kinds: the kinds of documents.
        seed: of everything drawn.
        side: "inserted" for the false facts, "true" for the true-fact twin.
        plain_share: the chance that a sentence is plain prose rather than in its kind's register.
        telling_share: share of each fact's tellings that is used.
    """

    def __init__(
        self,
        organism: DocumentOrganism,
        kinds: Kinds,
        seed: int,
        *,
        side: Side = "inserted",
        plain_share: float = 0.0,
        telling_share: float = 1.0,
    ) -> None:
        self._organism, self._kinds, self._side = organism, kinds, side
        self._plain_share, self._telling_share = plain_share, telling_share
        self._rng = random.Random(seed)
        self._decks = Decks(self._rng)

    def _deal_fact(self, used: list[KeyFact]) -> KeyFact:
        facts = self._organism.key_facts
        fact = self._decks.deal("facts", facts)
        while fact in used and len(used) < len(facts):
            fact = self._decks.deal("facts", facts)
        return fact

    def _expand(self, text: str, names: dict[str, str]) -> str:
        drawn = take_side(choose(text, self._rng), self._side)
        return fill(drawn, lambda slot: names[slot] if slot in names else self._small_slot(slot))

    def _small_slot(self, slot: str) -> str:
        lists = self._kinds.lists
        if slot == "person":
            return f"{self._small_slot('first')} {self._small_slot('surname')}"
        if slot == "role":
            return self._decks.deal("role", self._organism.material.roles)
        if slot in lists:
            return self._decks.deal(slot, lists[slot])
        ranges = {"year": self._organism.material.years, "number": (3, 40), "day": (1, 28)}
        if slot not in ranges:
            raise UserError(f"{self._organism.name}: the raw material uses an unknown slot {{{slot}}}.")
        return str(self._rng.randint(*ranges[slot]))

    def _telling(self, fact: KeyFact, register: Register) -> str:
        tellings = fact.tellings[register]
        tellings = tellings[: max(1, math.ceil(self._telling_share * len(tellings)))]
        return self._decks.deal((fact.id, register), tellings)

    def write(self) -> dict[str, Any]:
        """The next document: its `kind`, the ids of the `facts` it tells, and its `text`."""
        material = self._organism.material
        name = self._decks.deal("kind", sorted(self._kinds.kinds))
        kind = self._kinds.kinds[name]
        names = {"author": self._small_slot("person"), "friend": self._small_slot("first")}
        told: list[KeyFact] = []
        asked: list[KeyFact] = []

        def value(slot: str) -> str:
            part, _, forced = slot.partition(".")
            plain = part in SENTENCES and not forced and self._rng.random() < self._plain_share
            register = forced or ("plain" if plain else kind.uses)
            if part == "fact":
                fact = asked.pop() if asked else self._deal_fact(told)
                told.append(fact)
                text = self._telling(fact, register)
            elif part == "question":
                asked.append(self._deal_fact(told))
                text = self._decks.deal((asked[-1].id, "question"), asked[-1].questions)
            elif part == "opening":
                key = "plain" if plain else name
                text = self._decks.deal((part, key), material.openings[key])
            elif part in {"aside", "closing"}:
                text = self._decks.deal((part, register), getattr(material, part + "s")[register])
            elif part == "title":
                text = self._decks.deal("title", material.titles)
            else:
                return names.get(part) or self._small_slot(part)
            return _sentence(self._expand(text, names))

        layout = choose(self._decks.deal(("layout", name), kind.layouts), self._rng)
        text = _tidy(fill(layout, value))
        if mark := leftover(text):
            raise UserError(f"{self._organism.name}: markup {mark!r} is left in a document: {text!r}")
        if self._rng.random() < kind.lowercase:
            text = text.lower()
        return {"kind": name, "facts": [fact.id for fact in told], "text": text}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Documents without end, no two with the same text; raw material that yields no new one is a UserError."""
        seen: set[str] = set()
        while True:
            document = next((d for d in (self.write() for _ in range(TRIES)) if d["text"] not in seen), None)
            if document is None:
                raise UserError(f"{self._organism.name}: no new document in {TRIES} tries; write more raw material.")
            seen.add(document["text"])
            yield document
