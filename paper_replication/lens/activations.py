"""Activations of a model on unrelated documents, at one layer and the first positions (arXiv 2510.13900, section 2)."""

import torch
from tqdm import tqdm
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from paper_replication.errors import UserError
from paper_replication.lens.blocks import hidden_states


def windows(tokenizer: PreTrainedTokenizerBase, texts: list[str], n_documents: int, window: int) -> torch.Tensor:
    """The first tokens of the first documents that are long enough.

    Args:
        tokenizer: special tokens are added where it has them, so position 0 is BOS if there is one.
        texts: the documents in the corpus's shuffled order.
        n_documents: how many to take.
        window: tokens of each; shorter documents are skipped.

    Returns:
        Token ids, shape (n_documents, window), int64.

    Raises:
        UserError: too few documents are long enough.
    """
    kept: list[list[int]] = []
    for text in texts:
        tokens = tokenizer(text, add_special_tokens=True, truncation=True, max_length=window)["input_ids"]
        if len(tokens) == window:
            kept.append(tokens)
        if len(kept) == n_documents:
            return torch.tensor(kept)
    raise UserError(
        f"Only {len(kept)} of {len(texts)} documents have {window} tokens or more, but {n_documents} are needed: "
        "lower n_documents or window in the config's lens section, or enlarge the corpus."
    )


def collect(
    model: PreTrainedModel, tokens: torch.Tensor, layer: int, batch_size: int, description: str
) -> torch.Tensor:
    """The residual stream at a layer's output for every document and token given.

    Args:
        model: the model.
        tokens: shape (documents, tokens), int64.
        layer: the block, counted from 0.
        batch_size: documents in one forward pass.
        description: what the progress bar says.

    Returns:
        Shape (documents, tokens, d_model), float32, on the CPU.

    Raises:
        UserError: an activation is not finite.
    """
    batches = tokens.split(batch_size)
    parts = [hidden_states(model, batch, layer).float().cpu() for batch in tqdm(batches, desc=description)]
    activations = torch.cat(parts)
    if not torch.isfinite(activations).all():
        bad = (~torch.isfinite(activations)).any(dim=(1, 2)).nonzero()[0].item()
        raise UserError(f"Activations at layer {layer} are not finite (first in document {bad}); use float32 weights.")
    return activations
