"""The logit lens: a vector read as if it were the final residual stream (arXiv 2510.13900, section 2)."""

import torch
from transformers import PreTrainedModel

from paper_replication.lens.readout import TopTokens, head, top_tokens


@torch.no_grad()
def logit_lens(model: PreTrainedModel, vectors: torch.Tensor, top: int) -> TopTokens:
    """The top tokens of `softmax(lm_head(final_norm(v)))` for each vector.

    Args:
        model: whose norm and head are used.
        vectors: shape (vectors, d_model), float32.
        top: how many tokens to keep.
    """
    return top_tokens(head(model, vectors).softmax(dim=-1), top)
