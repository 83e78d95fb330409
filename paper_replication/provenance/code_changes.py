"""Changes of code that leave every result as it is that was made before them, each with its reason.

Without them, of a fault that is mended in a module that everything imports an audit could say no more than that all is
stale. What is declared is what was tried: `tests/test_code_changes.py` has a test of every change. Snakemake knows
nothing of it, and makes anew what such a module made.
"""

import csv
from pathlib import Path

from paper_replication.errors import UserError

COLUMNS = ["file", "before", "after", "reason"]
# In the place of the sum before, of a file that a change brought along.
NEW = "new"
# By a file and its SHA-256 before a change: that after it, and why results stay as they are.
Changes = dict[tuple[str, str], tuple[str, str]]


def read_code_changes(table: Path) -> Changes:
    """The changes that a table declares; none where there is no table.

    Raises:
        UserError: the table cannot be read, lacks a column or a cell, or has two changes of one state.
    """
    if not table.exists():
        return {}
    try:
        # Spreadsheets mark UTF-8 at its beginning.
        with open(table, newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{table} cannot be read; save it as CSV in UTF-8. ({error})") from error
    if reader.fieldnames != COLUMNS:
        raise UserError(f"{table} must have the columns {COLUMNS}, not {reader.fieldnames}.")
    found: Changes = {}
    for number, row in rows:
        if not all(row.values()) or None in row:
            raise UserError(f"{table}, line {number}: it must have {len(COLUMNS)} cells, none of them empty.")
        if (row["file"], row["before"]) in found:
            raise UserError(f"{table}, line {number}: {row['file']} was changed from this state on an earlier line.")
        found[row["file"], row["before"]] = row["after"], row["reason"]
    return found


def reasons(changes: Changes, file: str, before: str, after: str) -> list[str] | None:
    """Why what was made with a file at one sum would be the same with it at another; None where nothing says so."""
    left, told = dict(changes), []
    while before != after:
        if (file, before) not in left:
            return None
        before, reason = left.pop((file, before))
        told.append(reason)
    return told
