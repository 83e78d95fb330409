"""The config of closed-set identification."""

from typing import Annotated, Literal

from pydantic import Field

from paper_replication.settings.base import Settings

Positive = Annotated[int, Field(gt=0)]
Budgets = Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
# Whose evidence it is: of the Activation Difference Lens, or of conversations alone.
Agent = Literal["adl", "blackbox"]


class IdentificationSettings(Settings):
    """Which evidence candidate objectives are ranked by.

    `budgets` are the numbers of interactions for each kind of evidence. Each position shows its first `tokens` tokens;
    a text is cut after `characters`. A candidate counts by the `nearest_texts` texts nearest to it. `seed` is of the
    bootstrap over organisms.
    """

    budgets: dict[Agent, Budgets]
    tokens: Positive
    characters: Positive
    nearest_texts: Positive
    seed: int
