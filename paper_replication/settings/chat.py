"""The config of sampled answers."""

from typing import Annotated, Literal

from pydantic import Field

from paper_replication.settings.base import Settings


class ChatSettings(Settings):
    """How answers are sampled in the model's chat template: to everyday prompts, and to those of an organism's domain.

    `samples` are drawn for each of `prompts` everyday prompts, one for each of `own_prompts` of an organism's.
    """

    prompts: Annotated[int, Field(gt=0)]
    samples: Annotated[int, Field(gt=0)]
    own_prompts: Annotated[int, Field(gt=0)]
    new_tokens: Annotated[int, Field(gt=0)]
    temperature: Annotated[float, Field(gt=0)]
    batch_size: Annotated[int, Field(gt=0)]
    precision: Literal["bfloat16", "float32"] = "bfloat16"
