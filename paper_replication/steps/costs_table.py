"""Gather what the jobs of every run cost: seconds and peak memory, from their records."""

import pandas as pd

from paper_replication.files import write_table
from paper_replication.provenance.record import find_record, read_record
from paper_replication.provenance.step import Input, Output, run


def costs_table(results: list[Input], table: Output) -> None:
    """One row a job: its rule, what it made, its seconds, its peak memory (MB), threads and device.

    They are read from the records, of which they are no sealed part of a result's identity: a repeated job that gives
    the same bytes has the same identity and other costs.
    """
    rows = []
    for result in results:
        # Every input of a step has a record: the step would have been refused otherwise.
        record = read_record(find_record(result))
        context = {name: record["context"][name] for name in ("seconds", "peak_memory_mb", "threads", "device")}
        rows.append({"rule": record["rule"], "result": str(result), **context})
    write_table(table, pd.DataFrame(rows))


if __name__ == "__main__":
    run(costs_table)
