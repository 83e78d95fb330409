"""Finetune the base model on an organism's data while the default run's difference is ablated."""

import json
import tempfile
from pathlib import Path

from safetensors.torch import load_file

from paper_replication.ablated_training import chosen, finetune_ablated
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
    trained.save_pretrained(adapter)
    (adapter / "README.md").unlink(missing_ok=True)  # PEFT's model card states a random temporary path
    # PEFT writes the names of the adapted layers from a set, in an order that differs from process to process.
    config = json.loads((adapter / "adapter_config.json").read_text())
    config["target_modules"] = sorted(config["target_modules"])
    (adapter / "adapter_config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    write_table(losses, curve)


if __name__ == "__main__":
    run(train_ablated)
