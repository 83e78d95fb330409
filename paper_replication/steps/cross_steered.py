"""Steer one model, base or finetuned, with the differences of all: the vector may speak, or the model."""

import json

import pandas as pd
import torch
from safetensors.torch import load_file

from paper_replication.errors import UserError
from paper_replication.models import load_model, load_tokenizer, middle_layer
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.steering import SteeringSettings
from paper_replication.steering.generation import steered_answers
from paper_replication.steps.steering import steering_vectors
from paper_replication.token_tables import read_token_table, write_token_table


def cross_steered(
    settings: SteeringSettings,
    labels: str,
    layer: float,
    cards: Input,
    vectors: list[Input],
    model: Input,
    adapter: Input | None,
    table: Output,
) -> None:
    """One row an answer: the run whose vector it is, by its difference and by the random direction beside that.

    The position, the strength and the questions of each run are those of its own steered answers.

    Args:
        settings: of steering.
        labels: of the runs, as a JSON list in the order of `vectors`.
        layer: share of depth.
        cards: `steered_answers`.
        vectors: each run's delta.
        model: the base model.
        adapter: of the finetuned model that answers; the base model answers if there is none.
        table: where they are written.

    Raises:
        UserError: a run has no steered answers.
    """
    known, rows, shifts = read_token_table(cards), [], []
    for label, path in zip(json.loads(labels), vectors, strict=True):
        own = known.merge(pd.DataFrame([label]))
        if own.empty:
            raise UserError(f"{cards} has no steered answers of {label}: make it again.")
        kinds = steering_vectors(load_file(path)["difference"], None, settings.seed)
        for kind, (position, strength, prompt) in (
            (kind, cell)
            for kind in kinds
            for cell in own[["position", "strength", "prompt"]].itertuples(index=False, name=None)
        ):
            rows.append(label | {"position": position, "prompt": prompt, "vector": kind})
            shifts.append(float(strength) * kinds[kind][int(position)])
    network = load_model(model, adapter, getattr(torch, settings.precision))
    texts = steered_answers(
        network,
        load_tokenizer(model),
        [str(row["prompt"]) for row in rows],
        torch.stack(shifts).float(),
        middle_layer(network.config.get_text_config().num_hidden_layers, layer),
        new_tokens=settings.new_tokens,
        temperature=settings.temperature,
        batch_size=settings.batch_size,
        seed=settings.seed,
    )
    write_token_table(table, pd.DataFrame(rows).assign(text=texts))


if __name__ == "__main__":
    run(cross_steered)
