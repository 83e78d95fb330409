"""Judge tokens by what was read outside the pipeline, and compare that with the offline judge."""

import json

import pandas as pd

from paper_replication.blind_reading import (
    agreements,
    judged,
    layers_as_readouts,
    positions_of,
    read_verdicts,
    type_contrasts,
)
from paper_replication.files import write_table
from paper_replication.provenance.step import Input, Output, run
from paper_replication.relevance_summary import summarise
from paper_replication.token_tables import read_token_table


def blind_reading(
    corpus_name: str,
    graded_tokens: int,
    nulls: str,
    seed: int,
    rounds: int,
    cards: Input,
    layers: Input,
    readings: Input,
    positions: Output,
    summary: Output,
    contrasts: Output,
    agreement: Output,
) -> None:
    """Relevance by both judges: by position, by organism and by type; and how far they agree. `nulls` is JSON."""
    verdicts = read_verdicts(readings)
    tokens = read_token_table(cards)
    tokens = tokens[tokens["corpus"] == corpus_name].assign(scale_judge="")
    rows = judged(pd.concat([tokens, layers_as_readouts(read_token_table(layers), json.loads(nulls))]), verdicts)
    table = positions_of(rows, graded_tokens)
    write_table(positions, table)
    found = summarise(table)
    write_table(summary, found)
    write_table(contrasts, type_contrasts(found))
    write_table(agreement, agreements(rows, verdicts, seed, rounds))


if __name__ == "__main__":
    run(blind_reading)
