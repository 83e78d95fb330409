"""The config of the causal effect beside directions that exchange as much, or that other models differ along."""

from typing import Annotated

from pydantic import Field

from paper_replication.settings.base import Settings

Positive = Annotated[int, Field(gt=0)]


class MatchedSettings(Settings):
    """At which position's differences, and with how many random directions, on the texts of the causal effect.

    `batch_size` directions pass through the blocks above together.
    """

    position: Annotated[int, Field(ge=0)]
    random_directions: Annotated[int, Field(gt=1)]
    batch_size: Positive
