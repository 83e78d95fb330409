"""How far an LLM judge agrees with the offline judge: Cohen's kappa, and the share of equal verdicts."""

import numpy as np
import pandas as pd

from paper_replication.settings.run import RunLabel
from paper_replication.statistics import CONFIDENCE, bootstrap_mean

RUN = list(RunLabel.model_fields)
JUDGED = ["kind", "offline_judge", "llm_judge"]
# Verdicts of which kinds are yes or no; a scale is one of many, of which only the share of equal ones is given.
YES_OR_NO = ("relevance", "coherence")


def cohen_kappa(counts: np.ndarray) -> np.ndarray:
    """Cohen's kappa (Cohen 1960): agreement beyond what is expected of independent judges, as a share of the possible.

    Args:
        counts: how often each pair of verdicts was given, shape (..., verdicts, verdicts).

    Returns:
        Shape (...), at most 1; nan where both judges always give one and the same verdict, or there are none.
    """
    total = counts.sum(axis=(-2, -1))
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = np.trace(counts, axis1=-2, axis2=-1) / total
        expected = (counts.sum(axis=-1) * counts.sum(axis=-2)).sum(axis=-1) / total**2
        return np.where(np.isclose(expected, 1), np.nan, (observed - expected) / (1 - expected))


def pairs_of(first: np.ndarray, second: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """How often each pair of verdicts was given in each cluster.

    Args:
        first: one judge's verdicts, 0 or 1, shape (n,).
        second: the other's, same shape.
        clusters: of each verdict, shape (n,).

    Returns:
        Shape (clusters, 2, 2), int64; rows are the first judge's verdicts.
    """
    names, places = np.unique(clusters, return_inverse=True)
    counts = np.zeros((len(names), 2, 2), dtype=np.int64)
    np.add.at(counts, (places, first.astype(int), second.astype(int)), 1)
    return counts


def bootstrap_kappa(counts: np.ndarray, seed: int, rounds: int) -> tuple[float, float]:
    """Percentile 95% bootstrap interval of kappa, drawing whole clusters, as (low, high).

    Rounds in which kappa is not defined are left out; where it never is, or there is one cluster, (nan, nan).

    Args:
        counts: those of `pairs_of`.
        seed: of the draws.
        rounds: number of bootstrap samples.
    """
    if len(counts) < 2:
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(counts), size=(rounds, len(counts)))
    kappas = cohen_kappa(np.stack([counts[row].sum(axis=0) for row in drawn]))
    kappas = kappas[~np.isnan(kappas)]
    if not len(kappas):
        return float("nan"), float("nan")
    low, high = np.quantile(kappas, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def _of_group(rows: pd.DataFrame, cluster: str, seed: int, rounds: int) -> dict[str, float]:
    clusters = rows[cluster].to_numpy()
    equal = (rows["offline"] == rows["llm"]).to_numpy(dtype=float)
    low, high = bootstrap_mean(equal, clusters, seed, rounds)
    found = {"share_equal": equal.mean(), "share_equal_ci_low": low, "share_equal_ci_high": high}
    kappa = low = high = float("nan")
    if rows["kind"].iloc[0] in YES_OR_NO:
        counts = pairs_of(rows["offline"].to_numpy(), rows["llm"].to_numpy(), clusters)
        kappa = float(cohen_kappa(counts.sum(axis=0)))
        low, high = bootstrap_kappa(counts, seed, rounds)
    found |= {"kappa": kappa, "ci_low": low, "ci_high": high, "n": len(rows), "n_clusters": len(set(clusters))}
    if rows["kind"].iloc[0] in YES_OR_NO:
        found |= {"offline_share": rows["offline"].mean(), "llm_share": rows["llm"].mean()}
    return found


def agreement(pairs: pd.DataFrame, by: list[str], cluster: str, seed: int, rounds: int) -> pd.DataFrame:
    """One row a group and kind of judge: share of equal verdicts and kappa, each with its bootstrap interval.

    Args:
        pairs: one row a verdict of both judges, with the columns of `JUDGED`, of `by` and of `cluster`, and `offline`
            and `llm`: 0 or 1 for relevance and coherence, the chosen scale for scales.
        by: what is told apart, such as the columns of a run.
        cluster: the column of what is drawn together; tokens of one list are not independent of each other.
        seed: of the bootstrap.
        rounds: of the bootstrap.

    Returns:
        Columns `by`, `JUDGED`, `share_equal`, `kappa` (nan for scales), its interval `ci_low` and `ci_high`, the number
        of verdicts `n` and of clusters, and the shares that each judge calls relevant or coherent.
    """
    rows = [
        dict(zip([*by, *JUDGED], names, strict=True)) | _of_group(group, cluster, seed, rounds)
        for names, group in pairs.groupby([*by, *JUDGED], sort=False)
    ]
    return pd.DataFrame(rows)


def scale_pairs(chosen: pd.DataFrame) -> pd.DataFrame:
    """Verdicts of both scale judges: each vector is a cluster of its own.

    Args:
        chosen: what the step `llm_scales` writes, of any number of runs.
    """
    cluster = chosen["vector"] + " " + chosen["index"].astype(str)
    verdicts = {"offline": chosen["offline_scale"], "llm": chosen["scale"], "cluster": cluster}
    return chosen[[*RUN, "offline_judge"]].assign(kind="scale", llm_judge=chosen["judge"], **verdicts)


def relevance_pairs(graded: pd.DataFrame) -> pd.DataFrame:
    """Verdicts of both relevance judges: the tokens of one list are a cluster.

    Args:
        graded: what the step `llm_relevance` writes, of any number of runs.
    """
    cluster = graded["readout"] + " " + graded["vector"] + " " + graded["index"].astype(str)
    verdicts = {"offline": graded["offline_relevant"], "llm": graded["relevant"], "cluster": cluster}
    return graded[[*RUN, "offline_judge"]].assign(kind="relevance", llm_judge=graded["judge"], **verdicts)


def coherence_pairs(judged: pd.DataFrame) -> pd.DataFrame:
    """Verdicts of both coherence judges: the answers to one prompt are a cluster.

    Args:
        judged: what the step `llm_coherence` writes, of any number of runs.
    """
    verdicts = {"offline": judged["offline_coherent"], "llm": judged["coherent"], "cluster": judged["prompt"]}
    return judged[[*RUN, "offline_judge"]].assign(kind="coherence", llm_judge=judged["judge"], **verdicts)
