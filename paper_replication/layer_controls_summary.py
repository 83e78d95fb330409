"""From judged tokens of the controls at other layers to relevance."""

import pandas as pd

from paper_replication.ablation_summary import RUN

SHARES = ["n_relevant", "relevant_fraction"]


def layer_controls(relevance: pd.DataFrame) -> pd.DataFrame:
    """The largest relevance over positions of each control at each layer, of random vectors the mean over sets.

    Args:
        relevance: `ablation_summary.relevance_of` the controls' tokens, of all runs, with `judged_as`.

    Returns:
        One row a run, layer (`value`, and `condition` as share of depth), readout and vector; `n_sets` says over how
        many lists of `n_tokens` tokens the share is a mean.
    """
    best = relevance[relevance["over"] == "largest"]
    keys = [*RUN, "judged_as", "condition", "value", "readout", "vector", "judge", "scale_judge"]
    keys += ["n_positions", "n_tokens"]
    found = best.groupby(keys, sort=False)[SHARES].mean()
    return found.assign(n_sets=best.groupby(keys, sort=False).size()).reset_index()
