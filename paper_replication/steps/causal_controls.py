"""Measure what random directions do to the loss in all interventions but replacement, which `causal_effect` has."""

from dataclasses import replace

import pandas as pd
import torch
from safetensors.torch import load_file

from paper_replication.causal import causal_effects
from paper_replication.files import read_json_lines, write_table
from paper_replication.models import load_model, load_tokenizer, middle_layer
from paper_replication.provenance.step import Input, Output, run
from paper_replication.scored_texts import after_the_lens
from paper_replication.settings.causal import CausalSettings
from paper_replication.settings.run import RunLabel
from paper_replication.steps.causal_effect import Group, datasets_of, groups_of, rows_of


def control_groups(settings: CausalSettings, difference: torch.Tensor, activations: torch.Tensor) -> list[Group]:
    """The random directions that `causal_effect` replaces, in every other intervention of the settings."""
    families = [group for group in groups_of(settings, difference, activations) if group[0]["direction"] != "delta"]
    return [
        (row | {"intervention": kind}, [replace(intervention, kind=kind) for intervention in interventions])
        for kind in settings.interventions
        if kind != "replace"
        for row, interventions in families
    ]


def causal_controls(
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
    """One row a dataset, intervention and kind of direction, on the texts and by the columns of `causal_effect`."""
    tokenizer = load_tokenizer(model)
    unrelated = after_the_lens(tokenizer, read_json_lines(corpus), lens_documents, window)
    raw = [row for file in sorted(chat.glob("*.jsonl")) for row in read_json_lines(file)]
    texts = datasets_of(settings, tokenizer, read_json_lines(dataset), unrelated, raw)
    groups = control_groups(settings, load_file(vectors)["difference"], load_file(activations)["activations"])
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
    run(causal_controls)
