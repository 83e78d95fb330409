"""Patchscope: a vector written into a token-identity prompt, and the next token read (arXiv 2510.13900, section 2)."""

import copy

import torch
from tqdm import tqdm
from transformers import DynamicCache, PreTrainedModel, PreTrainedTokenizerBase

from paper_replication.lens.blocks import Skip, replaced, skipped
from paper_replication.lens.readout import TopTokens, top_tokens
from paper_replication.models import decoder

# The words of the three token-identity prompts.
IDENTITY_WORDS = (("man", "1135", "hello"), ("bear", "42", "blue"), ("921", "target", "anna"))
# A token counts only if it is among this many likeliest under every prompt.
SHORTLIST = 16_384


def identity_prompts() -> list[str]:
    """The three prompts `w -> w`, a line each, that end in the "?" at which the vector is written."""
    return ["".join(f"{word} -> {word}\n" for word in words) + "?" for words in IDENTITY_WORDS]


@torch.no_grad()
def prefix_cache(model: PreTrainedModel, prompt: torch.Tensor) -> DynamicCache:
    """Keys and values, at every block, of all of a prompt's tokens but the last."""
    cache = DynamicCache(config=model.config)
    decoder(model)(input_ids=prompt.to(model.device)[None, :-1], past_key_values=cache, use_cache=True)
    return cache


@torch.no_grad()
def next_token_probabilities(
    model: PreTrainedModel, prompt: torch.Tensor, prefix: DynamicCache, vectors: torch.Tensor, layer: int
) -> torch.Tensor:
    """Next-token probabilities after a prompt whose last token's residual stream is replaced by each vector.

    The prompt's other tokens are the same for all vectors, so they pass through the model once; afterwards
    the patched position alone passes through the blocks above the layer, with their keys and values.

    Args:
        model: the model.
        prompt: token ids, shape (tokens,), int64.
        prefix: the prompt's `prefix_cache`, left as it is.
        vectors: replacements for h[layer, last], shape (vectors, d_model).
        layer: the block whose output is replaced, counted from 0.

    Returns:
        Shape (vectors, vocabulary), float32.
    """
    cache = copy.deepcopy(prefix)
    cache.batch_repeat_interleave(len(vectors))
    patch = vectors.to(model.device, model.dtype)[:, None, :]
    with replaced(model, skipped(range(layer)) | {layer: Skip(patch)}):
        last = prompt[-1:].to(model.device).expand(len(vectors), 1)
        position = torch.full_like(last, len(prompt) - 1)
        logits = model(input_ids=last, position_ids=position, past_key_values=cache, use_cache=True).logits
    return logits[:, -1].float().softmax(dim=-1)


def combine_prompts(probabilities: list[torch.Tensor], shortlist: int = SHORTLIST) -> torch.Tensor:
    """Average over prompts, keeping only tokens on every prompt's shortlist of likeliest tokens.

    Args:
        probabilities: one tensor a prompt, shape (vectors, vocabulary).
        shortlist: its length.

    Returns:
        Shape (vectors, vocabulary), zero outside the intersection; rows do not sum to one.
    """
    kept = torch.ones_like(probabilities[0], dtype=torch.bool)
    for rows in probabilities:
        if rows.shape[-1] > shortlist:
            threshold = rows.kthvalue(rows.shape[-1] - shortlist + 1, dim=-1, keepdim=True).values
            kept &= rows >= threshold
    return torch.stack(probabilities).mean(dim=0) * kept


def patchscope(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    vectors: torch.Tensor,
    layer: int,
    top: int,
    batch_size: int = 512,
) -> TopTokens:
    """The top tokens of each vector under the three token-identity prompts.

    Args:
        model: the model that is read through.
        tokenizer: its tokenizer.
        vectors: already rescaled to the wanted norm, shape (vectors, d_model), float32.
        layer: the block whose output they replace, counted from 0.
        top: how many tokens to keep.
        batch_size: vectors patched in one forward pass; bounds the memory of the probabilities.
    """
    prompts = [tokenizer(text, return_tensors="pt")["input_ids"][0] for text in identity_prompts()]
    prefixes = [prefix_cache(model, prompt) for prompt in prompts]
    found = []
    for batch in tqdm(vectors.split(batch_size), desc="Patchscope"):
        pairs = zip(prompts, prefixes, strict=True)
        rows = [next_token_probabilities(model, prompt, prefix, batch, layer) for prompt, prefix in pairs]
        found.append(top_tokens(combine_prompts(rows), top))
    return TopTokens(torch.cat([part.ids for part in found]), torch.cat([part.probabilities for part in found]))
