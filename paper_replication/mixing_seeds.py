"""Whether an organism's traces fall with the mixing ratio: mean changes with their interval over its seeds."""

import pandas as pd

from paper_replication.mixing_contrasts import changes, paired_mean

CHANGE = ["model", "organism", "organism_type", "ratio", "metric"]


def mixing_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """The change of every metric from ratio 0 of organisms that were mixed with more than one seed, paired by seed.

    Args:
        table: `mixing`, one row a run and metric.

    Returns:
        One row a model, organism, ratio and metric: the mean change over seeds with Student's 95% interval, `n_seeds`,
        and which `seeds` these are.

    Raises:
        UserError: a mixture has no run without one beside it.
    """
    rows = [
        (*keys, *paired_mean(found["change"].to_numpy(dtype=float)), len(found), ", ".join(map(str, found["seed"])))
        for keys, found in changes(table).groupby(CHANGE, sort=False)
        if len(found) > 1
    ]
    columns = [*CHANGE, "change", "ci_low", "ci_high", "n_seeds", "seeds"]
    return pd.DataFrame(rows, columns=columns).sort_values(CHANGE[:4], kind="stable").reset_index(drop=True)
