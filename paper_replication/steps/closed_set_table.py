"""Gather closed-set identification over runs, and summarise it over organisms."""

import pandas as pd

from paper_replication.errors import UserError
from paper_replication.files import read_table, write_table
from paper_replication.identification import by_run, summarise
from paper_replication.provenance.step import Input, Output, run


def closed_set_table(seed: int, candidates: list[Input], runs: Output, summary: Output) -> None:
    """Write one row a run, agent and budget, and the summary; `seed` is of the bootstrap."""
    table = by_run(pd.concat([read_table(path) for path in candidates]))
    if table["truth"].isna().all():
        raise UserError("All organisms of the config are controls; list one that has an objective to identify.")
    write_table(runs, table)
    write_table(summary, summarise(table, seed))


if __name__ == "__main__":
    run(closed_set_table)
