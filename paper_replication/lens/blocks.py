"""Running only some of a decoder's blocks, through the model's own forward pass."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import nn
from transformers import PreTrainedModel

from paper_replication.models import decoder


class Skip(nn.Module):
    """Stands in for a block: hands its input on, or a given tensor in its place."""

    def __init__(self, instead: torch.Tensor | None = None) -> None:
        super().__init__()
        self._instead = instead

    def forward(self, hidden: torch.Tensor, *_: object, **__: object) -> torch.Tensor:
        """Return the replacement, or the input unchanged; shape (batch, tokens, d_model)."""
        return hidden if self._instead is None else self._instead


@contextmanager
def replaced(model: PreTrainedModel, blocks: dict[int, nn.Module], *, keep_norm: bool = True) -> Iterator[None]:
    """Put other modules in the place of some blocks (and of the final norm), and the model's own back afterwards.

    Masks, rotary embeddings and caches stay those of the model's own forward pass, whatever its architecture.
    """
    parts = decoder(model)
    layers, norm = list(parts.layers), parts.norm
    try:
        for index, block in blocks.items():
            parts.layers[index] = block
        if not keep_norm:
            parts.norm = nn.Identity()
        yield
    finally:
        parts.norm = norm
        for index in blocks:
            parts.layers[index] = layers[index]


def skipped(indices: Iterable[int]) -> dict[int, nn.Module]:
    """Replacements that skip the given blocks."""
    return {index: Skip() for index in indices}


@torch.no_grad()
def hidden_states(model: PreTrainedModel, tokens: torch.Tensor, layer: int) -> torch.Tensor:
    """The residual stream at the output of a block, computed through blocks 0..layer alone.

    Args:
        model: the model, on any device.
        tokens: token ids without padding, shape (batch, tokens), int64.
        layer: the block, counted from 0.

    Returns:
        h[layer, j] for every token, shape (batch, tokens, d_model), in the model's dtype.
    """
    parts = decoder(model)
    above = range(layer + 1, len(parts.layers))
    with replaced(model, skipped(above), keep_norm=False):
        return parts(input_ids=tokens.to(model.device), use_cache=False).last_hidden_state
