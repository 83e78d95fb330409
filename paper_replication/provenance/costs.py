"""Where the time and memory of a tier went, as its jobs' records tell."""

from pathlib import Path

import pandas as pd

from paper_replication.errors import UserError
from paper_replication.provenance.record import SUFFIX, read_record


def records_in(folder: str | Path) -> list[Path]:
    """The records in a folder and in those below it.

    Raises:
        UserError: there are none.
    """
    records = sorted(Path(folder).rglob("[!.]*" + SUFFIX))
    if not records:
        raise UserError(f"{folder} holds no records of jobs; run the workflow first.")
    return records


def costs(records: list[Path]) -> pd.DataFrame:
    """One row a rule: its number of jobs, their seconds in all and at most, and the largest peak memory of one (MB)."""
    read = map(read_record, records)
    rows = [{"rule": record["rule"], **record["context"]} for record in read]
    by_rule = pd.DataFrame(rows).groupby("rule")
    table = by_rule.agg(
        jobs=("seconds", "size"),
        seconds=("seconds", "sum"),
        seconds_longest=("seconds", "max"),
        peak_memory_mb=("peak_memory_mb", "max"),
    )
    return table.sort_values("seconds", ascending=False).reset_index()
