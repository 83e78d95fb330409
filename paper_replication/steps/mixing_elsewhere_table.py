"""Put the metrics of runs by one corpus under those of the same runs by another."""

import json

from paper_replication.files import read_table, write_table
from paper_replication.mixing_elsewhere import mixing_elsewhere_seeds
from paper_replication.provenance.step import Input, Output, run
from paper_replication.run_metrics import named
from paper_replication.steering_controls import with_controls


def mixing_elsewhere_table(
    columns: str, metrics: list[Input], contrasts: list[Input], table: Output, seeds: Output
) -> None:
    """One row a run, corpus and metric, steering's control among them; and the same over seeds.

    `columns` is a JSON list of further columns, an object a file of metrics; the first is of the main corpus.
    """
    called = json.loads(columns)
    pairs = zip(metrics, contrasts, strict=True)
    # A run has metrics by each corpus, so they cannot be told apart by their labels.
    runs = [with_controls([read_table(one)], [read_table(other)])[0] for one, other in pairs]
    rows = named(runs, called)
    write_table(table, rows)
    write_table(seeds, mixing_elsewhere_seeds(rows, called[0]["measured_on"]))


if __name__ == "__main__":
    run(mixing_elsewhere_table)
