"""Compare steered and unsteered answers with an organism's finetuning texts and with ordinary answers."""

import random

import numpy as np
import pandas as pd

from paper_replication.budget import Row
from paper_replication.errors import UserError
from paper_replication.files import read_json_lines, write_table
from paper_replication.judges.embedding import Embed, sentence_embedder
from paper_replication.ordinary_chat import ordinary_chat
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.run import RunLabel
from paper_replication.settings.steering import SimilaritySettings
from paper_replication.steering.groups import contrasts, rows_of, similarities
from paper_replication.steering.similarity import Draws, Group

# Ordinary answers are cut to whole sentences of at most so many words.
CHAT_WORDS = 120


def first_text(row: Row) -> str:
    """A document, or the first thing that the assistant says in a conversation."""
    if "text" in row:
        return row["text"]
    return next(message["content"] for message in row["messages"] if message["role"] == "assistant")


def drawn(texts: list[str], number: int, seed: int) -> list[str]:
    """At most so many texts, drawn without repeats."""
    return texts if len(texts) <= number else random.Random(seed).sample(texts, number)


def group_of(embed: Embed, texts: list[str], clusters: list[str]) -> Group:
    """The embedded texts that are not empty; all empty is a UserError."""
    kept = [(text, cluster) for text, cluster in zip(texts, clusters, strict=True) if text.strip()]
    if not kept:
        raise UserError("All answers of a group are empty: lower the strength, or raise steering.new_tokens.")
    return Group(embed([text for text, _ in kept]), np.array([cluster for _, cluster in kept]))


def similarity(
    settings: SimilaritySettings,
    label: RunLabel,
    texts: Input,
    dataset: Input,
    chat: Input,
    embedder: Input,
    table: Output,
    contrast_table: Output,
) -> None:
    """One row a group and position, and how far the steered answers lie above every other group."""
    embed = sentence_embedder(embedder)
    finetuning = drawn([first_text(row) for row in read_json_lines(dataset)], settings.texts, settings.seed)
    exchanges = [row for file in sorted(chat.glob("*.jsonl")) for row in read_json_lines(file)]
    answers = [first_text(row) for row in ordinary_chat(exchanges, CHAT_WORDS, settings.seed)]
    ordinary = drawn(answers, settings.texts, settings.seed)
    references = {name: group_of(embed, found, found) for name, found in (("FT", finetuning), ("Chat", ordinary))}
    said = pd.DataFrame(read_json_lines(texts))
    steered = {
        key: group_of(embed, list(rows["text"]), list(rows["prompt"]))
        for key, rows in said.groupby(["vector", "position"], sort=False)
    }
    found = similarities(references, steered, Draws(settings.rounds, settings.seed))
    for path, rows in ((table, rows_of(found)), (contrast_table, contrasts(found))):
        write_table(path, pd.DataFrame([{**label.model_dump(), **row} for row in rows]))


if __name__ == "__main__":
    run(similarity)
