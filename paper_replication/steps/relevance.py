"""Judge the selected tokens of a run and of its matched null for relevance to the run's organism."""

import numpy as np
import pandas as pd

from paper_replication.budget import texts_of
from paper_replication.files import read_json_lines, write_table
from paper_replication.judges.calibrated import calibration_words, relevance_judge
from paper_replication.judges.embedding import EmbeddingRelevanceJudge, sentence_embedder
from paper_replication.models import load_tokenizer
from paper_replication.organisms.specification import read_organism
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.judges import RelevanceSettings
from paper_replication.settings.run import RunLabel
from paper_replication.statistics import wilson
from paper_replication.token_tables import read_token_table, write_token_table


def share_relevant(judge: EmbeddingRelevanceJudge, name: str, tokens: list[str]) -> dict[str, float]:
    """The share of tokens that a judge calls relevant, with Wilson's interval, as columns of that name."""
    count = sum(judge.relevant(tokens))
    low, high = wilson(count, len(tokens))
    return {name: count / len(tokens), f"{name}_ci_low": low, f"{name}_ci_high": high, f"n_{name}": len(tokens)}


def relevance(
    settings: RelevanceSettings,
    label: RunLabel,
    corpus_name: str,
    selection: Input,
    null_selection: Input | None,
    organism: Input,
    dataset: Input,
    corpus: Input,
    model: Input,
    embedder: Input,
    graded: Output,
    calibration: Output,
) -> None:
    """One row a token with the judge's verdict, and a row on how the judge was calibrated.

    Of the matched null's selection, where there is one, the difference alone is judged, for the same organism, as the
    vector `null_difference`.
    """
    texts = [texts_of(row) for row in read_json_lines(dataset)]
    unrelated = [row["text"] for row in read_json_lines(corpus)]
    vocabulary, held_out = calibration_words(load_tokenizer(model), settings)
    description = read_organism(organism).description
    judge = relevance_judge(settings, sentence_embedder(embedder), description, texts, unrelated, vocabulary)
    table = read_token_table(selection)
    if null_selection is not None:
        null = read_token_table(null_selection)
        table = pd.concat([table, null[null["vector"] == "difference"].assign(vector="null_difference")])
    table["relevant"] = np.array(judge.relevant(list(table["token"])), dtype=int)
    table["judge"] = judge.name
    labels = {**label.model_dump(), "corpus": corpus_name}
    for column, value in reversed(labels.items()):
        table.insert(0, column, value)
    write_token_table(graded, table)
    row = labels | {
        "judge": judge.name,
        "threshold": judge.threshold,
        "target_rate": settings.false_positive_rate,
        **share_relevant(judge, "calibration_words", vocabulary),
        **share_relevant(judge, "held_out_tokens", held_out),
        "topical_words": " ".join(judge.topical),
    }
    write_table(calibration, pd.DataFrame([row]))


if __name__ == "__main__":
    run(relevance)
