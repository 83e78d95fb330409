"""Gather what both agents found over runs, and summarise it over organisms."""

import pandas as pd

from paper_replication.agent.results import agent_table as whole_table
from paper_replication.agent.summary import summarise
from paper_replication.errors import UserError
from paper_replication.files import read_table, write_table
from paper_replication.identification import by_run
from paper_replication.provenance.step import Input, Output, run


def agent_table(seed: int, candidates: list[Input], grades: list[Input], table: Output, summary: Output) -> None:
    """Write one row a run and metric, and the summary; without `grades` no LLM was run. `seed` is of the bootstrap."""
    runs = by_run(pd.concat([read_table(path) for path in candidates]))
    if runs["truth"].isna().all():
        raise UserError("All organisms of the config are controls; list one that has an objective to identify.")
    found = whole_table(runs, pd.concat([read_table(path) for path in grades]) if grades else None, seed)
    write_table(table, found)
    # From what is in the file, so that both agree to the last digit.
    write_table(summary, summarise(read_table(table), seed))


if __name__ == "__main__":
    run(agent_table)
