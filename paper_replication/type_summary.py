"""Summaries over the organisms of one type, as the paper reports its results."""

import pandas as pd

from paper_replication.statistics import bootstrap_mean

TYPE = ["model", "organism_type"]


def by_type(rows: pd.DataFrame, keys: list[str], value: str) -> pd.DataFrame:
    """Mean, standard deviation and 95% bootstrap interval over the organisms of each type.

    Seeds and variants of an organism are averaged first, so that each organism counts once. Of one organism there is
    neither a deviation nor an interval.

    Args:
        rows: one row a run and combination of keys, with `model`, `organism_type` and `organism`.
        keys: what is kept apart besides model and type.
        value: the column that is summarised.

    Returns:
        The keys, `mean`, `standard_deviation`, `ci_low`, `ci_high` and `n_organisms`.
    """
    found = []
    for names, group in rows.groupby([*TYPE, *keys], sort=False):
        means = group.groupby("organism", sort=False)[value].mean()
        low, high = bootstrap_mean(means.to_numpy(), means.index.to_numpy())
        row = dict(zip([*TYPE, *keys], names, strict=True))
        row |= {"mean": means.mean(), "standard_deviation": means.std(), "ci_low": low, "ci_high": high}
        found.append(row | {"n_organisms": len(means)})
    return pd.DataFrame(found)
