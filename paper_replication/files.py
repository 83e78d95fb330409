"""Reading and writing the formats this project uses: JSON Lines, tidy CSV, YAML."""

import csv
import json
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from paper_replication.errors import UserError


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping; a file that is missing or not one is a UserError."""
    try:
        # The same as `yaml.safe_load`, by libyaml: organisms' files are long, and every call of Snakemake reads them.
        content = yaml.load(Path(path).read_text(), Loader=yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"{path} cannot be read as YAML: {error}") from error
    if not isinstance(content, dict):
        raise UserError(f"{path} must hold a YAML mapping, not {type(content).__name__}.")
    return content


def read_json_lines(path: Path) -> list[dict[str, Any]]:
    """Read one JSON object a line; a malformed line is named by its number."""
    rows = []
    # A file's own lines: a text may hold any of Unicode's other line breaks.
    with open(path) as lines:
        for number, line in enumerate(lines, start=1):
            try:
                rows.append(json.loads(line))
            except json.JSONDecodeError as error:
                raise UserError(f"{path}, line {number} is not JSON: {error}") from error
    return rows


def write_json_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write one JSON object a line, keys in the order given."""
    Path(path).write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def read_table(path: Path) -> pd.DataFrame:
    """Read a tidy CSV; the strings "nan" and "null" stay strings, since both are also tokens."""
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a tidy CSV with six significant digits, enough for every figure and stable to read."""
    texts = table.select_dtypes(["object", "string"]).to_numpy().ravel()
    # A carriage return without quotes is the end of a row to readers, and is not quoted by itself.
    returns = any("\r" in text for text in texts if isinstance(text, str))
    quoting = csv.QUOTE_NONNUMERIC if returns else csv.QUOTE_MINIMAL
    table.to_csv(path, index=False, float_format="%.6g", lineterminator="\n", quoting=quoting)
