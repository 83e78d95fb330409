"""The config of one base model."""

from pydantic import model_validator

from paper_replication.settings.base import Settings


class ModelSettings(Settings):
    """Where a base model comes from: a packaged GGUF `source` (a name in sources.csv), or the `hub` (or a folder)."""

    source: str | None = None
    hub: str | None = None
    revision: str | None = None

    @model_validator(mode="after")
    def _one_place(self) -> "ModelSettings":
        if (self.source is None) == (self.hub is None):
            raise ValueError("exactly one of source and hub must be given")
        return self
