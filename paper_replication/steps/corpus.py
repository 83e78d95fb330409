"""Build one corpus of unrelated text."""

from paper_replication.corpora import build_corpus, passages
from paper_replication.errors import UserError
from paper_replication.files import read_json_lines, write_json_lines
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.corpus import CorpusSettings


def stream_hub(settings: CorpusSettings) -> list[tuple[str, str]]:
    """The first documents of a streamed Hub dataset, shuffled with the corpus's seed in a buffer of 10,000."""
    from datasets import load_dataset  # slow to import and not needed for packaged text

    stream = load_dataset(settings.hub, settings.hub_name, split="train", streaming=True)
    stream = stream.shuffle(seed=settings.seed, buffer_size=10_000).take(settings.hub_documents)
    return [(settings.hub, row["text"]) for row in stream]


def corpus(settings: CorpusSettings, folders: list[Input], documents: Output) -> None:
    """Read raw text from fetched folders or the Hub and write a clean, shuffled corpus."""
    if settings.hub:
        found, origins = stream_hub(settings), [settings.hub]
    else:
        files = sorted(file for folder in folders for file in folder.glob("*.jsonl"))
        found = [pair for file in files for pair in passages(file.stem, read_json_lines(file))]
        origins = settings.origins
    rows = build_corpus(found, origins, settings.minimum_words, settings.seed)
    if len(rows) < settings.at_least:
        raise UserError(f"The corpus has {len(rows)} documents; the config asks for {settings.at_least} or more.")
    write_json_lines(documents, rows)


if __name__ == "__main__":
    run(corpus)
