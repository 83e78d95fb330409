"""Intervals."""

import numpy as np
from statsmodels.stats.proportion import proportion_confint

CONFIDENCE = 0.95


def wilson(successes: float, n: float) -> tuple[float, float]:
    """Wilson 95% interval of a share, as (low, high); (nan, nan) where n is 0."""
    if n == 0:
        return float("nan"), float("nan")
    low, high = proportion_confint(successes, n, alpha=1 - CONFIDENCE, method="wilson")
    return float(low), float(high)


def newcombe(successes: float, n: float, other_successes: float, other_n: float) -> tuple[float, float]:
    """Newcombe's 95% interval of a share minus another, independent one, as (low, high).

    Built from both Wilson intervals (Newcombe 1998, method 10), so that shares of 0 and 1 have an extent too.
    """
    first, second = successes / n, other_successes / other_n
    low, high = wilson(successes, n)
    other_low, other_high = wilson(other_successes, other_n)
    below = ((first - low) ** 2 + (other_high - second) ** 2) ** 0.5
    above = ((high - first) ** 2 + (second - other_low) ** 2) ** 0.5
    return first - second - below, first - second + above


def bootstrap_mean(values: np.ndarray, clusters: np.ndarray, seed: int = 0, rounds: int = 2000) -> tuple[float, float]:
    """Percentile 95% bootstrap interval of a mean, drawing whole clusters, as (low, high); of one cluster (nan, nan).

    Args:
        values: shape (n,).
        clusters: the cluster of each value, shape (n,); probes of one key fact are not independent of each other.
        seed: of the draws.
        rounds: number of bootstrap samples.
    """
    rng = np.random.default_rng(seed)
    groups = [np.asarray(values, dtype=float)[clusters == name] for name in np.unique(clusters)]
    if len(groups) < 2:
        return float("nan"), float("nan")
    sums, sizes = np.array([g.sum() for g in groups]), np.array([len(g) for g in groups])
    drawn = rng.integers(0, len(groups), size=(rounds, len(groups)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)
