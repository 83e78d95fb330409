"""Read both models' means and random vectors at other layers."""

import pandas as pd
import torch

from paper_replication import layer_controls as controls
from paper_replication.files import read_json_lines
from paper_replication.lens.delta import random_vectors
from paper_replication.lens_ablations import BASE, FINETUNED, collect_blocks
from paper_replication.models import load_model, load_tokenizer
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.ablations import AblationSettings
from paper_replication.settings.lens import ReadoutSettings, WindowSettings
from paper_replication.steps.ablation_readouts import entries, plan_of, read_entries
from paper_replication.steps.readouts import Labels
from paper_replication.token_tables import write_token_table


def layer_controls(
    settings: AblationSettings,
    window: WindowSettings,
    readouts: ReadoutSettings,
    corpus: Input,
    model: Input,
    adapter: Input,
    tokens: Output,
) -> None:
    """Save the tokens of every control at every layer at which the ablations read the difference.

    Documents, norms and scales are those of the ablations, random vectors those of the lens.
    """
    tokenizer, dtype = load_tokenizer(model), getattr(torch, window.precision)
    base, finetuned = load_model(model, dtype=dtype), load_model(model, adapter, dtype)
    texts = [row["text"] for row in read_json_lines(corpus)]
    plan = plan_of(settings, window, tokenizer, texts, base.config.get_text_config().num_hidden_layers)
    first, later = list(range(plan.first)), list(range(plan.first, plan.tokens.shape[1]))
    # Of a layer that is named twice, by fractions of few blocks, activations are collected once.
    blocks = sorted({*plan.layers})
    place = [blocks.index(layer) for layer in plan.layers]
    before, after = (
        collect_blocks(each, plan.tokens[:, : plan.first], blocks, first, plan.batch_size, f"{name}: first positions")
        for name, each in (("base", base), ("finetuned", finetuned))
    )
    ordinary = plan.tokens[: plan.norm_documents]
    norms = collect_blocks(finetuned, ordinary, blocks, later, plan.batch_size, "finetuned: norms")
    norms = norms.norm(dim=-1).mean(dim=(1, 2))
    random = random_vectors(readouts.random_vectors, before.shape[-1], readouts.random_seed)
    random = controls.sets_of_vectors(random, plan.first)
    conditions = controls.control_conditions(
        before[place], after[place], norms[place], settings.layers, plan.layers, random
    )
    rows: Labels = []
    models = {BASE: base, FINETUNED: finetuned}
    for (weight, layer), group in sorted(entries(list(conditions)).items(), key=lambda item: item[0]):
        rows += read_entries(models[weight], tokenizer, group, layer, settings.scales, readouts.graded_tokens)
    write_token_table(tokens, pd.DataFrame(rows))


if __name__ == "__main__":
    run(layer_controls)
