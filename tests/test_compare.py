"""How what was made again is compared with its record: tables by value, texts by line, all else by bytes."""

import numpy as np
import pandas as pd
import pytest

from paper_replication.provenance.compare import DIFFERENT, IDENTICAL, NOT_MADE, compare, first_row
from paper_replication.provenance.hashing import sha256_path

TABLES = [
    ({"a": [1.0, 2.0]}, {"a": [1.0, 2.0]}, ""),
    ({"a": [1.0, None]}, {"a": [1.0, None]}, ""),
    ({"a": [1.0, 2.0]}, {"a": [1.0, 2.001]}, ""),
    ({"a": [1.0, 2000.0]}, {"a": [1.0, 2001.0]}, ""),
    ({"a": [1.0, 2.0]}, {"a": [1.0, 2.1]}, "first in line 3: a 2.0 -> 2.1 (1 of 2 rows)"),
    ({"a": [1.0, None]}, {"a": [1.0, 0.0]}, "first in line 3: a nan -> 0.0 (1 of 2 rows)"),
    (
        {"a": ["x", "y"], "b": [1, 2]},
        {"a": ["z", "w"], "b": [5, 2]},
        "first in line 2: a x -> z; b 1 -> 5 (2 of 2 rows)",
    ),
    ({"a": [1]}, {"a": [1, 2]}, "1 rows were recorded, 2 were made"),
    ({"a": [1]}, {"b": [1]}, "columns ['a'] were recorded, ['b'] were made"),
]


@pytest.mark.parametrize(("recorded", "made", "where"), TABLES)
def test_tables_are_compared_by_value(recorded, made, where):
    assert first_row(pd.DataFrame(recorded), pd.DataFrame(made), 1e-3) == where


def test_nothing_is_near_to_what_is_without_bound():
    without = pd.DataFrame({"dose": [np.inf, 1.0, np.inf]})
    assert first_row(without, without, 0.1) == ""
    found = first_row(without, pd.DataFrame({"dose": [np.inf, np.inf, 1.0]}), 0.1)
    assert found == "first in line 3: dose 1.0 -> inf (2 of 3 rows)"


def test_what_cannot_be_compared_line_by_line_or_by_value_is_different(tmp_path):
    one, other, none = (tmp_path / name for name in ("one.md", "other.md", "none.csv"))
    one.write_text("a\nb\n")
    other.write_text("a\nb")
    assert compare({"path": "x.md", "sha256": sha256_path(one)}, one, other, 0).where == "in how lines end"
    none.write_text("")
    table = tmp_path / "table.csv"
    table.write_text("a\n1\n")
    found = compare({"path": "x.csv", "sha256": sha256_path(table)}, table, none, 0)
    assert (found.verdict, found.where[:30]) == (DIFFERENT, "no table can be read of one of")


def test_other_files_are_compared_by_bytes_and_texts_by_line(tmp_path):
    one, other = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    one.write_text('{"a": 1}\n{"a": 2}\n')
    other.write_text('{"a": 1}\n{"a": 3}\n')
    entry = {"path": "texts.jsonl", "sha256": sha256_path(one)}
    assert compare(entry, one, one, 0).verdict == IDENTICAL
    assert compare(entry, one, other, 0).where.startswith("first in line 2: ")
    assert "is not here to be compared" in compare(entry, tmp_path / "gone", other, 0).where
    assert compare(entry, one, tmp_path / "gone", 0).verdict == NOT_MADE
    picture = one.rename(tmp_path / "one.png")
    assert compare(entry, picture, other.rename(tmp_path / "other.png"), 0).where == "by its bytes"
