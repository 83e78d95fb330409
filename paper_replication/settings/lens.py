"""The config of the lens: activations, delta and both readouts."""

from typing import Annotated, Literal

from pydantic import Field

from paper_replication.settings.base import Settings

Positive = Annotated[int, Field(gt=0)]


class WindowSettings(Settings):
    """Where activations are read.

    `layer` is a fraction of depth: the block analysed is int(layer * (n_layers - 1)). `norm_documents` are read to
    the end of the window, for the norm of ordinary activations; position 0 to `positions` - 1 are left out there.
    """

    window: Positive
    positions: Positive
    norm_documents: Positive
    layer: Annotated[float, Field(ge=0, le=1)]
    batch_size: Positive
    precision: Literal["bfloat16", "float32"] = "float32"


class ActivationSettings(WindowSettings):
    """Where activations are read, and over how many documents of the corpus."""

    n_documents: Positive


class ReadoutSettings(Settings):
    """How vectors are read as tokens.

    `injection_layer` is a fraction of depth like the activations' `layer`; None means the same layer.
    """

    scales: list[Annotated[float, Field(gt=0)]]
    random_vectors: Positive
    random_seed: int
    cached_tokens: Positive
    graded_tokens: Positive
    injection_layer: Annotated[float, Field(ge=0, le=1)] | None = None
    batch_size: Positive
    precision: Literal["bfloat16", "float32"] = "float32"
