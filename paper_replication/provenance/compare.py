"""Compare a result that was made again with what its record says: bytes first, then tables by value."""

import json
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pandas as pd

from paper_replication.files import read_table
from paper_replication.provenance.hashing import sha256_file, sha256_path
from paper_replication.provenance.record import Record

IDENTICAL, WITHIN, DIFFERENT, NOT_MADE = "identical", "within tolerance", "different", "not made"
LINES = {".jsonl", ".md"}


@dataclass
class Comparison:
    """How one path came out: one of the four verdicts above, and where it first differs."""

    path: str
    verdict: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.verdict}{self.where and f', {self.where}'}"


def compare(entry: Record, recorded: Path, made: Path, tolerance: float) -> Comparison:
    """Compare what was made with an output's entry in a record.

    Args:
        entry: the output's entry: its path, its sum and, of a folder, its files' sums.
        recorded: where the recorded content may still be; it counts only if its sum is the recorded one.
        made: what was made now.
        tolerance: the largest difference of two numbers, relative to the larger of 1 and the recorded one.
    """
    path = entry["path"]
    if not made.exists():
        return Comparison(path, NOT_MADE)
    if sha256_path(made) == entry["sha256"]:
        return Comparison(path, IDENTICAL)
    if made.is_dir():
        return Comparison(path, DIFFERENT, _first_file(entry.get("files", {}), made))
    if not recorded.is_file() or sha256_file(recorded) != entry["sha256"]:
        return Comparison(path, DIFFERENT, "and what was recorded is not here to be compared by value")
    if made.suffix == ".csv":
        try:
            where = first_row(read_table(recorded), read_table(made), tolerance)
        except (pd.errors.EmptyDataError, pd.errors.ParserError) as error:
            where = f"no table can be read of one of them ({error})"
        return Comparison(path, DIFFERENT if where else WITHIN, where)
    return Comparison(path, DIFFERENT, _first_line(recorded, made) if made.suffix in LINES else "by its bytes")


def first_row(recorded: pd.DataFrame, made: pd.DataFrame, tolerance: float) -> str:
    """Where two tables first differ by more than the tolerance, with both values; empty if nowhere."""
    if list(recorded.columns) != list(made.columns):
        return f"columns {list(recorded.columns)} were recorded, {list(made.columns)} were made"
    rows = min(len(recorded), len(made))
    differs = pd.DataFrame({name: _differs(recorded[name][:rows], made[name][:rows], tolerance) for name in recorded})
    found = np.flatnonzero(differs.any(axis=1))
    if len(found):
        names = [name for name in recorded if differs[name].iloc[found[0]]]
        values = [f"{name} {recorded[name].iloc[found[0]]} -> {made[name].iloc[found[0]]}" for name in names]
        return f"first in line {found[0] + 2}: {'; '.join(values)} ({len(found)} of {len(recorded)} rows)"
    if len(recorded) != len(made):
        return f"{len(recorded)} rows were recorded, {len(made)} were made"
    return ""


def _differs(recorded: pd.Series, made: pd.Series, tolerance: float) -> np.ndarray:
    if pd.api.types.is_numeric_dtype(recorded) and pd.api.types.is_numeric_dtype(made):
        one, other = (column.to_numpy(dtype=float) for column in (recorded, made))
        with np.errstate(invalid="ignore"):
            near = np.isfinite(one) & (np.abs(other - one) <= tolerance * np.maximum(1, np.abs(one)))
        return ~(near | (one == other) | (np.isnan(one) & np.isnan(other)))
    return recorded.fillna("").astype(str).to_numpy() != made.fillna("").astype(str).to_numpy()


def _first_file(files: dict[str, str], made: Path) -> str:
    for name, expected in files.items():
        if not (made / name).is_file() or sha256_file(made / name) != expected:
            return f"first in {name}"
    return "in which files there are"


def _first_line(recorded: Path, made: Path) -> str:
    pairs = zip_longest(recorded.read_text().splitlines(), made.read_text().splitlines())
    unlike = ((place, pair) for place, pair in enumerate(pairs, start=1) if pair[0] != pair[1])
    number, (one, other) = next(unlike, (0, ("", "")))
    if number == 0:
        return "in how lines end"
    return f"first in line {number}: {json.dumps(one)[:80]} -> {json.dumps(other)[:80]}"
