"""Tables with tokens in them: any text at all, so that every text is quoted and none is taken for a missing value."""

import csv
from pathlib import Path

import pandas as pd

TOKEN = "token"


def write_token_table(path: Path, table: pd.DataFrame) -> None:
    """Write a CSV whose texts are all quoted, so that line breaks, quotes and empty tokens survive."""
    table.to_csv(path, index=False, float_format="%.6g", lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)


def read_token_table(path: Path) -> pd.DataFrame:
    """Read such a CSV; tokens are read as they were written, whatever they look like."""
    return pd.read_csv(path, keep_default_na=False, dtype={TOKEN: str}, lineterminator="\n")
