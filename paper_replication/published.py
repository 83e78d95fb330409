"""The table of published adapters: where an organism can be had instead of being trained here."""

import csv
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from paper_replication.errors import UserError
from paper_replication.settings.hub import PublishedAdapter

COLUMNS = list(PublishedAdapter.model_fields)


@cache
def read_published(table: Path) -> dict[tuple[str, str], PublishedAdapter]:
    """Published adapters by base model and organism.

    Raises:
        UserError: a column is missing, a row is malformed, or a pair is listed twice.
    """
    try:
        # Spreadsheets mark UTF-8 at its beginning.
        with open(table, newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream, skipinitialspace=True)
            if reader.fieldnames != COLUMNS:
                raise UserError(f"{table} must have the columns {COLUMNS}, not {reader.fieldnames}.")
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{table} cannot be read; save it as CSV in UTF-8. ({error})") from error
    found: dict[tuple[str, str], PublishedAdapter] = {}
    for number, row in rows:
        if None in row:
            raise UserError(f"{table}, line {number}: it has more cells than the table has columns, {len(COLUMNS)}.")
        try:
            # A row may end before the columns do.
            adapter = PublishedAdapter.model_validate({key: (value or "").strip() for key, value in row.items()})
        except ValidationError as error:
            problems = "; ".join(f"{item['loc'][0]}: {item['msg']}" for item in error.errors())
            raise UserError(f"{table}, line {number}: {problems}") from error
        if found.setdefault((adapter.model, adapter.organism), adapter) is not adapter:
            raise UserError(f"{table}, line {number}: {adapter.organism} on {adapter.model} is listed twice.")
    return found
