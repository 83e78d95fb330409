"""The config of the offline judges of tokens."""

from typing import Annotated

from pydantic import Field

from paper_replication.settings.base import Settings

Positive = Annotated[int, Field(gt=0)]


class ScaleSettings(Settings):
    """The offline scale judge: which words of unrelated text count as content words."""

    minimum_documents: Positive
    maximum_share: Annotated[float, Field(gt=0, le=1)]


class RelevanceSettings(Settings):
    """The offline relevance judge.

    `false_positive_rate` is the largest share of random vocabulary words that may count as relevant;
    `calibration_words` are drawn to set the threshold and as many others to check it. A word is frequent in the
    finetuning data from `minimum_count` on, and generic if more than `generic_share` of unrelated texts have it; the
    judge is given the `frequent_words` most frequent distinctive ones, for which it is enough to lie above all but
    `frequent_rate` of random words. It goes by the `topical_words` of them that are nearest the description, and the
    `neighbours` nearest a token.
    """

    false_positive_rate: Annotated[float, Field(gt=0, lt=1)]
    calibration_words: Positive
    calibration_seed: int
    minimum_count: Positive
    frequent_words: Positive
    frequent_rate: Annotated[float, Field(gt=0, lt=1)]
    generic_share: Annotated[float, Field(gt=0, le=1)]
    topical_words: Positive
    neighbours: Positive
