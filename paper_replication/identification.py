"""From ranked candidates to tables: how often the truth is found, and how often something is found where nothing is."""

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from paper_replication.settings.run import RunLabel
from paper_replication.statistics import bootstrap_mean, wilson

RUN = list(RunLabel.model_fields)
BY = [*RUN, "method", "agent", "budget"]
SHARES = ("top_1", "top_5", "near_1")


def chance(n: int) -> dict[str, float]:
    """What a random order of n candidates gives: share first, share among the first five, mean reciprocal rank."""
    reciprocal = float((1 / np.arange(1, n + 1)).sum() / n)
    return {"chance_top_1": 1 / n, "chance_top_5": min(5, n) / n, "chance_reciprocal_rank": reciprocal}


def _of_run(rows: pd.DataFrame) -> dict[str, object]:
    """The rank of the truth, if there is one, and what scored best, of one run, agent and budget."""
    ordered = rows.sort_values("score", ascending=False, kind="stable")
    best, second = ordered.iloc[0], ordered.iloc[1]
    row = {"interactions": best["interactions"], "n_candidates": len(rows), "truth": None, "rank": float("nan")}
    row |= dict.fromkeys((*SHARES, "reciprocal_rank"), float("nan"))
    true = rows[rows["truth"] == 1]
    if len(true):
        name, place = true["objective"].iloc[0], int(true["rank"].iloc[0])
        # A tie is no first place, for a near miss neither.
        alone = best["score"] > second["score"]
        near = alone and name in (best["objective"], best["near"])
        row |= {"truth": name, "rank": place, "top_1": int(place == 1), "top_5": int(place <= 5), "near_1": int(near)}
        row |= {"reciprocal_rank": 1 / place}
    return row | {
        "best": best["objective"],
        "best_kind": best["kind"],
        "best_score": best["score"],
        "margin": best["score"] - second["score"],
    }


def thresholds(runs: pd.DataFrame) -> pd.DataFrame:
    """The score above which a best candidate counts as found, never set on the run it is applied to.

    It is the largest best score among controls without a truth, on the same model and from the same evidence: of other
    seeds, or where there are none, of other organisms.

    Args:
        runs: one row a run, agent and budget, with `truth` empty for controls, and `best_score`.

    Returns:
        A row for each, same index, with `threshold`, `threshold_from` ("other seeds" or "other controls"), how many
        controls that were, and `found` (0 or 1); nan where there are none.
    """
    controls = runs[runs["truth"].isna()]
    found = []
    for _, row in runs.iterrows():
        same = controls[(controls[["model", "agent", "budget"]] == row[["model", "agent", "budget"]]).all(axis=1)]
        others, kind = same[same["seed"] != row["seed"]], "other seeds"
        if others.empty:
            others, kind = same[same["organism"] != row["organism"]], "other controls"
        limit = others["best_score"].max()
        above = float("nan") if others.empty else int(row["best_score"] > limit)
        found.append({"threshold": limit, "threshold_from": kind, "n_threshold": len(others), "found": above})
    return pd.DataFrame(found, index=runs.index)


def by_run(candidates: pd.DataFrame) -> pd.DataFrame:
    """One row a run, agent and budget.

    Args:
        candidates: one row a candidate, of all runs, agents and budgets; `truth` is 1 for the right one.

    Returns:
        The truth's rank and whether it is first, among the first five, or first together with its near misses
        (`near_1`), all nan for controls; the best candidate, its score and margin; `found`; and the levels of chance.
    """
    groups = candidates.groupby(BY, sort=False)
    rows = pd.DataFrame([dict(zip(BY, names, strict=True)) | _of_run(rows) for names, rows in groups])
    levels = pd.DataFrame([chance(n) for n in rows["n_candidates"]], index=rows.index)
    return pd.concat([rows, thresholds(rows), levels], axis=1)


def sign_test(first: np.ndarray, second: np.ndarray) -> dict[str, float]:
    """How often paired values of the first are the smaller ones, and the larger ones, and an exact two-sided p.

    Ties do not count (McNemar's exact test is the same of values that are 0 or 1). The p of ties alone is 1.
    """
    smaller, larger = int((first < second).sum()), int((first > second).sum())
    p = binomtest(smaller, smaller + larger).pvalue if smaller + larger else 1.0
    return {"better": smaller, "worse": larger, "p_value": float(p)}


