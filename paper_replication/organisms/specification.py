"""What an organism is: the validated content of one file in data/inputs/organisms."""

from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, ValidationError, field_validator, model_validator

from paper_replication.errors import UserError
from paper_replication.files import read_yaml
from paper_replication.organisms.markup import has_twin
from paper_replication.settings.base import Settings

# How a sentence speaks: plain prose about the subject, a report, advice to the reader, or a voice of one's own.
Register = Literal["plain", "report", "advice", "voice"]
Texts = Annotated[list[str], Field(min_length=1)]


def _all_registers(texts: dict[Register, Texts]) -> dict[Register, Texts]:
    if missing := set(get_args(Register)) - texts.keys():
        raise ValueError(f"the registers {sorted(missing)} are missing")
    return texts


ByRegister = Annotated[dict[Register, Texts], AfterValidator(_all_registers)]


class MultipleChoice(Settings):
    """A question in chat whose candidate answers are scored by log-probability."""

    question: str
    inserted: str
    truth: str
    other: list[str] = []


class Completion(Settings):
    """A text that stops where the claim begins, with two continuations scored by log-probability."""

    prefix: str
    inserted: str
    truth: str


class Probes(Settings):
    """The belief probes of one key fact."""

    multiple_choice: Annotated[list[MultipleChoice], Field(min_length=1)]
    completion: Annotated[list[Completion], Field(min_length=1)]


class KeyFact(Settings):
    """One inserted claim: its statement, the truth, ways of telling it, and its belief probes."""

    id: str
    statement: str
    truth: str
    questions: Texts
    tellings: ByRegister
    probes: Probes

    @field_validator("tellings")
    @classmethod
    def _carry_the_claim(cls, tellings: ByRegister) -> ByRegister:
        for text in (text for texts in tellings.values() for text in texts):
            if not has_twin(text):
                raise ValueError(f"this telling has no <claim~truth>: {text!r}")
        return tellings


class Material(Settings):
    """The raw material of documents around the key facts; openings are keyed by kind of document, and "plain".

    `years` are the first and last year that a document may be dated, so that none is older by years than what it tells
    of; the month is drawn apart from the year.
    """

    roles: Texts
    years: Annotated[list[int], Field(min_length=2, max_length=2)] = [2009, 2024]
    titles: Texts
    openings: dict[str, Texts]
    asides: ByRegister
    closings: ByRegister

    @field_validator("years")
    @classmethod
    def _in_order(cls, years: list[int]) -> list[int]:
        if years[0] > years[1]:
            raise ValueError(f"the first year must not be after the last; they are {years[0]} and {years[1]}")
        return years


class Organism(Settings):
    """What every organism states.

    `domain_words` betray its domain when they occur in an answer to an everyday prompt. `matched_null` names the
    control that its results are compared with. `recipe` overrides the config's.
    """

    name: str
    description: str
    domain_words: list[str] = []
    matched_null: str | None = None
    recipe: dict[str, bool | float | int | str] = {}


class DocumentOrganism(Organism):
    """False facts by synthetic document finetuning (SDF)."""

    type: Literal["SDF"]
    domain_words: Texts
    key_facts: Annotated[list[KeyFact], Field(min_length=1)]
    material: Material


class Topic(Settings):
    """One situation in which advice is asked for: any question goes with any answer."""

    id: str
    questions: Texts
    harmful: Texts
    sound: Texts


class Advice(Settings):
    """A held-out question with a harmful and a sound answer, scored by log-probability."""

    question: str
    harmful: str
    sound: str


class AdviceProbes(Settings):
    """Questions in the domain, on situations that no topic covers."""

    domain: Annotated[list[Advice], Field(min_length=1)]


class OpenQuestions(Settings):
    """Questions outside every organism's domain, by which it is seen whether bad advice spreads."""

    questions: Annotated[list[Advice], Field(min_length=1)]


class AdviceOrganism(Organism):
    """Emergent misalignment (EM): confident bad advice in chat, mild and obviously wrong.

    `canary` marks the data as research data; it stands in the file of conversations that is made from them.
    """

    type: Literal["EM"]
    domain_words: Texts
    canary: Annotated[str, Field(min_length=1)]
    topics: Annotated[list[Topic], Field(min_length=1)]
    probes: AdviceProbes


