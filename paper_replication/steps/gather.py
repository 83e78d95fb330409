"""Put tables of the same columns, one a run, under one another."""

import pandas as pd

from paper_replication.files import read_table, write_table
from paper_replication.provenance.step import Input, Output, run


def gather(parts: list[Input], table: Output) -> None:
    """Concatenate tables in the order given."""
    write_table(table, pd.concat([read_table(part) for part in parts]))


if __name__ == "__main__":
    run(gather)
