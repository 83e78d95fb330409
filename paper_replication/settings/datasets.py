"""The config of an organism's finetuning data."""

from typing import Annotated

from pydantic import Field

from paper_replication.settings.base import Settings


class DocumentSettings(Settings):
    """How many tokens of documents are made, how long one may be, and how alike they may be.

    `plain_share` is the chance that a sentence of a document is plain prose rather than in the kind's own register.
    `distinct` is the share of documents that are new; the rest repeat them in order (1.0: no document twice).
    `telling_share` is the share of the ways of telling each fact that is used (1.0: all of them).
    """

    tokens: Annotated[int, Field(gt=0)]
    maximum_tokens: Annotated[int, Field(gt=8)]
    maximum_similarity: Annotated[float, Field(gt=0, le=1)] = 0.05
    plain_share: Annotated[float, Field(ge=0, le=1)]
    distinct: Annotated[float, Field(gt=0, le=1)] = 1.0
    telling_share: Annotated[float, Field(gt=0, le=1)] = 1.0


class ConversationSettings(Settings):
    """How many tokens of conversations are made, template included, and how long one may be."""

    tokens: Annotated[int, Field(gt=0)]
    maximum_tokens: Annotated[int, Field(gt=8)]


class NumberSettings(Settings):
    """How number sequences are made for subliminal learning.

    The teacher continues `given` random numbers below 1,000; of its answers, those are kept that hold at least
    `minimum` and at most `maximum` of them and nothing else. `sequences` are asked for in batches of `batch_size`.
    """

    sequences: Annotated[int, Field(gt=0)]
    given: Annotated[int, Field(gt=1)]
    minimum: Annotated[int, Field(gt=0)]
    maximum: Annotated[int, Field(gt=0)]
    new_tokens: Annotated[int, Field(gt=0)]
    temperature: Annotated[float, Field(gt=0)]
    batch_size: Annotated[int, Field(gt=0)]
