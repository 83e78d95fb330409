"""Count whose domain words answers have that were steered with another organism's difference."""

import json

import pandas as pd

from paper_replication.answer_words import read_domain_words
from paper_replication.cross_steering import ANSWERING, ANSWERING_TYPE, by_relation, word_shares
from paper_replication.files import write_table
from paper_replication.provenance.step import Input, Output, run
from paper_replication.token_tables import read_token_table, write_token_table


def cross_steering_table(
    answering: str,
    parts: list[Input],
    organisms: list[Input],
    controls: str,
    answers: Output,
    table: Output,
    relations: Output,
) -> None:
    """All answers under one another, their words, and those by what the model is to the vector.

    Args:
        answering: who answers in each of `parts`, as a JSON list of names and types.
        parts: of `cross_steered`.
        organisms: files of those whose words are counted; what has no domain words is left out.
        controls: of each organism, what its control organisms are called, as a JSON object.
        answers: every text.
        table: `cross_steering.word_shares`.
        relations: `cross_steering.by_relation`.
    """
    said = [
        read_token_table(part).assign(**{ANSWERING: name, ANSWERING_TYPE: kind})
        for part, (name, kind) in zip(parts, json.loads(answering), strict=True)
    ]
    texts = pd.concat(said)
    write_token_table(answers, texts)
    shares = word_shares(texts[texts["text"] != ""], read_domain_words(organisms), json.loads(controls))
    write_table(table, shares)
    write_table(relations, by_relation(shares))


if __name__ == "__main__":
    run(cross_steering_table)
