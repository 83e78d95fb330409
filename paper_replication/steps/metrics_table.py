"""Put the metrics of runs under one another, each with what tells it from the others."""

import json

from paper_replication.files import read_table, write_table
from paper_replication.provenance.step import Input, Output, run
from paper_replication.run_metrics import named


def metrics_table(columns: str, metrics: list[Input], table: Output) -> None:
    """One row a run and metric; `columns` is a JSON list of further columns, an object a run."""
    write_table(table, named([read_table(path) for path in metrics], json.loads(columns)))


if __name__ == "__main__":
    run(metrics_table)
