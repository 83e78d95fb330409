"""Gather cross-organism grading over models, and say how often an organism's own description ranks first."""

import pandas as pd

from paper_replication.cross_organism import summarise
from paper_replication.files import read_table, write_table
from paper_replication.provenance.step import Input, Output, run


def cross_organism_table(seed: int, parts: list[Input], table: Output, summary: Output) -> None:
    """Write all rows, and the summary with its permutation test; `seed` is of the permutations."""
    best = pd.concat([read_table(path) for path in parts])
    write_table(table, best)
    write_table(summary, summarise(best, seed))


if __name__ == "__main__":
    run(cross_organism_table)
