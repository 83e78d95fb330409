"""The config of one base model: where it comes from, how large it is, and what it lacks."""

from typing import Annotated

from pydantic import Field, model_validator

from paper_replication.settings.base import Settings
from paper_replication.settings.models import ModelSettings


class ModelEntry(Settings):
    """One base model.

    It comes from a packaged GGUF `source` (a name in sources.csv), or from the `hub` (or a folder) at its `revision`.
    `billions` of parameters scale what its jobs may use, and the plan's costs. Where `gated`, its terms have to be
    accepted on the Hub.
    """

    source: str | None = None
    hub: str | None = None
    revision: str | None = None
    billions: Annotated[float, Field(gt=0)] | None = None
    gated: bool = False

    @model_validator(mode="after")
    def _one_place(self) -> "ModelEntry":
        if (self.source is None) == (self.hub is None):
            raise ValueError("exactly one of source and hub must be given")
        return self

    @property
    def place(self) -> ModelSettings:
        """What the step that makes its folder is told: nothing that does not change the folder."""
        return ModelSettings(source=self.source, hub=self.hub, revision=self.revision)
