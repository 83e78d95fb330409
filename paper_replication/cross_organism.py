"""Cross-organism grading: each run's tokens by every organism's judge, and whether its own ranks first."""

import numpy as np
import pandas as pd

from paper_replication.judges.interface import RelevanceJudge

RUN = ["model", "organism", "organism_type", "variant", "seed", "corpus"]
GRADED = [*RUN, "readout", "description_of", "judge"]


def grade(tokens: pd.DataFrame, judges: dict[str, RelevanceJudge]) -> pd.DataFrame:
    """Every token judged for every description.

    Args:
        tokens: one row a token, with its text as `token`.
        judges: the judge of each organism.

    Returns:
        The rows once for each judge, with `relevant` (0 or 1), `description_of` and `judge`.
    """
    texts = list(tokens["token"])
    parts = [
        tokens.assign(relevant=np.array(judge.relevant(texts), dtype=int), description_of=name, judge=judge.name)
        for name, judge in judges.items()
    ]
    return pd.concat(parts)


def best_position(tokens: pd.DataFrame, graded_tokens: int) -> pd.DataFrame:
    """The largest share of relevant tokens over positions, for every run, readout and description.

    Args:
        tokens: one row a token, position (`index`) and description, with 0 or 1 as `relevant`.
        graded_tokens: tokens of one list; a shorter list counts its missing tokens as not relevant.
    """
    shares = tokens.groupby([*GRADED, "index"], sort=False)["relevant"].sum() / graded_tokens
    best = shares.groupby(GRADED, sort=False).max().rename("relevant_fraction").reset_index()
    return best.assign(n_tokens=graded_tokens, p_value=rank_p_values(best))


def rank_p_values(best: pd.DataFrame) -> pd.Series:
    """For every row the share of descriptions, this one among them, that do at least as well on the same tokens.

    Of twelve descriptions it cannot be below 1/12; the test over all organisms is `permutation_p`.
    """
    rows = best.groupby([*RUN, "readout"], sort=False)["relevant_fraction"]
    return rows.rank(method="max", ascending=False) / rows.transform("size")


def matrix(best: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Shares of one readout as (organism, description), both in the order of the names, shape (names, names)."""
    wide = best.pivot_table(index="organism", columns="description_of", values="relevant_fraction")
    return wide.reindex(index=names, columns=names).to_numpy(dtype=float)


def ranked_first(square: np.ndarray) -> np.ndarray:
    """Whether each organism's own description does better than every other: a tie is no first place.

    Args:
        square: `matrix`, shape (names, names).

    Returns:
        Shape (names,), bool.
    """
    others = np.where(np.eye(len(square), dtype=bool), -np.inf, square)
    return np.diag(square) > others.max(axis=1)


def permutation_p(square: np.ndarray, seed: int, rounds: int = 10_000) -> float:
    """How often descriptions dealt out at random do at least as well as the organisms' own, on average over organisms.

    One-sided; the arrangement that was observed counts as one of the rounds (Phipson and Smyth 2010).
    """
    rng = np.random.default_rng(seed)
    rows = np.arange(len(square))
    observed = square[rows, rows].mean()
    drawn = [square[rows, rng.permutation(len(square))].mean() for _ in range(rounds)]
    # Sums of the same numbers in another order may differ in the last bit.
    return float((1 + np.sum(np.array(drawn) >= observed - 1e-12)) / (1 + rounds))


def summarise(best: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One row a model, corpus and readout: how often own descriptions rank first, and whether by more than chance.

    Only organisms whose description is among those graded by count: controls are shown, not scored.
    """
    rows = []
    for (model, corpus, readout, judge), group in best.groupby(["model", "corpus", "readout", "judge"], sort=False):
        names = [name for name in group["organism"].unique() if name in set(group["description_of"])]
        square = matrix(group, names)
        off = square[~np.eye(len(square), dtype=bool)]
        row = {"model": model, "corpus": corpus, "readout": readout, "n_organisms": len(names)}
        row |= {"own_mean": np.diag(square).mean(), "others_mean": off.mean() if off.size else float("nan")}
        row |= {"ranked_first": ranked_first(square).mean() if off.size else float("nan")}
        # Of one description there is nothing to permute.
        row |= {"p_value": permutation_p(square, seed) if off.size else float("nan"), "judge": judge}
        rows.append(row)
    return pd.DataFrame(rows)
