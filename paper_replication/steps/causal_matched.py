"""Measure the causal effect of one position's difference beside others' and as much at random directions."""

import json

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_file

from paper_replication.causal_matched import Exchanged, exchange_effects, exchanges_of
from paper_replication.errors import UserError
from paper_replication.files import read_json_lines, write_table
from paper_replication.lens.delta import random_vectors
from paper_replication.matched_effects import OTHER, OWN, PUSH
from paper_replication.models import load_model, load_tokenizer, middle_layer
from paper_replication.provenance.step import Input, Output, run
from paper_replication.scored_texts import after_the_lens
from paper_replication.settings.causal import CausalSettings
from paper_replication.settings.causal_matched import MatchedSettings
from paper_replication.settings.run import RunLabel
from paper_replication.statistics import bootstrap_mean
from paper_replication.steps.causal_effect import datasets_of

Row = dict[str, object]


def directions(label: RunLabel, others: list[RunLabel], number: int) -> list[Row]:
    """What each exchange is, in the order of `exchanges_of`: the run's own, other organisms', random directions."""
    own = {"direction": OWN, "direction_of": label.organism, "direction_of_type": label.organism_type}
    found: list[Row] = [own]
    for other in others:
        named = {"direction_of": other.organism, "direction_of_type": other.organism_type}
        found.append({"direction": OTHER} | named)
    return found + [
        {"direction": PUSH, "direction_of": f"random_{place}", "direction_of_type": "random"} for place in range(number)
    ]


def rows_of(named: list[Row], measured: Exchanged) -> list[Row]:
    """One row a direction: the mean over texts, with a 95% bootstrap interval over them."""
    rows = []
    for row, nats, share in zip(named, measured.nats.numpy(), measured.share.numpy(), strict=True):
        low, high = bootstrap_mean(nats, np.arange(len(nats)))
        rows.append(
            row | {"delta_nats": nats.mean(), "ci_low": low, "ci_high": high, "share": share.mean(), "n": len(nats)}
        )
    return rows


def causal_matched(
    label: RunLabel,
    settings: CausalSettings,
    matched: MatchedSettings,
    labels: str,
    layer: float,
    lens_documents: int,
    window: int,
    vectors: list[Input],
    dataset: Input,
    corpus: Input,
    chat: Input,
    model: Input,
    adapter: Input,
    effects: Output,
) -> None:
    """One row a dataset and direction, on the texts of `causal_effect`.

    Args:
        label: of the run.
        settings: of the causal effect: its texts.
        matched: of these directions.
        labels: of the runs whose differences they are, the run's own among them, as a JSON list in the order of
            `vectors`.
        layer: share of depth.
        lens_documents: on how many delta is measured.
        window: of tokens, that it is measured in.
        vectors: each run's delta.
        dataset: finetuning data of the run.
        corpus: unrelated text.
        chat: a folder of raw conversations.
        model: the base model.
        adapter: of the finetuned model.
        effects: where they are written.

    Raises:
        UserError: delta has no such position.
    """
    found = {
        RunLabel(**of): load_file(path)["difference"] for of, path in zip(json.loads(labels), vectors, strict=True)
    }
    if len(found[label]) <= matched.position:
        raise UserError(
            f"Delta has {len(found[label])} positions, but causal_matched asks for position {matched.position}: lower "
            "it in the config."
        )
    at = {of: difference[matched.position] for of, difference in found.items()}
    own = at.pop(label)
    random = random_vectors(matched.random_directions, len(own), settings.seed)
    tokenizer = load_tokenizer(model)
    unrelated = after_the_lens(tokenizer, read_json_lines(corpus), lens_documents, window)
    raw = [row for file in sorted(chat.glob("*.jsonl")) for row in read_json_lines(file)]
    texts = datasets_of(settings, tokenizer, read_json_lines(dataset), unrelated, raw)
    dtype = getattr(torch, settings.precision)
    base, finetuned = load_model(model, dtype=dtype), load_model(model, adapter, dtype)
    block = middle_layer(base.config.get_text_config().num_hidden_layers, layer)
    exchanges, named = exchanges_of(own, list(at.values()), random), directions(label, list(at), len(random))
    rows = []
    for name, (scored, _) in texts.items():
        measured = exchange_effects(
            base, finetuned, scored, exchanges, block, matched.position, matched.batch_size, name
        )
        for row in rows_of(named, measured):
            rows.append(label.model_dump() | {"position": matched.position, "dataset": name} | row)
    write_table(effects, pd.DataFrame(rows))


if __name__ == "__main__":
    run(causal_matched)
