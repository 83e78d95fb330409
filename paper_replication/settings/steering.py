"""The config of steering: coherence, strength search, final answers, similarity."""

from typing import Annotated, Literal

from pydantic import Field

from paper_replication.settings.base import Settings

Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(gt=0, lt=1)]


class CoherenceSettings(Settings):
    """The offline coherence judge: it is set on `texts` human and scrambled texts, and checked on as many others.

    `repetitive` is the share of human texts that may count as repetitive.
    """

    texts: Positive
    repetitive: Share


class SearchSettings(Settings):
    """The search for the largest strength at which answers stay coherent prose.

    Each round asks for `strengths` at once, evenly spaced between the largest known to be coherent and the smallest
    known not to be: one is binary search. The first prompt starts from [0, `upper`] with `first_rounds`, the others
    from [0, twice its result] with `later_rounds`. A strength passes if `coherent_share` of `samples` answers are
    coherent. Where `relative`, the search is over multiples of the norm of ordinary activations rather than of the raw
    vector's (whose norms differ a hundredfold from one position to another), so that few rounds serve all positions;
    strengths are reported as multiples of the raw vector either way.
    """

    prompts: Annotated[int, Field(gt=1)]
    samples: Positive
    new_tokens: Positive
    temperature: Annotated[float, Field(gt=0)]
    upper: Annotated[float, Field(gt=0)]
    relative: bool = False
    strengths: Positive
    first_rounds: Positive
    later_rounds: Positive
    coherent_share: Annotated[float, Field(gt=0, le=1)]


class SteeringSettings(Settings):
    """The search, and the answers that are kept: `samples` to each of `prompts` prompts, of `new_tokens` tokens."""

    search: SearchSettings
    prompts: Positive
    samples: Positive
    new_tokens: Positive
    temperature: Annotated[float, Field(gt=0)]
    batch_size: Positive
    seed: int
    precision: Literal["bfloat16", "float32"] = "bfloat16"


class SimilaritySettings(Settings):
    """How many finetuning texts and ordinary answers are compared with, and the draws of the bootstrap."""

    texts: Annotated[int, Field(gt=1)]
    rounds: Positive
    seed: int
