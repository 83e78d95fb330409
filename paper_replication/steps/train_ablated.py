"""Finetune the base model on an organism's data while the default run's difference is ablated."""

import tempfile
from pathlib import Path

from safetensors.torch import load_file

from paper_replication.ablated_training import chosen, finetune_ablated
from paper_replication.adapters import save_adapter
from paper_replication.files import read_json_lines, write_table
from paper_replication.models import load_tokenizer
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.ablated_training import AblatedDirections
from paper_replication.settings.training import Recipe


def train_ablated(
    recipe: Recipe,
    ablate: AblatedDirections,
    layer: float,
    seed: int,
    model: Input,
    dataset: Input,
    vectors: Input,
    adapter: Output,
    losses: Output,
) -> None:
    """Train a LoRA adapter and keep its loss curve, both as `train` does."""
    rows, directions = read_json_lines(dataset), chosen(load_file(vectors)["difference"], ablate.positions)
    with tempfile.TemporaryDirectory() as scratch:
        tokenizer = load_tokenizer(model)
        trained, curve = finetune_ablated(model, tokenizer, rows, recipe, seed, Path(scratch), directions, layer)
    save_adapter(trained, adapter)
    write_table(losses, curve)


if __name__ == "__main__":
    run(train_ablated)
