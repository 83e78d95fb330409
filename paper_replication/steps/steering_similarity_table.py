"""Gather the similarity of steered answers over runs, and summarise it by type of organism."""

import pandas as pd

from paper_replication.files import read_table, write_table
from paper_replication.provenance.step import Input, Output, run
from paper_replication.type_summary import by_type


def gathered(parts: list[Input]) -> pd.DataFrame:
    """The tables of all runs under one another."""
    return pd.concat([read_table(part) for part in parts])


def steering_similarity_table(
    similarities: list[Input], contrasts: list[Input], table: Output, contrast_table: Output, types: Output
) -> None:
    """Write both tables, and by type the mean over organisms of how far steered answers lie above every other group."""
    write_table(table, gathered(similarities))
    found = gathered(contrasts)
    write_table(contrast_table, found)
    write_table(types, by_type(found, ["group", "minus"], "value"))


if __name__ == "__main__":
    run(steering_similarity_table)
