"""From judged tokens to relevance: per vector and position, and per vector as the paper reports it."""

import pandas as pd

from paper_replication.settings.run import RunLabel
from paper_replication.statistics import wilson

RUN = list(RunLabel.model_fields)
# Random vectors are compared in sets of as many as there are positions, since the others get a maximum over those.
RANDOM = "random"


def by_position(graded: pd.DataFrame, graded_tokens: int) -> pd.DataFrame:
    """Share of the graded tokens that is relevant, for every vector and position of every run.

    A list shorter than `graded_tokens` counts its missing tokens as not relevant. Intervals are Wilson's over tokens.
    """
    keys = [*RUN, "corpus", "readout", "vector", "index", "position", "scale", "judge", "scale_judge"]
    table = graded.groupby(keys, sort=False, dropna=False)["relevant"].sum().reset_index(name="n_relevant")
    table["relevant_fraction"] = table["n_relevant"] / graded_tokens
    table["n_tokens"] = graded_tokens
    intervals = [wilson(count, graded_tokens) for count in table["n_relevant"]]
    return table.assign(ci_low=[low for low, _ in intervals], ci_high=[high for _, high in intervals])


def maxima(positions: pd.DataFrame) -> pd.DataFrame:
    """The largest relevance over positions, one row a run and vector; random vectors in sets of equal size."""
    n_positions = positions.loc[positions["vector"] != RANDOM, "index"].max() + 1
    set_of = positions["index"].where(positions["vector"] == RANDOM, 0) // n_positions
    keys = [*RUN, "corpus", "readout", "vector", "judge", "scale_judge"]
    best = positions.assign(set=set_of).sort_values("relevant_fraction", ascending=False, kind="stable")
    best = best.groupby([*keys, "set"], sort=False).first().reset_index()
    order = [*keys, "set", "position", "scale", "relevant_fraction", "n_relevant", "n_tokens"]
    return best[order].sort_values([*keys, "set"]).reset_index(drop=True)


def summarise(positions: pd.DataFrame) -> pd.DataFrame:
    """Mean over seeds of the maximum over positions, with Wilson's interval over the pooled tokens.

    The interval treats the tokens of all best lists as independent draws; it does not know that the best of several
    positions was taken, so every control is given the same advantage.
    """
    keys = ["model", "organism", "organism_type", "variant", "corpus", "readout", "vector", "judge"]
    rows = []
    for names, group in maxima(positions).groupby(keys, sort=False):
        relevant, tokens = int(group["n_relevant"].sum()), int(group["n_tokens"].sum())
        low, high = wilson(relevant, tokens)
        row = dict(zip(keys, names, strict=True))
        row |= {"relevant_fraction": relevant / tokens, "ci_low": low, "ci_high": high, "n_tokens": tokens}
        rows.append(row | {"n_lists": len(group), "n_seeds": group["seed"].nunique()})
    return pd.DataFrame(rows)
