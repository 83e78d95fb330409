"""Models of the agent's grades and of ranks: effects of agent and budget, type of organism and model.

Organisms, not grades, are what is sampled: errors are clustered by organism throughout.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy.optimize import linprog
from scipy.stats import t
from statsmodels.miscmodels.ordinal_model import OrderedModel
from statsmodels.tools.numdiff import approx_fprime

from paper_replication.statistics import CONFIDENCE

FITTED = "fitted"
EFFECTS = ("agent_budget", "organism_type", "model")
# Columns of the odds ratios, by what they are the exponentials of.
ODDS = {"odds_ratio": "coefficient", "odds_ratio_ci_low": "ci_low", "odds_ratio_ci_high": "ci_high"}


@dataclass(frozen=True)
class Design:
    """What an outcome is explained by.

    Attributes:
        columns: 0 or 1, shape (n, effects), float64; one a level that is no reference.
        levels: one row a column: `effect`, `level` and the `reference` it is compared with.
        clusters: the organism of each row, shape (n,).
        known: of each column whether its level and its reference have several organisms; shape (effects,), bool. The
            clustered error of one organism against the others is nil whatever the data, and is not given.
    """

    columns: np.ndarray
    levels: pd.DataFrame
    clusters: np.ndarray
    known: np.ndarray


def _ordered(rows: pd.DataFrame, effect: str) -> list[str]:
    """The levels of an effect, the reference first: the least evidence, the commonest type, or the first model."""
    found = list(dict.fromkeys(rows[effect]))
    if effect == "agent_budget":
        first = rows.drop_duplicates(effect).set_index(effect)
        return sorted(found, key=lambda level: (first.loc[level, "agent"] == "adl", first.loc[level, "budget"]))
    if effect == "organism_type":
        return sorted(found, key=lambda level: (-rows.loc[rows[effect] == level, "organism"].nunique(), level))
    return found


def design(rows: pd.DataFrame) -> Design:
    """Columns for every effect that has more than one level.

    Args:
        rows: with `model`, `organism`, `organism_type`, `agent` and `budget`.
    """
    rows = rows.assign(agent_budget=rows["agent"] + ", " + rows["budget"].astype(str) + " interactions")
    organisms = rows["organism"].to_numpy()
    columns, levels, known = [], [], []
    for effect in EFFECTS:
        reference, *others = _ordered(rows, effect)
        for level in others:
            columns.append((rows[effect] == level).to_numpy(dtype=float))
            levels.append({"effect": effect, "level": level, "reference": reference})
            counts = [rows.loc[rows[effect] == name, "organism"].nunique() for name in (level, reference)]
            known.append(min(counts) > 1)
    stacked = np.stack(columns, axis=1) if columns else np.zeros((len(rows), 0))
    return Design(stacked, pd.DataFrame(levels), organisms, np.array(known, dtype=bool))


def unfit(outcome: np.ndarray, explained_by: Design) -> str | None:
    """Why there is nothing to fit, in words; None where there is.

    Args:
        outcome: shape (n,).
        explained_by: its design, of n rows.
    """
    columns = explained_by.columns
    if not columns.shape[1]:
        return "not fitted: there is one agent, budget, type and model, and nothing to compare"
    if len(np.unique(outcome)) < 2:
        return "not fitted: all outcomes are equal"
    if len(np.unique(explained_by.clusters)) < 2:
        return "not fitted: there is one organism"
    if np.linalg.matrix_rank(sm.add_constant(columns, has_constant="add")) <= columns.shape[1]:
        return "not fitted: effects coincide, and cannot be told apart"
    return None


def separable(codes: np.ndarray, columns: np.ndarray) -> bool:
    """Whether the likelihood of an ordinal model rises without end in some direction: nothing can be estimated then.

    If so, there are effects b and thresholds c, not all zero, with c[k-1] <= x b <= c[k] for every row of level k, and
    not always with equality (Albert and Anderson 1984, for logistic models); a linear programme finds them.

    Args:
        codes: levels, 0 to K - 1, each present; shape (n,).
        columns: x, shape (n, effects).
    """
    thresholds = int(codes.max())
    above = np.eye(thresholds + 1)[codes][:, :thresholds]
    below = np.eye(thresholds + 1)[codes][:, 1:]
    # Both must be at least zero: the next threshold minus x b, and x b minus the last; the outermost are infinite.
    upper = np.hstack([-columns, above])[codes < thresholds]
    lower = np.hstack([columns, -below])[codes > 0]
    margins = np.unique(np.vstack([upper, lower]), axis=0)
    found = linprog(-margins.sum(axis=0), A_ub=-margins, b_ub=np.zeros(len(margins)), bounds=(-1, 1))
    return bool(-found.fun > 1e-6)


def fit_ordinal(codes: np.ndarray, explained_by: Design) -> tuple[np.ndarray, np.ndarray]:
    """Effects on an ordered outcome, in a cumulative logit model, with errors clustered by organism.

    Args:
        codes: levels, 0 to K - 1, each present; shape (n,).
        explained_by: its design, of n rows; not `separable`.

    Returns:
        Coefficients (log odds of a higher level) and their standard errors, both of shape (effects,).
    """
    model = OrderedModel(codes, explained_by.columns, distr="logit")
    estimates = np.asarray(model.fit(method="bfgs", maxiter=1000, disp=0).params)
    bread = np.linalg.inv(-model.hessian(estimates))
    scores = approx_fprime(estimates, model.loglikeobs, centered=True)
    names = np.unique(explained_by.clusters)
    sums = np.stack([scores[explained_by.clusters == name].sum(axis=0) for name in names])
    covariance = len(names) / (len(names) - 1) * bread @ sums.T @ sums @ bread
    effects = explained_by.columns.shape[1]
    return estimates[:effects], np.sqrt(np.diag(covariance))[:effects]


def fit_linear(outcome: np.ndarray, explained_by: Design) -> tuple[np.ndarray, np.ndarray]:
    """Effects on a number by least squares, with errors clustered by organism.

    Args:
        outcome: shape (n,).
        explained_by: its design, of n rows.

    Returns:
        Coefficients and their standard errors, both of shape (effects,).
    """
    _, groups = np.unique(explained_by.clusters, return_inverse=True)
    model = sm.OLS(outcome, sm.add_constant(explained_by.columns, has_constant="add"))
    found = model.fit(cov_type="cluster", cov_kwds={"groups": groups})
    return found.params[1:], found.bse[1:]


def effects_table(coefficients: np.ndarray, errors: np.ndarray, explained_by: Design) -> pd.DataFrame:
    """One row an effect's level: coefficient, 95% interval and p by Student's t with one degree less than organisms.

    Arguments are what the fits return, and their design.
    """
    organisms = len(np.unique(explained_by.clusters))
    errors = np.where(explained_by.known, errors, np.nan)
    reach = t.ppf((1 + CONFIDENCE) / 2, organisms - 1) * errors
    return explained_by.levels.assign(
        coefficient=coefficients,
        ci_low=coefficients - reach,
        ci_high=coefficients + reach,
        p_value=2 * t.sf(np.abs(coefficients / errors), organisms - 1),
        n=len(explained_by.clusters),
        n_organisms=organisms,
        status=FITTED,
    )


def ordinal_model(rows: pd.DataFrame) -> pd.DataFrame:
    """Effects on grades, also as odds ratios; a row that says why where they cannot be fitted.

    Args:
        rows: one row a grade, with `grade` and the columns that `design` needs; controls are left out, since their best
            grade is for finding nothing.
    """
    rows = rows[rows["organism_type"] != "control"]
    if rows.empty:
        return pd.DataFrame([{"status": "not fitted: there are no grades of organisms"}])
    explained_by = design(rows)
    codes = np.unique(rows["grade"], return_inverse=True)[1]
    reason = unfit(codes, explained_by)
    if reason is None and separable(codes, explained_by.columns):
        reason = "not fitted: the effects separate the grades, as where one agent has the same grade throughout"
    if reason:
        return pd.DataFrame([{"status": reason, "n": len(rows), "n_organisms": rows["organism"].nunique()}])
    found = effects_table(*fit_ordinal(codes, explained_by), explained_by)
    return found.assign(**{name: np.exp(found[of]) for name, of in ODDS.items()})


def rank_model(rows: pd.DataFrame) -> pd.DataFrame:
    """Effects on the logit of the truth's normalised rank, (rank - 0.5) / candidates; below zero is nearer the top.

    Args:
        rows: one row a run, agent and budget, with `rank` (nan where nothing is true), `n_candidates` and the columns
            that `design` needs; controls are left out, since a twin's truth is another's.

    Returns:
        One row an effect's level, or one that says why they cannot be fitted.
    """
    rows = rows[(rows["organism_type"] != "control") & rows["rank"].notna()]
    if rows.empty:
        return pd.DataFrame([{"status": "not fitted: there are no ranks of organisms"}])
    share = (rows["rank"] - 0.5) / rows["n_candidates"]
    outcome, explained_by = np.log(share / (1 - share)).to_numpy(), design(rows)
    if reason := unfit(outcome, explained_by):
        return pd.DataFrame([{"status": reason, "n": len(rows), "n_organisms": rows["organism"].nunique()}])
    return effects_table(*fit_linear(outcome, explained_by), explained_by)
