"""Agreement of judges by hand and by brute force."""

import numpy as np
import pandas as pd
import pytest

from paper_replication.llm_judges.agreement import (
    RUN,
    agreement,
    bootstrap_kappa,
    cohen_kappa,
    coherence_pairs,
    pairs_of,
    relevance_pairs,
    scale_pairs,
)
from paper_replication.statistics import bootstrap_mean

LABEL = {"model": "m", "organism": "cake_bake", "organism_type": "SDF", "variant": "default", "seed": 0}


def test_kappa_by_hand():
    # Of 50 verdicts 35 are equal; independent judges with these shares would agree on half.
    assert cohen_kappa(np.array([[20, 5], [10, 15]])) == pytest.approx((0.7 - 0.5) / (1 - 0.5))
    assert cohen_kappa(np.array([[5, 0], [0, 5]])) == 1
    assert cohen_kappa(np.array([[0, 5], [5, 0]])) == -1
    several = cohen_kappa(np.array([[[20, 5], [10, 15]], [[9, 0], [0, 0]], [[0, 0], [0, 0]]]))
    assert several[0] == pytest.approx(0.4)
    # One and the same verdict throughout, and none at all.
    assert np.isnan(several[1:]).all()


def test_pairs_are_counted_by_cluster():
    first, second, clusters = np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1]), np.array(["b", "a", "a", "a"])
    assert pairs_of(first, second, clusters).tolist() == [[[0, 0], [1, 2]], [[1, 0], [0, 0]]]


def test_the_bootstrap_draws_whole_clusters():
    rng = np.random.default_rng(3)
    first, clusters = rng.integers(0, 2, 60), np.repeat(np.arange(6), 10)
    second = np.where(rng.random(60) < 0.8, first, 1 - first)
    kappas, draws = [], np.random.default_rng(5).integers(0, 6, size=(40, 6))
    for drawn in draws:
        a = np.concatenate([first[clusters == name] for name in drawn])
        b = np.concatenate([second[clusters == name] for name in drawn])
        expected = a.mean() * b.mean() + (1 - a.mean()) * (1 - b.mean())
        kappas.append(((a == b).mean() - expected) / (1 - expected))
    found = bootstrap_kappa(pairs_of(first, second, clusters), 5, 40)
    assert found == pytest.approx(tuple(np.quantile(kappas, [0.025, 0.975])))


def test_where_there_is_no_interval():
    constant = pairs_of(np.ones(4), np.ones(4), np.array([0, 0, 1, 1]))
    assert np.isnan(bootstrap_kappa(constant, 0, 10)).all()
    assert np.isnan(bootstrap_kappa(constant[:1], 0, 10)).all()


def verdicts():
    graded = pd.DataFrame(
        [
            LABEL
            | {"readout": "patchscope", "vector": vector, "index": index, "relevant": llm, "offline_relevant": off}
            for vector, index, pairs in (("difference", 0, "11 10"), ("difference", 1, "00 00"), ("random", 0, "00 01"))
            for off, llm in (map(int, pair) for pair in pairs.split())
        ]
    ).assign(judge="llm", offline_judge="offline")
    scales = pd.DataFrame(
        [
            LABEL | {"vector": "random", "index": n, "scale": 1.0, "offline_scale": scale}
            for n, scale in enumerate([1.0, 2.0])
        ]
    ).assign(judge="llm", offline_judge="offline")
    coherent = pd.DataFrame([LABEL | {"prompt": f"q{n}", "coherent": 1, "offline_coherent": n % 2} for n in range(4)])
    return scales, graded, coherent.assign(judge="llm", offline_judge="offline")


def test_the_table_by_hand():
    scales, graded, coherent = verdicts()
    pairs = pd.concat([scale_pairs(scales), relevance_pairs(graded), coherence_pairs(coherent)])
    table = agreement(pairs, RUN, "cluster", 0, 100).set_index("kind")
    assert table["share_equal"].to_dict() == {"scale": 0.5, "relevance": 4 / 6, "coherence": 0.5}
    assert table["n"].to_dict() == {"scale": 2, "relevance": 6, "coherence": 4}
    assert table["n_clusters"].to_dict() == {"scale": 2, "relevance": 3, "coherence": 4}
    # Of six tokens each judge calls two relevant, one of them the same.
    assert table.loc["relevance", "kappa"] == pytest.approx((4 / 6 - 20 / 36) / (1 - 20 / 36))
    assert table.loc["relevance", ["offline_share", "llm_share"]].tolist() == [2 / 6, 2 / 6]
    assert np.isnan(table.loc["scale", "kappa"])
    # A judge that says yes to everything agrees no more than by chance.
    assert table.loc["coherence", "kappa"] == 0
    clusters = np.array(["a", "a", "b", "b", "c", "c"])
    expected = bootstrap_mean(np.array([1, 0, 1, 1, 1, 0]), clusters, 0, 100)
    assert table.loc["relevance", ["share_equal_ci_low", "share_equal_ci_high"]].tolist() == pytest.approx(expected)


def test_the_summary_draws_organisms():
    _, graded, _ = verdicts()
    both = pd.concat([relevance_pairs(graded), relevance_pairs(graded.assign(organism="gold", relevant=1))])
    row = agreement(both, ["model"], "organism", 0, 100).iloc[0]
    assert (row["n"], row["n_clusters"], row["share_equal"]) == (12, 2, (4 + 2) / 12)
    # Alone, the second organism's kappa is 0 and the first's is 0.25: the interval spans both.
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((0, 0.25))
