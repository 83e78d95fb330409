"""Marks and labels of figures beside `names`: what tells things apart without colour, and values of a rerun.

They stand apart since a table of results, too, rests on `names`.
"""

from typing import Literal

from matplotlib.axes import Axes

from paper_replication import names

# Drawn over the colours of bars.
VECTOR_HATCHES = {
    "difference": "",
    "base_mean": "/////",
    "finetuned_mean": "\\\\\\\\\\",
    "random": "|||||",
    "null_difference": "xxxxx",
}

GROUPS = names.GROUPS | {
    "Steered-Chat": "Steered-Chat (to ordinary chat)",
    "Unsteered-Chat": "Unsteered-Chat (to ordinary chat)",
}
# Marks of the groups: squares are similarities to ordinary chat; how a mark is filled says whose answers they are.
GROUP_MARKERS = {
    "FT-FT": ("o", "top"),
    "Steered-FT": ("o", "full"),
    "Unsteered-FT": ("o", "none"),
    "Steered-Chat": ("s", "full"),
    "Unsteered-Chat": ("s", "none"),
    "Random-FT": ("o", "left"),
    "Null-FT": ("o", "right"),
}
# The answers that stand side by side on a card.
ANSWERS = names.ANSWERS | {"null_difference": "by the null's difference"}
ANSWER_COLOURS = names.ANSWER_COLOURS | {"null_difference": names.ORANGE}

# The measure that no judge takes part in.
NO_JUDGE = "frequent_words"

# The paper's other lists, in words.
REPORTED_MEANS = "Reported by the paper, via a summary: base and finetuned mean, negligible"
REPORTED_BAND_LABEL = "reported by the paper, via a summary: 20-80% (LLM judge)"
# Of Subliminal cat on Qwen2.5-7B by an independent rerun: mean share of relevant tokens by readout and vector; and the
# largest of Patchscope's of the difference.
RERUN_SUBLIMINAL = {
    "patchscope": {"difference": 0.14, "base_mean": 0.0, "finetuned_mean": 0.01},
    "logit_lens": {"difference": 0.02, "base_mean": 0.02, "finetuned_mean": 0.01},
}
RERUN_SUBLIMINAL_LARGEST = 0.25
RERUN_LABEL = "independent rerun of Subliminal cat (Qwen2.5-7B)"
RERUN_COST = "about 25 minutes of one H100 and 0.70 USD of judge calls"


def reported_band(
    axes: Axes,
    measured: Literal["x", "y"] = "y",
    label: str = REPORTED_BAND_LABEL,
    along: tuple[float, float] | None = None,
) -> None:
    """The paper's range of relevant tokens, in per cent, behind what is drawn.

    Args:
        axes: where it is drawn.
        measured: the axis that relevance is on.
        label: for the legend.
        along: where it begins and ends on the other axis: behind what the paper reports it of.
    """
    low, high = (100 * share for share in names.REPORTED_BAND)
    style = {"facecolor": "0.94", "zorder": -1, "label": label}
    if along is None:
        span = axes.axvspan if measured == "x" else axes.axhspan
        span(low, high, **style)
    elif measured == "x":
        axes.fill_betweenx(along, low, high, **style)
    else:
        axes.fill_between(along, low, high, **style)
