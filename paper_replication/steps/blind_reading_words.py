"""Tabulate how far the offline judge and the readings agree, by what is counted."""

import json

import pandas as pd

from paper_replication.blind_reading import judged, layers_as_readouts, read_verdicts
from paper_replication.files import write_table
from paper_replication.provenance.step import Input, Output, run
from paper_replication.reading_rules import agreement_by_word
from paper_replication.token_tables import read_token_table


def blind_reading_words(
    corpus_name: str,
    nulls: str,
    seed: int,
    rounds: int,
    cards: Input,
    layers: Input,
    readings: Input,
    agreement: Output,
) -> None:
    """`agreement_by_word` of the tokens that `blind_reading` judges. `nulls` is JSON."""
    tokens = read_token_table(cards)
    tokens = tokens[tokens["corpus"] == corpus_name].assign(scale_judge="")
    every = pd.concat([tokens, layers_as_readouts(read_token_table(layers), json.loads(nulls))])
    write_table(agreement, agreement_by_word(judged(every, read_verdicts(readings)), seed, rounds))


if __name__ == "__main__":
    run(blind_reading_words)
