"""Finetune all linear layers of the base model on an organism's documents or conversations."""

import tempfile
from pathlib import Path

from paper_replication.adapters import save_adapter
from paper_replication.files import read_json_lines, write_table
from paper_replication.full_training import finetune_full
from paper_replication.models import load_tokenizer
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.training import Recipe


def train_full(recipe: Recipe, seed: int, model: Input, dataset: Input, adapter: Output, losses: Output) -> None:
    """Keep what was learnt as an adapter of full rank, and the loss curve."""
    rows = read_json_lines(dataset)
    with tempfile.TemporaryDirectory() as scratch:
        trained, curve = finetune_full(model, load_tokenizer(model), rows, recipe, seed, Path(scratch))
    save_adapter(trained, adapter)
    write_table(losses, curve)


if __name__ == "__main__":
    run(train_full)
