"""Compare families of models by how well their organisms are read."""

import pandas as pd

from paper_replication.families import best_lists, by_family, by_organism, contrasts
from paper_replication.files import write_table
from paper_replication.provenance.step import Input, Output, run
from paper_replication.token_tables import read_token_table, write_token_table


def families_table(
    graded_tokens: int,
    graded: list[Input],
    table: Output,
    organisms: Output,
    contrast_table: Output,
    tokens: Output,
) -> None:
    """One row a model and vector; one row a model, organism and vector; one row a model and control; and the lists."""
    judged = pd.concat([read_token_table(path) for path in graded])
    found = by_organism(judged, graded_tokens)
    write_table(organisms, found)
    write_table(table, by_family(found))
    write_table(contrast_table, contrasts(found))
    write_token_table(tokens, best_lists(judged, graded_tokens))


if __name__ == "__main__":
    run(families_table)
