"""The config of sampled answers."""

from typing import Annotated, Literal

from pydantic import Field

from paper_replication.settings.base import Settings


class ChatSettings(Settings):
    """How answers to ordinary prompts are sampled, from the model's chat template."""

    prompts: Annotated[int, Field(gt=0)]
    samples: Annotated[int, Field(gt=0)]
    new_tokens: Annotated[int, Field(gt=0)]
    temperature: Annotated[float, Field(gt=0)]
    batch_size: Annotated[int, Field(gt=0)]
    precision: Literal["bfloat16", "float32"] = "bfloat16"
