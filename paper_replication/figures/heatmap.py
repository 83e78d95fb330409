"""A matrix of shares in per cent, its numbers written into it."""

from collections.abc import Callable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from paper_replication import names

SMALL = 6.5  # points


def heatmap(
    axes: Axes, shares: pd.DataFrame, limit: float, framed: Callable[[str, str], bool], columns: list[str]
) -> AxesImage:
    """Draw a matrix; what is framed is bold too, and what is missing stays white.

    Args:
        axes: whose y axis may be shared with others of the same rows.
        shares: in per cent.
        limit: the value that is drawn darkest.
        framed: whether a row and column belong together.
        columns: what the columns are called.
    """
    image = axes.imshow(shares.to_numpy(), cmap=names.SEQUENTIAL, vmin=0, vmax=limit, aspect="auto")
    for y, row in enumerate(shares.index):
        for x, column in enumerate(shares.columns):
            value = shares.iloc[y, x]
            if pd.isna(value):
                continue
            together = framed(row, column)
            style = {"color": "white" if value > 0.6 * limit else "0.2", "weight": "bold" if together else "normal"}
            axes.text(x, y, f"{value:.0f}", ha="center", va="center", fontsize=SMALL, **style)
            if together:
                axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, fill=False, ec="black", lw=1, clip_on=False))
    axes.set_xticks(range(len(columns)), columns, rotation=60, ha="right", fontsize=SMALL)
    return image
