"""Set the trace that is left against what was learnt, one row a recipe."""

import json

from paper_replication.files import read_table, write_table
from paper_replication.provenance.step import Input, Output, run
from paper_replication.run_metrics import named, trade_off


def trade_off_table(columns: str, metrics: list[Input], table: Output) -> None:
    """One row a run; `columns` is a JSON list of further columns, an object a run."""
    write_table(table, trade_off(named([read_table(path) for path in metrics], json.loads(columns))))


if __name__ == "__main__":
    run(trade_off_table)
