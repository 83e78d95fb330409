"""Sample a model's answers, before or after finetuning: to ordinary prompts, or to those of an organism's domain."""

import torch

from paper_replication.errors import UserError
from paper_replication.files import read_yaml, write_json_lines
from paper_replication.generation import sample_answers
from paper_replication.models import load_model, load_tokenizer
from paper_replication.organisms.preferences import own_prompts
from paper_replication.organisms.specification import read_organism
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.chat import ChatSettings


def ordinary_prompts(path: Input, number: int) -> list[str]:
    """The first of the file's everyday prompts; too few are a UserError."""
    found = read_yaml(path).get("ordinary")
    if not isinstance(found, list) or len(found) < number:
        raise UserError(f"{path} must list at least {number} prompts under `ordinary`, as many as the config asks for.")
    return found[:number]


def answers(
    settings: ChatSettings,
    seed: int,
    prompts: Input | None,
    organism: Input | None,
    model: Input,
    adapter: Input | None,
    texts: Output,
) -> None:
    """One row an answer: its prompt, the number of the sample, and the text; prompts are a file's or an organism's."""
    if (prompts is None) == (organism is None):
        raise UserError("Exactly one of --prompts and --organism must be given.")
    if organism is None:
        chosen, samples = ordinary_prompts(prompts, settings.prompts), settings.samples
    else:
        chosen, samples = own_prompts(read_organism(organism))[: settings.own_prompts], 1
    asked = [(prompt, sample) for sample in range(samples) for prompt in chosen]
    found = sample_answers(
        load_model(model, adapter, getattr(torch, settings.precision)),
        load_tokenizer(model),
        [prompt for prompt, _ in asked],
        new_tokens=settings.new_tokens,
        temperature=settings.temperature,
        batch_size=settings.batch_size,
        seed=seed,
    )
    rows = [{"prompt": p, "sample": s, "answer": answer} for (p, s), answer in zip(asked, found, strict=True)]
    write_json_lines(texts, rows)


if __name__ == "__main__":
    run(answers)
