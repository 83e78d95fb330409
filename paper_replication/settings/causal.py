"""The config of the causal effect of the difference."""

from typing import Annotated, Literal

from pydantic import Field

from paper_replication.settings.base import Settings

Positive = Annotated[int, Field(gt=0)]


class CausalSettings(Settings):
    """On which texts and with which interventions the causal effect is measured.

    Of each dataset `n_documents` texts are taken, and of each text the first `tokens` scored tokens. Ordinary chat has
    questions and answers of at most `chat_words`. There are `random_directions` of either kind, and these are only
    replaced; all of `interventions` are made with the difference. Half precision would round away effects this small.
    """

    n_documents: Annotated[int, Field(gt=1)]
    tokens: Annotated[int, Field(gt=1)]
    chat_words: Positive
    random_directions: Annotated[int, Field(gt=1)]
    interventions: Annotated[list[Literal["replace", "reverse", "zero"]], Field(min_length=1)]
    batch_size: Positive
    seed: int
    precision: Literal["float32"] = "float32"


class CausalRuns(CausalSettings):
    """Besides, of which organisms it is drawn. Other runs, the mixtures, are measured by replacement alone."""

    organisms: Annotated[list[str], Field(min_length=1)]
