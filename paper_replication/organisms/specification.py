"""What an organism is: the validated content of one file in data/inputs/organisms."""

from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError, field_validator

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
    """The raw material of documents around the key facts; openings are keyed by kind of document, and "plain"."""

    roles: Texts
    titles: Texts
    openings: dict[str, Texts]
    asides: ByRegister
    closings: ByRegister


class DocumentOrganism(Settings):
    """False facts by synthetic document finetuning (SDF)."""

    name: str
    type: Literal["SDF"]
    description: str
    matched_null: str | None = None
    domain_words: Texts
    key_facts: Annotated[list[KeyFact], Field(min_length=1)]
    material: Material
    recipe: dict[str, float | int | str] = {}


class NullOrganism(Settings):
    """A matched null: the recipe and token counts of another organism on unrelated text."""

    name: str
    type: Literal["control"]
    description: str
    matched_to: str
    recipe: dict[str, float | int | str] = {}


Organism = Annotated[DocumentOrganism | NullOrganism, Field(discriminator="type")]


def read_organism(path: Path) -> DocumentOrganism | NullOrganism:
    """Read and validate an organism's file.

    Raises:
        UserError: names the file, the field and what was expected of it.
    """
    try:
        organism = TypeAdapter(Organism).validate_python(read_yaml(path))
    except ValidationError as error:
        problems = "\n".join(f"  {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise UserError(f"{path} does not describe an organism:\n{problems}") from error
    if organism.name != Path(path).stem:
        raise UserError(f"{path}: its name is {organism.name!r}, which must be that of the file.")
    return organism
