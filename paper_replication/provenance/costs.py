"""Where the time and memory of a tier went, as its jobs' records tell."""

from pathlib import Path

import pandas as pd

from paper_replication.provenance.record import read_record


def costs(records: list[Path]) -> pd.DataFrame:
    """One row a step: its number of jobs, their seconds in all and at most, and the largest peak memory of one (MB).

    The column of steps is `rule`, as records name it: several rules can run one step.
    """
    read = map(read_record, records)
    rows = [{"rule": record["rule"], **record["context"]} for record in read]
    by_step = pd.DataFrame(rows).groupby("rule")
    table = by_step.agg(
        jobs=("seconds", "size"),
        seconds=("seconds", "sum"),
        seconds_longest=("seconds", "max"),
        peak_memory_mb=("peak_memory_mb", "max"),
    )
    return table.sort_values("seconds", ascending=False).reset_index()
