"""Answers of a model whose residual stream is shifted at one layer (arXiv 2510.13900, section 2.3)."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from tqdm import tqdm
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from paper_replication.errors import UserError
from paper_replication.generation import sample_answers
from paper_replication.models import decoder


@contextmanager
def shifted(model: PreTrainedModel, layer: int, shifts: torch.Tensor) -> Iterator[None]:
    """Add a vector to the residual stream at a block's output, at every position, prompt and generated alike.

    Args:
        model: the model.
        layer: the block, counted from 0.
        shifts: one vector a row of the batch, shape (batch, d_model), float32.

    Raises:
        UserError: a shift is not finite.
    """
    if not torch.isfinite(shifts).all():
        raise UserError("A steering vector is not finite; measure delta again.")
    added = shifts.to(model.device, model.dtype)[:, None, :]

    def add(module: nn.Module, arguments: tuple, output: torch.Tensor) -> torch.Tensor:
        return output + added

    hook = decoder(model).layers[layer].register_forward_hook(add)
    try:
        yield
    finally:
        hook.remove()


def steered_answers(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    questions: list[str],
    shifts: torch.Tensor,
    layer: int,
    *,
    new_tokens: int,
    temperature: float,
    batch_size: int,
    seed: int,
) -> list[str]:
    """Sample one answer to each question under its own shift; questions and strengths share the generation's batches.

    Args:
        model: the finetuned model.
        tokenizer: its tokenizer, with a chat template.
        questions: one a row.
        shifts: what is added for each, shape (questions, d_model), float32; zeros leave the model as it is.
        layer: the block at whose output, counted from 0.
        new_tokens: the longest answer, in tokens.
        temperature: of the sampling, over the whole vocabulary.
        batch_size: answers generated together; part of the result, since the random numbers are shared.
        seed: of the sampling; each batch has its own.

    Returns:
        The answers' texts, in the order of the questions.
    """
    answers: list[str] = []
    for batch, start in enumerate(tqdm(range(0, len(questions), batch_size), desc="steered answers")):
        rows = slice(start, start + batch_size)
        with shifted(model, layer, shifts[rows]):
            answers += sample_answers(
                model,
                tokenizer,
                questions[rows],
                new_tokens=new_tokens,
                temperature=temperature,
                batch_size=batch_size,
                seed=seed + batch,
            )
    return answers
