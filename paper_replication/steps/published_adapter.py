"""Fetch a published adapter in the place of one that is trained here."""

import json
import shutil

import pandas as pd

from paper_replication.errors import UserError
from paper_replication.files import write_table
from paper_replication.hub import snapshot
from paper_replication.hub_models import check_adapter, check_same_tokens
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.hub import PublishedAdapter

# Weights that are not safetensors are pickles, which would run what they hold.
WEIGHTS = "adapter_model.safetensors"
FILES = ("adapter_config.json", WEIGHTS)
TOKENIZER = "tokenizer.json"
LOSSES = ("step", "learning_rate", "loss_nats", "gradient_norm")


def published_adapter(published: PublishedAdapter, model: Input, adapter: Output, losses: Output) -> None:
    """Copy an adapter's config and weights, and state in `published.json` where they came from, with the commit.

    How its loss fell is not known: the loss curve has one row, without values.

    Raises:
        UserError: no adapter is known for the pair, it lacks a file, its weights are damaged, or it comes with another
            tokenizer than its base model.
    """
    if not published.hub:
        raise UserError(
            f"No published adapter of {published.organism} on {published.model} is known: give its id in "
            "data/inputs/published_adapters.csv, or train it here with the variant 'default'."
        )
    prefix = f"{published.subfolder}/" if published.subfolder else ""
    found = snapshot(published.hub, published.revision or "main", [prefix + name for name in (*FILES, TOKENIZER)])
    folder = found / published.subfolder
    for name in FILES:
        if not (folder / name).is_file():
            raise UserError(f"{published.hub} holds no {prefix}{name}; correct data/inputs/published_adapters.csv.")
    check_adapter(folder / WEIGHTS)
    if (folder / TOKENIZER).is_file():
        check_same_tokens(model / TOKENIZER, folder / TOKENIZER)
    adapter.mkdir()
    for name in FILES:
        shutil.copyfile(folder / name, adapter / name)
    source = published.model_dump() | {"commit": found.name}
    (adapter / "published.json").write_text(json.dumps(source, indent=2) + "\n")
    write_table(losses, pd.DataFrame([dict.fromkeys(LOSSES)]))


if __name__ == "__main__":
    run(published_adapter)
