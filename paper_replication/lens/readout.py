"""What both readouts share: the model's head, and the top tokens of a distribution."""

from dataclasses import dataclass

import torch
from transformers import PreTrainedModel

from paper_replication.models import decoder


@dataclass(frozen=True)
class TopTokens:
    """The most probable tokens of each distribution, best first.

    Attributes:
        ids: token ids, shape (distributions, top), int64.
        probabilities: their probabilities, same shape, float32.
    """

    ids: torch.Tensor
    probabilities: torch.Tensor


def top_tokens(probabilities: torch.Tensor, top: int) -> TopTokens:
    """The `top` most probable tokens of each row of (distributions, vocabulary)."""
    best = probabilities.topk(min(top, probabilities.shape[-1]), dim=-1)
    return TopTokens(best.indices.cpu(), best.values.cpu())


def unembed(model: PreTrainedModel, normed: torch.Tensor) -> torch.Tensor:
    """Next-token logits of vectors that have passed the final norm, soft-capped where the model is.

    Args:
        model: whose head is used.
        normed: shape (..., d_model), in the model's dtype.

    Returns:
        Shape (..., vocabulary), float32.
    """
    logits = model.lm_head(normed).float()
    cap = getattr(model.config.get_text_config(), "final_logit_softcapping", None)
    return logits if cap is None else cap * torch.tanh(logits / cap)


def head(model: PreTrainedModel, hidden: torch.Tensor) -> torch.Tensor:
    """Next-token logits of final residual-stream vectors, `lm_head(final_norm(h))`.

    Args:
        model: whose norm and head are used.
        hidden: shape (..., d_model).

    Returns:
        Shape (..., vocabulary), float32.
    """
    return unembed(model, decoder(model).norm(hidden.to(model.device, model.dtype)))
