"""Fetch a published adapter in the place of one that is trained here."""

import json
import shutil

import pandas as pd

from paper_replication.errors import UserError
from paper_replication.files import write_table
from paper_replication.hub import snapshot
from paper_replication.provenance.step import Output, run
from paper_replication.settings.hub import PublishedAdapter

# Weights that are not safetensors are pickles, which would run what they hold.
FILES = ("adapter_config.json", "adapter_model.safetensors")
LOSSES = ("step", "learning_rate", "loss_nats", "gradient_norm")


def published_adapter(published: PublishedAdapter, adapter: Output, losses: Output) -> None:
    """Copy an adapter's config and weights, and state in `published.json` where they came from, with the commit.

    How its loss fell is not known: the loss curve has one row, without values.

    Raises:
        UserError: no adapter is known for the pair, or it lacks a file.
    """
    if not published.hub:
        raise UserError(
            f"No published adapter of {published.organism} on {published.model} is known: give its id in "
            "data/inputs/published_adapters.csv, or train it here with the variant 'default'."
        )
    prefix = f"{published.subfolder}/" if published.subfolder else ""
    found = snapshot(published.hub, published.revision or "main", [prefix + name for name in FILES])
    adapter.mkdir()
    for name in FILES:
        if not (found / published.subfolder / name).is_file():
            raise UserError(f"{published.hub} holds no {prefix}{name}; correct data/inputs/published_adapters.csv.")
        shutil.copyfile(found / published.subfolder / name, adapter / name)
    source = published.model_dump() | {"commit": found.name}
    (adapter / "published.json").write_text(json.dumps(source, indent=2) + "\n")
    write_table(losses, pd.DataFrame([dict.fromkeys(LOSSES)]))


if __name__ == "__main__":
    run(published_adapter)
