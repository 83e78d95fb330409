"""Put the metrics of runs under one another, each with what tells it from the others."""

import json

from paper_replication.files import read_table, write_table
from paper_replication.provenance.step import Input, Output, run
from paper_replication.run_metrics import named
from paper_replication.steering_controls import with_controls


def metrics_table(columns: str, metrics: list[Input], contrasts: list[Input], table: Output) -> None:
    """One row a run and metric, steering's control among them where `contrasts` are given of a run.

    `columns` is a JSON list of further columns, an object a run of the metrics.
    """
    runs = with_controls([read_table(path) for path in metrics], [read_table(path) for path in contrasts])
    write_table(table, named(runs, json.loads(columns)))


if __name__ == "__main__":
    run(metrics_table)
