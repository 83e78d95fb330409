"""Means over the organisms of each type, and over all of a model, as the paper reports its results."""

import numpy as np
import pandas as pd
from scipy import stats

from paper_replication.trace_contrasts import ALL
from paper_replication.type_summary import by_type


def by_type_and_model(rows: pd.DataFrame, keys: list[str], value: str) -> pd.DataFrame:
    """`by_type`, with rows over all organisms that are no controls, and Student's 95% interval beside the bootstrap's.

    Of three organisms a bootstrap can draw only ten different means, so that its interval is too narrow.

    Args:
        rows: see `by_type`.
        keys: see `by_type`.
        value: see `by_type`.

    Returns:
        `by_type`, where the type of all is `all`, with `student_low` and `student_high` (nan of one organism).
    """
    every = rows[rows["organism_type"] != "control"].assign(organism_type=ALL)
    table = by_type(pd.concat([rows, every]), keys, value)
    n = table["n_organisms"]
    extent = stats.t.ppf(0.975, (n - 1).where(n > 1)) * table["standard_deviation"] / np.sqrt(n)
    return table.assign(student_low=table["mean"] - extent, student_high=table["mean"] + extent)