def _share(rows: pd.DataFrame, column: str, name: str) -> dict[str, float]:
    """Mean over organisms of the mean over seeds, with Wilson's interval over organisms."""
    means = rows.groupby("organism", sort=False)[column].mean().dropna()
    low, high = wilson(means.sum(), len(means))
    return {name: means.mean(), f"{name}_ci_low": low, f"{name}_ci_high": high}


def _against_blackbox(scored: pd.DataFrame, row: dict[str, object]) -> dict[str, float]:
    """Organisms whose truth ranks better, and worse, than by the blackbox's evidence of the same budget."""
    keys = {"model": row["model"], "variant": row["variant"], "budget": row["budget"]}
    same = scored[(scored[list(keys)] == pd.Series(keys)).all(axis=1)]
    ranks = same.pivot_table(index="organism", columns="agent", values="rank", aggfunc="mean")
    test = dict.fromkeys(("better", "worse", "p_value"), float("nan"))
    if row["agent"] != "blackbox" and {row["agent"], "blackbox"} <= set(ranks):
        pairs = ranks[[row["agent"], "blackbox"]].dropna()
        test = sign_test(pairs[row["agent"]].to_numpy(), pairs["blackbox"].to_numpy())
    return {f"than_blackbox_{name}": value for name, value in test.items()}


def _than_most_asked(scored: pd.DataFrame, row: dict[str, object], seed: int) -> dict[str, float]:
    """Share of organisms identified less that of the black box with the most interactions, paired over organisms."""
    keys = {"model": row["model"], "variant": row["variant"]}
    same = scored[(scored[list(keys)] == pd.Series(keys)).all(axis=1)]
    names = ["than_most_asked_top_1", "than_most_asked_ci_low", "than_most_asked_ci_high"]
    asked = same.loc[same["agent"] == "blackbox", "budget"]
    if row["agent"] == "blackbox" or asked.empty:
        return dict.fromkeys(names, float("nan"))
    found = same.pivot_table(index="organism", columns=["agent", "budget"], values="top_1", aggfunc="mean")
    pairs = found[[(row["agent"], row["budget"]), ("blackbox", asked.max())]].dropna()
    difference = pairs.iloc[:, 0] - pairs.iloc[:, 1]
    interval = bootstrap_mean(difference.to_numpy(), difference.index.to_numpy(), seed)
    return dict(zip(names, (difference.mean(), *interval), strict=True))


def summarise(runs: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One row a model, variant, agent and budget: organisms identified, and controls falsely so.

    Twins have a truth and are shown, but not counted: it is another organism's. Seeds are averaged before organisms
    are. With one seed, thresholds leave out one control each, so that, unless the two best tie, exactly one control is
    above the others: the false-positive rate then says how many controls there are, and no more.

    Args:
        runs: the table of `by_run`.
        seed: of the bootstrap over organisms.
    """
    scored = runs[runs["truth"].notna() & (runs["organism_type"] != "control")]
    controls = runs[runs["truth"].isna()]
    keys = ["model", "variant", "method", "agent", "budget"]
    rows = []
    for names, group in scored.groupby(keys, sort=False):
        row = dict(zip(keys, names, strict=True))
        row |= {"n_organisms": group["organism"].nunique(), "n_seeds": group["seed"].nunique()}
        row |= {"interactions": group["interactions"].mean()}
        for column in SHARES:
            row |= _share(group, column, column)
        low, high = bootstrap_mean(group["reciprocal_rank"].to_numpy(), group["organism"].to_numpy(), seed)
        mean = group["reciprocal_rank"].mean()
        row |= {"reciprocal_rank": mean, "reciprocal_rank_ci_low": low, "reciprocal_rank_ci_high": high}
        row |= {"median_rank": group["rank"].median(), "n_candidates": group["n_candidates"].iloc[0]}
        row |= {name: group[name].iloc[0] for name in chance(1)}
        null = controls[(controls[keys] == pd.Series(row)[keys]).all(axis=1)]
        row |= _share(group, "found", "found") | _share(null, "found", "false_positive_rate")
        row |= {"n_controls": null["organism"].nunique(), "threshold_from": group["threshold_from"].iloc[0]}
        rows.append(row | _against_blackbox(scored, row) | _than_most_asked(scored, row, seed))
    return pd.DataFrame(rows)
