"""Measure what the difference does to the loss on the finetuning data, on unrelated text and on ordinary chat."""

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_file
from transformers import PreTrainedTokenizerBase

from paper_replication.causal import Effects, Intervention, causal_effects, random_differences
from paper_replication.files import read_json_lines, write_table
from paper_replication.lens.delta import random_vectors
from paper_replication.models import load_model, load_tokenizer, middle_layer
from paper_replication.ordinary_chat import ordinary_chat
from paper_replication.provenance.step import Input, Output, run
from paper_replication.scored_texts import after_the_lens, sample, scored_text, take
from paper_replication.settings.causal import CausalSettings
from paper_replication.settings.run import RunLabel
from paper_replication.statistics import bootstrap_mean

Row = dict[str, object]
# Interventions that are summarised in one row, and what the row is called.
Group = tuple[Row, list[Intervention]]


def groups_of(settings: CausalSettings, difference: torch.Tensor, activations: torch.Tensor) -> list[Group]:
    """Every intervention with the difference at each position, and both families of random directions at position -1.

    A random direction belongs to no position: no target is left out for it. It is only replaced.
    """
    groups: list[Group] = [
        ({"position": j, "direction": "delta", "intervention": kind}, [Intervention(kind, vector, j)])
        for kind in settings.interventions
        for j, vector in enumerate(difference)
    ]
    count, seed = settings.random_directions, settings.seed
    families = {
        "random_gaussian": random_vectors(count, difference.shape[-1], seed),
        "random_difference": random_differences(activations, count, seed),
    }
    for name, vectors in families.items():
        row = {"position": -1, "direction": name, "intervention": "replace"}
        groups.append((row, [Intervention("replace", vector) for vector in vectors]))
    return groups


def rows_of(groups: list[Group], effects: Effects) -> list[Row]:
    """One row a group: the mean over its directions and the texts, with a 95% bootstrap interval over texts.

    `direction_sd` is the standard deviation over directions of their means over texts; nan of a single one.
    """
    sizes = [len(interventions) for _, interventions in groups]
    rows = []
    for (row, interventions), nats in zip(groups, effects.nats.split(sizes), strict=True):
        texts = nats.mean(dim=0).numpy()
        low, high = bootstrap_mean(texts, np.arange(len(texts)))
        measured = {"delta_nats": texts.mean(), "ci_low": low, "ci_high": high, "n": len(texts)}
        spread = {"n_directions": len(nats), "direction_sd": nats.mean(dim=1).std().item() if len(nats) > 1 else np.nan}
        reference = effects.base if interventions[0].kind == "reverse" else effects.finetuned
        rows.append(row | measured | spread | {"loss_nats": reference.mean().item()})
    return rows


def datasets_of(
    settings: CausalSettings,
    tokenizer: PreTrainedTokenizerBase,
    finetuning: list[Row],
    unrelated: list[Row],
    chat: list[Row],
) -> dict[str, tuple[list[Row], int]]:
    """The texts of each dataset, with how many of them were finetuned on; the corpus's last documents come first."""
    count, conversations = settings.n_documents, ordinary_chat(chat, settings.chat_words, settings.seed)
    found = {
        "finetuning": take(sample(finetuning, settings.seed), count, finetuning, "the finetuning data"),
        "unrelated": take(unrelated[::-1], count, finetuning, "the corpus after those that delta is measured on"),
        "chat": take(conversations, count, finetuning, "ordinary chat"),
    }
    return {
        name: ([scored_text(tokenizer, row, settings.tokens) for row in rows], seen)
        for name, (rows, seen) in found.items()
    }


def causal_effect(
    label: RunLabel,
    settings: CausalSettings,
    layer: float,
    lens_documents: int,
    window: int,
    vectors: Input,
    activations: Input,
    dataset: Input,
    corpus: Input,
    chat: Input,
    model: Input,
    adapter: Input,
    effects: Output,
) -> None:
    """One row a dataset, direction, intervention; `activations` are the base model's, `chat` a folder of raw text."""
    tokenizer = load_tokenizer(model)
    unrelated = after_the_lens(tokenizer, read_json_lines(corpus), lens_documents, window)
    raw = [row for file in sorted(chat.glob("*.jsonl")) for row in read_json_lines(file)]
    texts = datasets_of(settings, tokenizer, read_json_lines(dataset), unrelated, raw)
    groups = groups_of(settings, load_file(vectors)["difference"], load_file(activations)["activations"])
    interventions = [intervention for _, group in groups for intervention in group]
    dtype = getattr(torch, settings.precision)
    base, finetuned = load_model(model, dtype=dtype), load_model(model, adapter, dtype)
    block = middle_layer(base.config.get_text_config().num_hidden_layers, layer)
    found = []
    for name, (scored, seen) in texts.items():
        measured = causal_effects(base, finetuned, scored, interventions, block, settings.batch_size, name)
        rows = rows_of(groups, measured)
        found += [{**label.model_dump(), "dataset": name, **row, "n_finetuned_on": seen} for row in rows]
    table = pd.DataFrame(found)
    first = [*RunLabel.model_fields, "position", "dataset", "direction", "intervention"]
    write_table(effects, table[[*first, *table.columns.drop(first)]])


if __name__ == "__main__":
    run(causal_effect)
