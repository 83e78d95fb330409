"""From judged tokens to relevance: per vector and position, and per vector as the paper reports it."""

import pandas as pd

from paper_replication.settings.run import RunLabel
from paper_replication.statistics import newcombe, wilson

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
    best["n_positions"] = n_positions
    order = [*keys, "set", "position", "scale", "relevant_fraction", "n_relevant", "n_tokens", "n_positions"]
    return best[order].sort_values([*keys, "set"]).reset_index(drop=True)


def summarise(positions: pd.DataFrame) -> pd.DataFrame:
    """Mean over seeds of the maximum over positions of each vector, and how far the difference is above it.

    Intervals are Wilson's, and Newcombe's for the difference minus a control, over the tokens of one seed's lists:
    seeds share documents, prompts and random vectors, so more seeds steady the mean but are not counted as more tokens.
    The best of several positions is taken for the controls as well.
    """
    keys = ["model", "organism", "organism_type", "variant", "corpus", "readout", "judge"]
    rows = []
    for names, group in maxima(positions).groupby(keys, sort=False):
        parts = dict(list(group.groupby("vector", sort=False)))
        shares = {vector: _share(part) for vector, part in parts.items()}
        for vector, (share, n) in shares.items():
            low, high = wilson(share * n, n)
            row = dict(zip(keys, names, strict=True))
            row |= {"vector": vector, "relevant_fraction": share, "ci_low": low, "ci_high": high, "n_tokens": n}
            if "difference" in shares and vector != "difference":
                row |= _contrast(shares["difference"], (share, n))
            rows.append(row | {"n_seeds": parts[vector]["seed"].nunique()})
    return pd.DataFrame(rows)


def _share(part: pd.DataFrame) -> tuple[float, float]:
    """Relevant share over all seeds, and the number of tokens of one seed."""
    return part["n_relevant"].sum() / part["n_tokens"].sum(), part["n_tokens"].sum() / part["seed"].nunique()


def _contrast(difference: tuple[float, float], control: tuple[float, float]) -> dict[str, float]:
    low, high = newcombe(difference[0] * difference[1], difference[1], control[0] * control[1], control[1])
    return {"difference_minus_this": difference[0] - control[0], "minus_ci_low": low, "minus_ci_high": high}
