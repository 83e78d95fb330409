"""Fetch the sentence-embedding model of the judges from the Hub."""

import json
import shutil

from paper_replication.hub import snapshot
from paper_replication.provenance.step import Output, run
from paper_replication.settings.hub import HubEmbedder


def hub_embedder(settings: HubEmbedder, folder: Output) -> None:
    """Copy the model's files at its pinned revision; its weights are read in float32, whatever they are kept in."""
    hidden = shutil.ignore_patterns(".*")
    shutil.copytree(snapshot(settings.hub, settings.revision), folder, ignore=hidden)
    # Texts are embedded on the CPU, where bfloat16, which the library would take from here, is slower and coarse.
    config = folder / "config.json"
    if config.is_file():
        content = {key: value for key, value in json.loads(config.read_text()).items() if key != "torch_dtype"}
        config.write_text(json.dumps(content | {"dtype": "float32"}, indent=2) + "\n")


if __name__ == "__main__":
    run(hub_embedder)
