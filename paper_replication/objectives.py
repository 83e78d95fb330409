"""The catalogue of candidate objectives that closed-set identification chooses from."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from paper_replication.errors import UserError
from paper_replication.files import read_yaml
from paper_replication.settings.base import Settings


class Objective(Settings):
    """One candidate: what a finetuning may have been for.

    An organism's own objective has the organism's name as `id`; a near miss says in `near` which organism it misses.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    kind: Literal["organism", "near_miss", "unrelated"]
    near: str | None
    text: Annotated[str, Field(min_length=1)]

    @model_validator(mode="after")
    def _near_an_organism(self) -> "Objective":
        if (self.kind == "near_miss") != (self.near is not None):
            raise ValueError(f"{self.id}: `near` must be given for a near miss, and null for anything else")
        return self


class Catalogue(Settings):
    """All candidates; every organism has one, and every near miss is near one of them."""

    objectives: Annotated[list[Objective], Field(min_length=2)]

    @model_validator(mode="after")
    def _all_differ(self) -> "Catalogue":
        for field in ("id", "text"):
            most = Counter(getattr(objective, field) for objective in self.objectives).most_common(1)[0]
            if most[1] > 1:
                raise ValueError(f"the {field} {most[0]!r} occurs {most[1]} times")
        for objective in self.objectives:
            if objective.near is not None and objective.near not in self.organisms:
                raise ValueError(f"{objective.id} is near {objective.near!r}, which is no organism of the catalogue")
        return self

    @property
    def organisms(self) -> list[str]:
        """The organisms that have an objective."""
        return [objective.id for objective in self.objectives if objective.kind == "organism"]


def read_catalogue(path: Path) -> Catalogue:
    """Read and validate a catalogue.

    Raises:
        UserError: names the file and what is wrong with it.
    """
    try:
        return Catalogue.model_validate(read_yaml(path))
    except ValidationError as error:
        problems = "\n".join(f"  {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise UserError(f"{path} is no catalogue of objectives:\n{problems}") from error


def check_truth(catalogue: Catalogue, truth: str | None) -> None:
    """A run's organism must have an objective in the catalogue; a control has none.

    Raises:
        UserError: the organism has no objective.
    """
    if truth is not None and truth not in catalogue.organisms:
        raise UserError(
            f"The organism {truth!r} has no objective: add one of kind `organism` with that id, and near misses, to "
            "data/inputs/objectives.yaml."
        )
