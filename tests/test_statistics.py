"""Intervals, by hand and by independent implementations."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep

from paper_replication.statistics import bootstrap_mean, newcombe, wilson


def test_wilson_by_hand():
    # z = 1.959964: 7 of 20 gives centre (7 + z^2/2) / (20 + z^2) and the half-width of Wilson's formula.
    z = 1.959963984540054
    centre = (7 + z**2 / 2) / (20 + z**2)
    half = z / (20 + z**2) * math.sqrt(7 * 13 / 20 + z**2 / 4)
    assert wilson(7, 20) == pytest.approx((centre - half, centre + half))
    assert all(math.isnan(bound) for bound in wilson(0, 0))


def test_newcombe_by_an_independent_implementation():
    for shares in ((7, 20, 1, 20), (7, 20, 9, 80)):
        assert newcombe(*shares) == pytest.approx(confint_proportions_2indep(*shares, method="newcomb"))


@given(st.lists(st.floats(0, 1), min_size=2, max_size=20), st.integers(0, 99))
def test_a_bootstrap_interval_lies_within_the_values(values, seed):
    array = pd.Series(values).to_numpy()
    low, high = bootstrap_mean(array, pd.Series(range(len(values))).to_numpy(), seed)
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9


def test_a_bootstrap_by_hand():
    values, clusters = np.array([0, 1, 1, 4, 2, 9, 3, 3, 5, 0, 7]), np.array([0, 0, 1, 2, 2, 2, 3, 4, 4, 5, 5])
    rows = [np.flatnonzero(clusters == name) for name in range(6)]
    drawn = np.random.default_rng(5).integers(0, 6, size=(40, 6))
    means = [values[np.concatenate([rows[cluster] for cluster in sample])].mean() for sample in drawn]
    assert bootstrap_mean(values, clusters, 5, 40) == pytest.approx(np.quantile(means, [0.025, 0.975]))


def test_a_bootstrap_draws_whole_clusters():
    # Two clusters, one all ones and one all zeros: a draw of two clusters has mean 0, 1/2 or 1.
    values, clusters = pd.Series([1, 1, 1, 0, 0, 0]).to_numpy(), pd.Series(list("aaabbb")).to_numpy()
    assert bootstrap_mean(values, clusters) == (0.0, 1.0)
    # Of one cluster, nothing is known of how clusters differ.
    assert all(math.isnan(limit) for limit in bootstrap_mean(values, pd.Series(list("aaaaaa")).to_numpy()))
