"""Judge the selected tokens of a run, or of its matched null, for relevance to the run's organism."""

import random

import numpy as np
import pandas as pd

from paper_replication.files import read_json_lines, read_table, write_table
from paper_replication.judges.embedding import EmbeddingRelevanceJudge, sentence_embedder
from paper_replication.judges.words import frequent_distinctive_words, word_of
from paper_replication.models import load_tokenizer
from paper_replication.organisms.specification import read_organism
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.judges import RelevanceSettings
from paper_replication.settings.run import RunLabel


def vocabulary_words(model: Input, number: int, seed: int) -> list[str]:
    """Distinct words of the model's vocabulary, drawn at random."""
    tokenizer = load_tokenizer(model)
    found = {word_of(tokenizer.decode([token])) for token in range(len(tokenizer))} - {None}
    return random.Random(seed).sample(sorted(found), min(number, len(found)))


def relevance(
    settings: RelevanceSettings,
    label: RunLabel,
    corpus_name: str,
    role: str,
    selection: Input,
    organism: Input,
    documents: Input,
    corpus: Input,
    model: Input,
    embedder: Input,
    graded: Output,
    calibration: Output,
) -> None:
    """One row a token with the judge's verdict, and a row on how the judge was calibrated.

    With the role "null", the selection is that of the matched null: its difference alone is judged, for the same
    organism, as the vector `null_difference`.
    """
    texts = [row["text"] for row in read_json_lines(documents)]
    unrelated = [row["text"] for row in read_json_lines(corpus)][: 5 * len(texts)]
    frequent = frequent_distinctive_words(texts, unrelated, settings.minimum_count, settings.frequent_words)
    drawn = vocabulary_words(model, 2 * settings.calibration_words, settings.calibration_seed)
    half = len(drawn) // 2
    judge = EmbeddingRelevanceJudge(
        sentence_embedder(embedder),
        read_organism(organism).description,
        frequent,
        drawn[:half],
        false_positive_rate=settings.false_positive_rate,
        topical=settings.topical_words,
        neighbours=settings.neighbours,
    )
    table = read_table(selection)
    if role == "null":
        table = table[table["vector"] == "difference"].assign(vector="null_difference")
    table["relevant"] = np.array(judge.relevant([str(token) for token in table["token"]]), dtype=int)
    table["judge"] = judge.name
    labels = {**label.model_dump(), "corpus": corpus_name}
    for column, value in reversed(labels.items()):
        table.insert(0, column, value)
    write_table(graded, table)
    row = labels | {
        "judge": judge.name,
        "threshold": judge.threshold,
        "target_rate": settings.false_positive_rate,
        "calibration_rate": np.mean(judge.relevant(drawn[:half])),
        "held_out_rate": np.mean(judge.relevant(drawn[half:])),
        "n_calibration": half,
        "n_held_out": len(drawn) - half,
        "topical_words": " ".join(judge.topical),
    }
    write_table(calibration, pd.DataFrame([row]))


if __name__ == "__main__":
    run(relevance)
