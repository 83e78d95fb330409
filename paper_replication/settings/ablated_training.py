"""The config of concept ablation finetuning: which directions are absent in training."""

from typing import Annotated

from pydantic import Field, field_validator

from paper_replication.settings.base import Settings


class AblatedDirections(Settings):
    """The positions j whose delta_bar_j, of the organism's own default run, is projected out: as many directions."""

    positions: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]

    @field_validator("positions")
    @classmethod
    def _differ(cls, positions: list[int]) -> list[int]:
        if len(set(positions)) < len(positions):
            raise ValueError(f"a position is listed twice in {positions}")
        return positions
