"""Build one corpus of unrelated text from packaged text."""

from pathlib import Path

from paper_replication.corpora import build_corpus, passages
from paper_replication.errors import UserError
from paper_replication.files import read_json_lines, write_json_lines
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.corpus import CorpusSettings


def write_corpus(found: list[tuple[str, str]], origins: list[str], settings: CorpusSettings, documents: Path) -> None:
    """Clean and shuffle raw (origin, text) pairs, and write what is left.

    Raises:
        UserError: that is less than the config asks for.
    """
    rows = build_corpus(found, origins, settings.minimum_words, settings.seed)
    if len(rows) < settings.at_least:
        raise UserError(f"The corpus has {len(rows)} documents; the config asks for {settings.at_least} or more.")
    write_json_lines(documents, rows)


def corpus(settings: CorpusSettings, folders: list[Input], documents: Output) -> None:
    """Read raw text from fetched folders and write a clean, shuffled corpus."""
    files = sorted(file for folder in folders for file in folder.glob("*.jsonl"))
    found = [pair for file in files for pair in passages(file.stem, read_json_lines(file))]
    write_corpus(found, settings.origins, settings, documents)


if __name__ == "__main__":
    run(corpus)
