"""Finetune the base model on an organism's documents or conversations."""

import json
import tempfile
from pathlib import Path

from paper_replication.files import read_json_lines, write_table
from paper_replication.models import load_tokenizer
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.training import Recipe
from paper_replication.training import finetune


def train(recipe: Recipe, seed: int, model: Input, dataset: Input, adapter: Output, losses: Output) -> None:
    """Train a LoRA adapter and keep its loss curve."""
    rows = read_json_lines(dataset)
    with tempfile.TemporaryDirectory() as scratch:
        trained, curve = finetune(model, load_tokenizer(model), rows, recipe, seed, Path(scratch))
    trained.save_pretrained(adapter)
    (adapter / "README.md").unlink(missing_ok=True)  # PEFT's model card states a random temporary path
    # PEFT writes the names of the adapted layers from a set, in an order that differs from process to process.
    config = json.loads((adapter / "adapter_config.json").read_text())
    config["target_modules"] = sorted(config["target_modules"])
    (adapter / "adapter_config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    write_table(losses, curve)


if __name__ == "__main__":
    run(train)
