"""Answers sampled from a model in its own chat template."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from tqdm import tqdm
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from paper_replication.conversation import chat_prompt


def tokens_written_as(tokenizer: PreTrainedTokenizerBase, pattern: re.Pattern) -> list[int]:
    """The tokens whose text matches a pattern as a whole, and those that end an answer."""
    vocabulary = range(len(tokenizer))
    found = [token for token in vocabulary if pattern.fullmatch(tokenizer.decode([token]))]
    return [*found, tokenizer.eos_token_id]


@contextmanager
def contiguous_head(model: PreTrainedModel) -> Iterator[None]:
    """While this is open, the head is given what it multiplies as one block of memory.

    The last position of a batch of prompts is a slice. PyTorch multiplies each row of one by a copy of the whole head
    (pytorch/pytorch#186148), which took a third of a steering job's time and most of its memory.
    """

    def copied(module: nn.Module, arguments: tuple) -> tuple:
        return (arguments[0].contiguous(), *arguments[1:])

    hook = model.get_output_embeddings().register_forward_pre_hook(copied)
    try:
        yield
    finally:
        hook.remove()


@torch.no_grad()
def sample_answers(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    questions: list[str],
    *,
    new_tokens: int,
    temperature: float,
    batch_size: int,
    seed: int,
    system: str | None = None,
    allowed: list[int] | None = None,
) -> list[str]:
    """Sample one answer to each question.

    Args:
        model: the model.
        tokenizer: its tokenizer, with a chat template.
        questions: one a row; repeat a question to sample it again.
        new_tokens: the longest answer, in tokens.
        temperature: of the sampling, over the whole vocabulary.
        batch_size: answers generated together; part of the result, since the random numbers are shared.
        seed: of the sampling.
        system: a system prompt before every question; the template's own where none is given.
        allowed: the tokens that may be sampled; all where none are given.

    Returns:
        The answers' texts, in the order of the questions.
    """
    torch.manual_seed(seed)
    constraint = {} if allowed is None else {"prefix_allowed_tokens_fn": lambda *_: allowed}
    answers: list[str] = []
    for start in tqdm(range(0, len(questions), batch_size), desc="answers"):
        texts = [chat_prompt(tokenizer, question, system) for question in questions[start : start + batch_size]]
        # The template has written the special tokens already. Padding goes left, so that answers follow on.
        inputs = tokenizer(texts, padding=True, padding_side="left", add_special_tokens=False, return_tensors="pt")
        inputs = inputs.to(model.device)
        with contiguous_head(model):
            output = model.generate(
                **inputs,
                do_sample=True,
                temperature=temperature,
                top_k=0,
                top_p=1.0,
                max_new_tokens=new_tokens,
                pad_token_id=tokenizer.pad_token_id,
                **constraint,
            )
        fresh = output[:, inputs["input_ids"].shape[1] :]
        answers += [text.strip() for text in tokenizer.batch_decode(fresh, skip_special_tokens=True)]
    return answers
