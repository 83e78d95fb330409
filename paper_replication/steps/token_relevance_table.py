"""Gather token relevance over runs: by position, and summarised as the paper reports it."""

import pandas as pd

from paper_replication.files import write_table
from paper_replication.provenance.step import Input, Output, run
from paper_replication.relevance_summary import by_position, maxima, summarise
from paper_replication.token_tables import read_token_table


def token_relevance_table(
    graded_tokens: int, graded: list[Input], positions: Output, summary: Output, seeds: Output
) -> None:
    """Write the table by position, the summary over seeds, and the maximum over positions of each seed."""
    table = by_position(pd.concat([read_token_table(path) for path in graded]), graded_tokens)
    first = ["model", "organism", "organism_type", "variant", "seed", "readout", "vector", "position", "scale"]
    second = ["relevant_fraction", "n_tokens", "judge", "ci_low", "ci_high", "corpus", "index", "scale_judge"]
    write_table(positions, table[first + second])
    write_table(summary, summarise(table))
    write_table(seeds, maxima(table))


if __name__ == "__main__":
    run(token_relevance_table)
