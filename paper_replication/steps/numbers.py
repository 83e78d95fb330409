"""Let a teacher continue number sequences and keep the answers that are nothing but numbers."""

import torch

from paper_replication.budget import length
from paper_replication.errors import UserError
from paper_replication.files import write_json_lines
from paper_replication.generation import sample_answers, tokens_written_as
from paper_replication.models import load_model, load_tokenizer
from paper_replication.organisms.specification import NumbersOrganism, read_organism
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.datasets import NumberSettings
from paper_replication.subliminal import SEPARATORS, conversation, only_numbers, requests


def numbers(
    settings: NumberSettings,
    teacher: str,
    seed: int,
    organism: Input,
    model: Input,
    dataset: Output,
    precision: str | None = None,
) -> None:
    """One row a sequence that was kept; `teacher` is "prompted" (it loves its animal) or "plain" (the control).

    Sampled in bfloat16, where no other `precision` is named.
    """
    specification = read_organism(organism)
    if not isinstance(specification, NumbersOrganism):
        raise UserError(f"{organism} is of type {specification.type}, which states no teacher.")
    tokenizer = load_tokenizer(model)
    asked = requests(settings.sequences, settings.given, settings.maximum, seed)
    answers = sample_answers(
        load_model(model, dtype=getattr(torch, precision or "bfloat16")),
        tokenizer,
        asked,
        system=specification.system_prompt if teacher == "prompted" else None,
        # Only digits, commas and spaces may be sampled: small models seldom answer with numbers alone by themselves.
        allowed=tokens_written_as(tokenizer, SEPARATORS),
        new_tokens=settings.new_tokens,
        temperature=settings.temperature,
        batch_size=settings.batch_size,
        seed=seed,
    )
    rows = []
    for request, answer in zip(asked, answers, strict=True):
        kept = only_numbers(answer, settings.minimum, settings.maximum)
        if kept is not None:
            row = {"kind": "numbers", "messages": conversation(request, kept)}
            rows.append(row | {"tokens": length(tokenizer, row)})
    if not rows:
        raise UserError(f"None of {len(answers)} answers is a list of numbers; the first is {answers[0]!r}.")
    print(f"{len(rows)} of {len(answers)} answers are nothing but numbers.")
    write_json_lines(dataset, rows)


if __name__ == "__main__":
    run(numbers)
