"""Set the trace that is left against what was learnt, one row a recipe."""

import json

from paper_replication.files import read_table, write_table
from paper_replication.provenance.step import Input, Output, run
from paper_replication.run_metrics import named
from paper_replication.trade_off import by_what_steering_adds, with_published


def trade_off_table(columns: str, metrics: list[Input], controls: list[Input], table: Output) -> None:
    """One row a run; `columns` is a JSON list of further columns, an object a run.

    `controls` are tables that have steering's control of some of the runs.
    """
    runs = with_published([read_table(path) for path in metrics], [read_table(path) for path in controls])
    write_table(table, by_what_steering_adds(named(runs, json.loads(columns))))


if __name__ == "__main__":
    run(trade_off_table)
