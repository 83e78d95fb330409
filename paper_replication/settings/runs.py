"""The config of runs: which are made of what organism, by what variants of a recipe and with which seeds."""

from typing import Annotated

from pydantic import Field, model_validator

from paper_replication.settings.ablated_training import AblatedDirections
from paper_replication.settings.base import Settings
from paper_replication.settings.mixing import Departures

Overrides = dict[str, float | int | str | bool]
# The table of mixtures that has the runs without one.
MIXING = "mixing"


class Variant(Settings):
    """A named departure from the default recipe, documents or amounts of data.

    `share` is the share of the organism's own rows that is finetuned on; `mix` times as many unrelated rows are mixed
    in (`mixed_in`). `ablate` names directions of the default run's delta that are absent from the residual stream in
    training. `full` finetunes all linear layers, not a LoRA on them. Where `published`, the adapter is fetched, as
    data/inputs/published_adapters.csv says, not trained here.
    """

    recipe: Overrides = {}
    documents: Overrides = {}
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    mix: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    ablate: AblatedDirections | None = None
    full: bool = False
    published: bool = False

    @model_validator(mode="after")
    def _made_in_one_way(self) -> "Variant":
        if self.full and self.ablate:
            raise ValueError("`full` and `ablate` cannot go together")
        given = self.model_fields_set - {"published"}
        if self.published and given:
            raise ValueError(f"a published variant cannot depart in anything else, as in {min(given)}")
        return self


class OnModels(Settings):
    """Runs that go with the `models` that are named, or with all where none is."""

    models: list[str] = []


class Runs(OnModels):
    """Which variants and seeds of one organism are trained; delta is read on `corpora`, by default on the first."""

    organism: str
    corpora: list[str] = []
    variants: Annotated[list[str], Field(min_length=1)] = ["default"]
    seeds: Annotated[list[int], Field(min_length=1)] = [0]


class Sweep(OnModels):
    """The sweep that the recipe was chosen by: organisms that are not reported, and the largest leak it may have."""

    organisms: Annotated[list[str], Field(min_length=1)]
    variants: Annotated[list[str], Field(min_length=1)] = ["default"]
    seeds: Annotated[list[int], Field(min_length=1)] = [0]
    maximum_leak: Annotated[float, Field(gt=0, lt=1)]


class Seeds(OnModels):
    """Organisms that are trained with several seeds, beside the figures' own runs, to see how far results vary."""

    organisms: Annotated[list[str], Field(min_length=1)]
    seeds: Annotated[list[int], Field(min_length=2)]


class DeparturesOnModels(Departures, OnModels):
    """Organisms each of which is finetuned by several variants, on some of the models."""


class Controlled(DeparturesOnModels):
    """With `random_control`, the table of these runs has steering by a random direction too."""

    random_control: bool = True


class Mixtures(Controlled):
    """Mixtures; a group may have a `table` of its own, without the default runs, which are in the first table.

    So a group that is added later can be made without the files of the others.
    """

    table: str = MIXING


class Elsewhere(DeparturesOnModels):
    """Mixtures, and the runs without one, of which delta is measured and steered with on further `corpora` too."""

    corpora: Annotated[list[str], Field(min_length=1)]
