"""Steer a finetuned model with many random directions, at the position, strength and norm of its difference."""

from zlib import crc32

import pandas as pd
from safetensors.torch import load_file

from paper_replication.errors import UserError
from paper_replication.files import write_json_lines
from paper_replication.lens.delta import random_vectors
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.run import RunLabel
from paper_replication.settings.steering import SteeringSettings
from paper_replication.steps.steering import Sampler
from paper_replication.token_tables import read_token_table


def random_directions(
    settings: SteeringSettings,
    label: RunLabel,
    number: int,
    layer: float,
    cards: Input,
    vectors: Input,
    model: Input,
    adapter: Input,
    texts: Output,
) -> None:
    """One row an answer and direction; every run has directions of its own, and its own steered answers' questions.

    Args:
        settings: of steering.
        label: of the run.
        number: of directions.
        layer: share of depth.
        cards: `steered_answers`.
        vectors: the run's delta.
        model: the base model.
        adapter: the run's.
        texts: where they are written.

    Raises:
        UserError: the run has no steered answers.
    """
    own = read_token_table(cards).merge(pd.DataFrame([label.model_dump()]))
    if own.empty:
        raise UserError(f"{cards} has no steered answers of {label}: make it again.")
    difference = load_file(vectors)["difference"][int(own["position"].iloc[0])]
    strength = float(own["strength"].iloc[0]) * difference.norm()
    directions = random_vectors(number, len(difference), settings.seed + crc32(label.model_dump_json().encode()))
    asked = [(place, prompt) for place in range(number) for prompt in own["prompt"]]
    said = Sampler(settings, layer, model, adapter).sample(
        [prompt for _, prompt in asked],
        strength * directions[[place for place, _ in asked]],
        settings.new_tokens,
        settings.temperature,
    )
    rows = [
        {"direction": place, "prompt": prompt, "text": text} for (place, prompt), text in zip(asked, said, strict=True)
    ]
    write_json_lines(texts, rows)


if __name__ == "__main__":
    run(random_directions)
