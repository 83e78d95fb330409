"""Put the answers by random directions of every run together, and say where the difference lies among them."""

import pandas as pd

from paper_replication.files import read_table, write_table
from paper_replication.provenance.step import Input, Output, run
from paper_replication.random_directions import summarise, type_contrasts


def random_directions_table(parts: list[Input], table: Output, summary: Output, contrasts: Output) -> None:
    """One row a run and direction; `summary`, one a run and measure; `contrasts`, one a type and measure."""
    rows = pd.concat([read_table(part) for part in parts])
    write_table(table, rows)
    found = summarise(rows)
    write_table(summary, found)
    write_table(contrasts, type_contrasts(found))


if __name__ == "__main__":
    run(random_directions_table)