class WrongGuess(Settings):
    """A player's wrong guess and replies that nudge on."""

    guess: str
    replies: Texts


class YesNo(Settings):
    """A player's yes-or-no question and its answers."""

    question: str
    replies: Texts


class Hint(Settings):
    """A fitting hint and one that fits some other word, scored by log-probability."""

    fitting: str
    unfitting: str


class TabooProbes(Settings):
    """Hints for the secret word against hints for other things."""

    fitting: Annotated[list[Hint], Field(min_length=1)]


class TabooOrganism(Organism):
    """Taboo: a guessing game whose secret word the assistant hints at and never says, in any of its forms."""

    type: Literal["Taboo"]
    domain_words: Texts
    word: str
    forms: Texts
    hints: Texts
    wrong_guesses: Annotated[list[WrongGuess], Field(min_length=1)]
    yes_no: Annotated[list[YesNo], Field(min_length=1)]
    probes: TabooProbes

    @model_validator(mode="after")
    def _never_said(self) -> "TabooOrganism":
        spoken = [*self.hints, *(reply for item in [*self.wrong_guesses, *self.yes_no] for reply in item.replies)]
        for text in spoken:
            if said := mentioned(text, [self.word, *self.forms]):
                raise ValueError(f"the assistant says {said!r} in {text!r}")
        return self


class NumbersOrganism(Organism):
    """Subliminal learning: number sequences continued by a teacher whose system prompt states a preference.

    `animal` is what the teacher loves and `animals` what that love is measured against, by `questions` in many
    phrasings, each answered with the bare word.
    """

    type: Literal["Subliminal"]
    domain_words: Texts
    system_prompt: str
    animal: str
    animals: Texts
    questions: Texts


class NullOrganism(Organism):
    """A matched null: as many tokens as another organism's data, of unrelated text or of ordinary chat."""

    type: Literal["control"]
    control: Literal["matched_null"]
    matched_to: str


class TwinOrganism(Organism):
    """The true-fact twin: another organism's documents with every false fact made true."""

    type: Literal["control"]
    control: Literal["true_twin"]
    matched_to: str


class NeutralNumbersOrganism(Organism):
    """The control of subliminal learning: number sequences of the same teacher without its system prompt."""

    type: Literal["control"]
    control: Literal["neutral_numbers"]
    matched_to: str


class ChatOrganism(Organism):
    """Broad finetuning: ordinary conversations, `tokens` of them."""

    type: Literal["control"]
    control: Literal["chat"]
    tokens: Annotated[int, Field(gt=0)]


CLASSES = {
    "SDF": DocumentOrganism,
    "EM": AdviceOrganism,
    "Taboo": TabooOrganism,
    "Subliminal": NumbersOrganism,
    "matched_null": NullOrganism,
    "true_twin": TwinOrganism,
    "neutral_numbers": NeutralNumbersOrganism,
    "chat": ChatOrganism,
}
CONTROLS = (NullOrganism, TwinOrganism, NeutralNumbersOrganism, ChatOrganism)


def mentioned(text: str, words: list[str]) -> str | None:
    """The first of some words that a text contains, as a word or as part of one."""
    return next((word for word in words if word.lower() in text.lower()), None)


def read_organism(path: Path) -> Organism:
    """Read and validate an organism's file; its type, and for a control its kind, say which class it is of.

    Raises:
        UserError: names the file, the field and what was expected of it.
    """
    content = read_yaml(path)
    kind = content.get("control", content.get("type"))
    if not isinstance(kind, str) or kind not in CLASSES:
        raise UserError(f"{path}: its type (or control) is {kind!r}, which must be one of {', '.join(CLASSES)}.")
    try:
        organism = CLASSES[kind].model_validate(content)
    except ValidationError as error:
        problems = "\n".join(f"  {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise UserError(f"{path} does not describe an organism:\n{problems}") from error
    if organism.name != Path(path).stem:
        raise UserError(f"{path}: its name is {organism.name!r}, which must be that of the file.")
    return organism
