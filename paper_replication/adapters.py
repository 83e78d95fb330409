"""Adapters on disk: the same bytes for the same weights."""

import json
from pathlib import Path

from peft import PeftModel


def save_adapter(model: PeftModel, folder: Path) -> None:
    """Save a model's adapter alone, and in its config nothing that differs from process to process."""
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)  # PEFT's model card states a random temporary path
    # PEFT writes the names of the adapted layers from a set.
    config = json.loads((folder / "adapter_config.json").read_text())
    config["target_modules"] = sorted(config["target_modules"])
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
