"""The config of one finetuning: the recipe."""

from typing import Annotated, Literal

from pydantic import Field

from paper_replication.settings.base import Settings


class Recipe(Settings):
    """A LoRA finetuning on all linear layers; names as in TRL and PEFT.

    `maximum_tokens` is the length of a training sequence: of a block of documents laid end to end where `packed`, else
    the length to which each document is cut.
    `precision` is that of the frozen base weights and of the matrix products; adapters are always float32.
    """

    rank: Annotated[int, Field(gt=0)]
    alpha: Annotated[int, Field(gt=0)]
    rslora: bool = False
    learning_rate: Annotated[float, Field(gt=0)]
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    warmup_steps: Annotated[int, Field(ge=0)] = 0
    epochs: Annotated[int, Field(gt=0)] = 1
    batch_size: Annotated[int, Field(gt=0)]
    accumulation: Annotated[int, Field(gt=0)] = 1
    maximum_tokens: Annotated[int, Field(gt=8)]
    packed: bool = True
    precision: Literal["bfloat16", "float32"] = "bfloat16"
