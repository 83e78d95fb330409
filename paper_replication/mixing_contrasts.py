"""Whether traces fall with the mixing ratio: each mixture against the same organism and seed without one."""

import numpy as np
import pandas as pd
from scipy import stats

from paper_replication.errors import UserError

PAIR = ["model", "organism", "seed"]
CHANGE = ["model", "organism_type", "ratio", "metric"]


def paired_mean(differences: np.ndarray) -> tuple[float, float, float]:
    """The mean of paired differences with Student's 95% interval, which a single pair does not have (nan)."""
    mean = float(differences.mean())
    if len(differences) < 2:
        return mean, np.nan, np.nan
    reach = stats.t.ppf(0.975, len(differences) - 1) * differences.std(ddof=1) / np.sqrt(len(differences))
    return mean, mean - reach, mean + reach


def changes(table: pd.DataFrame) -> pd.DataFrame:
    """How far every metric of a mixture is from the same organism's and seed's without one.

    Args:
        table: `mixing`, one row a run and metric.

    Returns:
        The rows of the mixtures, with their `change`.

    Raises:
        UserError: a mixture has no run without one beside it.
    """
    plain = table[table["ratio"] == 0].set_index([*PAIR, "metric"])["value"]
    mixed = table[table["ratio"] > 0]
    before = plain.reindex(pd.MultiIndex.from_frame(mixed[[*PAIR, "metric"]])).to_numpy()
    if np.isnan(before).any():
        lacking = mixed[np.isnan(before)].iloc[0]
        raise UserError(
            f"{lacking['organism']}, seed {lacking['seed']}, has no {lacking['metric']} without mixing: list the "
            "default variant with that seed in the config's mixing section."
        )
    return mixed.assign(change=mixed["value"] - before)


def of_organisms(changed: pd.DataFrame) -> pd.Series:
    """The mean of `changes` over the seeds of an organism, which are no independent organisms, in the table's order."""
    return changed.groupby("organism", sort=False)["change"].mean()


def mixing_contrasts(table: pd.DataFrame) -> pd.DataFrame:
    """The change of every metric from ratio 0, paired by organism and seed (arXiv 2510.13900, mixing).

    Args:
        table: `mixing`, one row a run and metric.

    Returns:
        One row a model, type of organism, ratio and metric: the mean change over organisms with Student's 95% interval
        (nan of a single one), `n_organisms`, and which `pairs` of organism and seed these are.

    Raises:
        UserError: a mixture has no run without one beside it.
    """
    rows = []
    for keys, found in changes(table).groupby(CHANGE, sort=False):
        means = of_organisms(found).to_numpy(dtype=float)
        mean, low, high = paired_mean(means)
        pairs = ", ".join(f"{row.organism} seed {row.seed}" for row in found.itertuples())
        rows.append((*keys, mean, low, high, len(means), pairs))
    columns = [*CHANGE, "change", "ci_low", "ci_high", "n_organisms", "pairs"]
    return pd.DataFrame(rows, columns=columns).sort_values(CHANGE[:3], kind="stable").reset_index(drop=True)
