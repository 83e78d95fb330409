"""What all sections of the config have in common."""

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """A section of the config: immutable, unknown keys refused, types not coerced from strings."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
