"""Grade every run's difference by every organism's judge, on one model."""

import json

import pandas as pd
from tqdm import tqdm

from paper_replication.budget import texts_of
from paper_replication.cross_organism import best_position, grade
from paper_replication.errors import UserError
from paper_replication.files import read_json_lines, write_table
from paper_replication.judges.calibrated import calibration_words, relevance_judge
from paper_replication.judges.embedding import sentence_embedder
from paper_replication.models import load_tokenizer
from paper_replication.organisms.specification import read_organism
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.judges import RelevanceSettings
from paper_replication.token_tables import read_token_table


def cross_grading(
    settings: RelevanceSettings,
    labels: str,
    corpus_name: str,
    graded_tokens: int,
    selections: list[Input],
    organisms: list[Input],
    datasets: list[Input],
    corpus: Input,
    model: Input,
    embedder: Input,
    table: Output,
) -> None:
    """One row a run, readout and description: the largest share of the difference's tokens that are relevant to it.

    `labels` are those of the runs of `selections`, as a JSON list; `datasets` are the data of `organisms`, in order.
    """
    embed = sentence_embedder(embedder)
    unrelated = [row["text"] for row in read_json_lines(corpus)]
    vocabulary, _ = calibration_words(load_tokenizer(model), settings)
    parts = []
    for label, selection in zip(json.loads(labels), selections, strict=True):
        tokens = read_token_table(selection)
        parts.append(tokens[tokens["vector"] == "difference"].assign(**label, corpus=corpus_name))
    tokens = pd.concat(parts)
    judges = {}
    for organism, dataset in tqdm(list(zip(organisms, datasets, strict=True)), desc="descriptions"):
        described = read_organism(organism)
        texts = [texts_of(row) for row in read_json_lines(dataset)]
        judges[described.name] = relevance_judge(settings, embed, described.description, texts, unrelated, vocabulary)
    if not judges:
        raise UserError("All organisms of the config are controls; list one that has a description to grade by.")
    write_table(table, best_position(grade(tokens, judges), graded_tokens))


if __name__ == "__main__":
    run(cross_grading)
