"""Fetch the sentence-embedding model of the judges from the Hub."""

import shutil

from paper_replication.hub import snapshot
from paper_replication.provenance.step import Output, run
from paper_replication.settings.hub import HubEmbedder


def hub_embedder(settings: HubEmbedder, folder: Output) -> None:
    """Copy the model's files at its pinned revision."""
    hidden = shutil.ignore_patterns(".*")
    shutil.copytree(snapshot(settings.hub, settings.revision), folder, ignore=hidden)


if __name__ == "__main__":
    run(hub_embedder)
