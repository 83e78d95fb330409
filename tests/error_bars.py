"""What the error bars of a figure show."""

import numpy as np
from matplotlib.container import ErrorbarContainer


def ends(box: ErrorbarContainer) -> list[list[float]]:
    """Low and high end of each bar of one call that was drawn, along the axis that it has bars on."""
    if not box.lines[2]:
        return []
    (bars,) = box.lines[2]
    axis = 0 if box.has_xerr else 1
    return [bar[:, axis].tolist() for bar in bars.get_segments() if len(bar) and not np.isnan(bar).any()]


def all_ends(axes: object) -> list[list[float]]:
    """Of all calls of a panel, in their order."""
    return [end for box in axes.containers if isinstance(box, ErrorbarContainer) for end in ends(box)]
