"""Put the metrics of runs with unrelated data mixed in under one another, with steering's control."""

import json

from paper_replication.files import read_table, write_table
from paper_replication.provenance.step import Input, Output, run
from paper_replication.run_metrics import named
from paper_replication.steering_controls import with_controls


def mixing_table(columns: str, metrics: list[Input], contrasts: list[Input], table: Output) -> None:
    """One row a run and metric; `columns` is a JSON list of further columns, an object a run of the metrics."""
    runs = with_controls([read_table(path) for path in metrics], [read_table(path) for path in contrasts])
    write_table(table, named(runs, json.loads(columns)))


if __name__ == "__main__":
    run(mixing_table)
