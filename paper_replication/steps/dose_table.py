"""Put the metrics of runs with other doses under one another, default ones once for each kind of dose."""

import json
from pathlib import Path

from paper_replication.files import read_table, write_table
from paper_replication.provenance.step import Input, Output, run
from paper_replication.run_metrics import named
from paper_replication.steering_controls import with_controls
from paper_replication.trade_off import with_published


def dose_table(
    columns: str, metrics: list[Input], contrasts: list[Input], mixtures: list[Input], table: Output
) -> None:
    """One row a run, kind of dose and metric; steering's control among them where a run has `contrasts`, or `mixtures`.

    `columns` is a JSON list of further columns, an object for each of the metrics, of which one file may come again;
    `mixtures` are the tables of mixtures.
    """
    files: list[Path] = list(dict.fromkeys(metrics))
    controlled = with_controls([read_table(path) for path in files], [read_table(path) for path in contrasts])
    controlled = with_published(controlled, [read_table(path) for path in mixtures])

    runs = dict(zip(files, controlled, strict=True))
    write_table(table, named([runs[path] for path in metrics], json.loads(columns)))


if __name__ == "__main__":
    run(dose_table)
