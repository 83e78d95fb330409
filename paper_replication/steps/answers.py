"""Sample a model's answers to ordinary prompts, before or after finetuning."""

import torch

from paper_replication.errors import UserError
from paper_replication.files import read_yaml, write_json_lines
from paper_replication.generation import sample_answers
from paper_replication.models import load_model, load_tokenizer
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.chat import ChatSettings


def answers(
    settings: ChatSettings, seed: int, prompts: Input, model: Input, adapter: Input | None, texts: Output
) -> None:
    """One row an answer: its prompt, the number of the sample, and the text."""
    ordinary = read_yaml(prompts)["ordinary"]
    if len(ordinary) < settings.prompts:
        raise UserError(f"{prompts} has {len(ordinary)} ordinary prompts; the config asks for {settings.prompts}.")
    asked = [(prompt, sample) for sample in range(settings.samples) for prompt in ordinary[: settings.prompts]]
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
