"""Count whose domain words answers have that were steered with another organism's difference."""

import json

import pandas as pd

from paper_replication.answer_words import read_domain_words
from paper_replication.cross_steering import ANSWERING, ANSWERING_TYPE, BASE, by_relation, own_words, word_shares
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
    own: Output,
) -> None:
    """All answers under one another, their words, and means of these.

    Args:
        answering: the run that answers in each of `parts`, as a JSON list; null is the base model. Vectors of other
            runs are left out.
        parts: of `cross_steered`.
        organisms: files of those whose words are counted; what has no domain words is left out.
        controls: of each organism, what its control organisms are called, as a JSON object.
        answers: every text.
        table: `cross_steering.word_shares`.
        relations: `cross_steering.by_relation`.
        own: `cross_steering.own_words`.
    """
    labels, related = json.loads(answering), json.loads(controls)
    first = pd.DataFrame([label for label in labels if label is not None])
    said = []
    for part, label in zip(parts, labels, strict=True):
        name, kind = (label["organism"], label["organism_type"]) if label else (BASE, BASE)
        said.append(read_token_table(part).merge(first).assign(**{ANSWERING: name, ANSWERING_TYPE: kind}))
    texts = pd.concat(said)
    write_token_table(answers, texts)
    shares = word_shares(texts[texts["text"] != ""], read_domain_words(organisms), related)
    write_table(table, shares)
    write_table(relations, by_relation(shares))
    write_table(own, own_words(shares, related))


if __name__ == "__main__":
    run(cross_steering_table)
