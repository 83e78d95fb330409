"""Lay steered and unsteered answers of every run side by side."""

import json

import pandas as pd

from paper_replication.files import read_json_lines, read_table
from paper_replication.provenance.step import Input, Output, run
from paper_replication.steering.cards import side_by_side
from paper_replication.token_tables import write_token_table


def steering_cards_table(
    prompts: int, seed: int, labels: str, texts: list[Input], similarities: list[Input], table: Output
) -> None:
    """One row a run and drawn prompt; `labels` are those of the runs, as a JSON list in the order of the files."""
    parts = []
    for label, said, similarity in zip(json.loads(labels), texts, similarities, strict=True):
        found = side_by_side(pd.DataFrame(read_json_lines(said)), read_table(similarity), prompts, seed)
        parts.append(found.assign(**label)[[*label, *found.columns]])
    write_token_table(table, pd.concat(parts).fillna(""))


if __name__ == "__main__":
    run(steering_cards_table)
