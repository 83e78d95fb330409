"""Build one corpus of unrelated text from a dataset of the Hub, or of a folder of one's own."""

from paper_replication.hub import state_commit
from paper_replication.hub_data import stream_texts
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.corpus import CorpusSettings
from paper_replication.steps.corpus import write_corpus


def hub_corpus(settings: CorpusSettings, files: list[Input], documents: Output, source: Output) -> None:
    """Stream documents and write a clean, shuffled corpus, and which commit of the dataset it is from.

    `files` are those of a folder of one's own, for the record.
    """
    hub = settings.hub
    texts, commit = stream_texts(hub, settings.hub_name, settings.hub_documents, settings.seed)
    write_corpus([(hub, text) for text in texts], [hub], settings, documents)
    state_commit(source, hub, commit)


if __name__ == "__main__":
    run(hub_corpus)
