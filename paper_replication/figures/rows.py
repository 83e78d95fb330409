"""What figures do to a table's rows before they draw them: the first model, the order of types, how intervals reach."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from paper_replication import names


def first_model(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the table's first model, which figures of one panel draw; the table has all models."""
    return table[table["model"] == table["model"].iloc[0]]


def in_type_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows in the order of the types of organisms, and within a type in that of the table."""
    return rows.iloc[rows["organism_type"].map(names.TYPES.index).argsort(kind="stable")]


def borders(axes: Axes, rows: pd.DataFrame) -> None:
    """Lines between organisms, which stand one below the other in the order of their rows; darker between types."""
    kinds = rows.drop_duplicates("organism")["organism_type"].tolist()
    for place in range(1, len(kinds)):
        same = kinds[place] == kinds[place - 1]
        axes.axhline(place - 0.5, color="0.9" if same else "0.6", lw=0.6, zorder=0)


def type_labels(axes: Axes, rows: pd.DataFrame, called: dict[str, str]) -> None:
    """What each type is called, at the right of the organisms, which stand as `borders` has them."""
    kinds = rows.drop_duplicates("organism")["organism_type"].reset_index(drop=True)
    for kind, places in kinds.groupby(kinds, sort=False).groups.items():
        style = {"fontsize": 7, "va": "center", "ha": "left", "transform": axes.get_yaxis_transform()}
        axes.text(1.02, places.to_numpy().mean(), called[str(kind)], **style)


def reach(rows: pd.DataFrame, value: str = "value", scale: float = 1.0) -> np.ndarray:
    """How far intervals reach to either side of their values, shape (2, rows), as `errorbar` takes it.

    Args:
        rows: with the values, and `ci_low` and `ci_high`.
        value: the values' column.
        scale: what all are multiplied by.
    """
    ends = rows[["ci_low", "ci_high"]].to_numpy(dtype=float).T
    return np.abs(scale * (ends - rows[value].to_numpy(dtype=float)))


def per_cent(share: float) -> str:
    """A share in per cent with one decimal, halves rounded up: 0.0125 is 1.3, whatever its last bit."""
    return f"{100 * share + 1e-9:.1f}"
