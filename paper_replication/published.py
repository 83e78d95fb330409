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
    with open(table, newline="") as stream:
        reader = csv.DictReader(stream)
        if reader.fieldnames != COLUMNS:
            raise UserError(f"{table} must have the columns {COLUMNS}, not {reader.fieldnames}.")
        rows = list(reader)
    found: dict[tuple[str, str], PublishedAdapter] = {}
    for number, row in enumerate(rows, start=2):
        try:
            adapter = PublishedAdapter.model_validate(row)
        except ValidationError as error:
            raise UserError(f"{table}, line {number}: {error}") from error
        if found.setdefault((adapter.model, adapter.organism), adapter) is not adapter:
            raise UserError(f"{table}, line {number}: {adapter.organism} on {adapter.model} is listed twice.")
    return found
