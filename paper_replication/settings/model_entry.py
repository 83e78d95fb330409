"""The config of one base model: where it comes from, how large it is, and what it lacks."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from paper_replication.settings.base import Settings
from paper_replication.settings.hub import HubModel
from paper_replication.settings.models import ModelSettings
from paper_replication.settings.sources import Sha256


class ModelEntry(Settings):
    """One base model.

    It comes from a packaged GGUF `source` (a name in sources.csv), of which tests keep some `layers` alone; from
    GGUF weights in several packaged `parts`, in order, whose whole has the sum `sha256`; or from the `hub` (or a
    folder) at its `revision`. A model of parts whose tokenizer has no chat template gets `chat_template`; of one from
    the Hub that, and the `eos_token_ids` that end an answer, take the place of its own. `billions` of parameters scale
    what its jobs may use, and the plan's costs. Where `gated`, its terms have to be accepted on the Hub.
    """

    source: str | None = None
    layers: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=2)] | None = None
    parts: list[str] = []
    sha256: Sha256 | None = None
    hub: str | None = None
    revision: str | None = None
    chat_template: str = ""
    eos_token_ids: list[Annotated[int, Field(ge=0)]] = []
    billions: Annotated[float, Field(gt=0)] | None = None
    gated: bool = False

    @model_validator(mode="after")
    def _one_place(self) -> "ModelEntry":
        if sum([self.source is not None, bool(self.parts), self.hub is not None]) != 1:
            raise ValueError("exactly one of source, parts and hub must be given")
        if self.layers is not None and self.source is None:
            raise ValueError("layers are chosen from a source alone")
        if self.layers is not None and sorted({*self.layers}) != self.layers:
            raise ValueError("layers are named once each, in their order")
        if bool(self.parts) != (self.sha256 is not None):
            raise ValueError("sha256 is the sum of the whole that parts make: both or neither must be given")
        if self.chat_template and self.source is not None:
            raise ValueError("a chat_template is given to models of parts, or of the hub, alone")
        if self.eos_token_ids and self.hub is None:
            raise ValueError("eos_token_ids are given to models of the hub alone")
        return self

    @property
    def sources(self) -> list[str]:
        """The packaged sources that it is made of."""
        return self.parts or [name for name in [self.source] if name is not None]

    @property
    def kind(self) -> Literal["source", "shallow", "parts", "hub"]:
        """What it is made from, each by a rule of its own."""
        if self.hub is not None:
            return "hub"
        if self.layers is not None:
            return "shallow"
        return "parts" if self.parts else "source"

    @property
    def place(self) -> ModelSettings | HubModel:
        """What the step that makes the folder of a model that is no model of parts is told, and nothing else."""
        if self.hub is not None:
            return HubModel(**{name: getattr(self, name) for name in HubModel.model_fields})
        return ModelSettings(source=self.source)
