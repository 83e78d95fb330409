"""Gather the similarity of steered answers over runs, and summarise it by type of organism and by model."""

import pandas as pd

from paper_replication.files import read_table, write_table
from paper_replication.model_summary import by_type_and_model
from paper_replication.provenance.step import Input, Output, run

RUN = ["model", "organism_type", "organism", "variant", "seed"]


def gathered(parts: list[Input]) -> pd.DataFrame:
    """The tables of all runs under one another."""
    return pd.concat([read_table(part) for part in parts])


def steering_similarity_table(
    similarities: list[Input],
    contrasts: list[Input],
    table: Output,
    contrast_table: Output,
    types: Output,
    groups: Output,
) -> None:
    """Write both tables, and by type and model the means of how far steered answers lie above every other group.

    The means of the groups themselves, each at the position of its largest value, go to `groups`.
    """
    similarity, found = gathered(similarities), gathered(contrasts)
    write_table(table, similarity)
    write_table(contrast_table, found)
    write_table(types, by_type_and_model(found, ["group", "minus"], "value"))
    best = similarity.groupby([*RUN, "group"], sort=False)["value"].max().reset_index()
    write_table(groups, by_type_and_model(best, ["group"], "value"))


if __name__ == "__main__":
    run(steering_similarity_table)
