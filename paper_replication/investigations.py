"""What a language model made of agents' briefings, read outside the pipeline and graded there by others."""

from hashlib import sha256
from pathlib import Path

import pandas as pd

from paper_replication.agent.results import with_shares
from paper_replication.briefings import ADL
from paper_replication.errors import UserError
from paper_replication.mixing_contrasts import paired_mean
from paper_replication.statistics import wilson
from paper_replication.trace_contrasts import ALL

# What an answer is to, and what verdicts know a briefing by: its text, of which nothing may change.
OF, SUM = ["model", "organism", "seed", "agent"], "sum"
GRADE = "grade_"
SHARES = ("at_least_2", "at_least_4")


def sum_of(briefing: str) -> str:
    """The first 16 digits of the SHA-256 of a briefing."""
    return sha256(briefing.encode()).hexdigest()[:16]


def read_investigations(path: Path) -> pd.DataFrame:
    """Read answers, one row a briefing, each with its text and a column `grade_N` from 1 to 5 for each grader.

    Raises:
        UserError: a column is missing, a grade is none, or a briefing is answered twice.
    """
    found = pd.read_csv(path, keep_default_na=False, dtype={SUM: str, "answer": str})
    grades = [name for name in found.columns if name.startswith(GRADE)]
    if not {*OF, SUM, "answer"} <= set(found.columns) or not grades:
        raise UserError(f"{path} must have the columns {', '.join([*OF, SUM, 'answer'])} and {GRADE}0, {GRADE}1, ...")
    if not found[grades].isin(range(1, 6)).all(axis=None):
        raise UserError(f"{path}: a grade is a number from 1 to 5.")
    if (twice := found[found.duplicated(OF)]).size:
        raise UserError(f"{path}: the briefing of {twice['organism'].iloc[0]} is answered twice.")
    return found


def graded(answers: pd.DataFrame, briefings: pd.DataFrame) -> pd.DataFrame:
    """One row a briefing: its answer, the median of its grades, and what that means (`with_shares`).

    Args:
        answers: of `read_investigations`.
        briefings: one row each, with `OF`, the rest of a run's label, its `rubric` and its `sum`; `agent` says whose
            evidence it is, one of `briefings.CONTROLS` in the form of ADL's.

    Raises:
        UserError: a briefing was not answered, or another one of the same name was.
    """
    rows = briefings.merge(answers, on=OF, how="left", suffixes=("", "_answered"))
    if (other := rows[rows[SUM] != rows[f"{SUM}_answered"]]).size:
        organism, agent = other[["organism", "agent"]].iloc[0]
        raise UserError(
            f"The briefing of {organism}, {agent}, is not the one that was answered: its sum is {other[SUM].iloc[0]}. "
            "Have it answered and graded anew (data/inputs/readings/README.md)."
        )
    grades = [name for name in rows.columns if name.startswith(GRADE)]
    return with_shares(rows.drop(columns=f"{SUM}_answered").assign(grade=rows[grades].median(axis=1)))


def _row(values: pd.Series, metric: str) -> dict[str, object]:
    if metric in (*SHARES, "false_positive"):
        mean, (low, high) = values.mean(), wilson(values.sum(), len(values))
    else:
        mean, low, high = paired_mean(values.to_numpy(dtype=float))
    return {"metric": metric, "value": mean, "ci_low": low, "ci_high": high, "n": len(values)}


def summary_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Shares of organisms and mean grades by evidence, over all and by type; and by how much ADL's lie above others'.

    Intervals of shares are Wilson's over organisms, all others Student's. Of controls of which there is nothing to find
    it is the share of briefings in which something was found all the same; true-fact twins are in neither.

    Args:
        rows: of `graded`.

    Returns:
        One row a model, type, agent and `metric`; of a difference, `minus` names the agent that is subtracted.
    """
    found = []
    for model, of_model in rows.groupby("model", sort=False):
        organisms = of_model[of_model["organism_type"] != "control"]
        controls = of_model[of_model["rubric"] == "control"]
        for kind, part in pd.concat([organisms.assign(organism_type=ALL), organisms]).groupby(
            "organism_type", sort=False
        ):
            labels = {"model": model, "organism_type": kind}
            for agent, own in part.groupby("agent", sort=False):
                found += [labels | {"agent": agent} | _row(own[name], name) for name in ("grade", *SHARES)]
            wide = part.pivot(index="organism", columns="agent", values=["grade", *SHARES])
            for other in [agent for agent in part["agent"].unique() if agent != ADL]:
                for name in ("grade", *SHARES):
                    less = (wide[name][ADL] - wide[name][other]).dropna()
                    found.append(labels | {"agent": ADL, "minus": other} | _row(less, f"{name}_difference"))
        for agent, own in controls.groupby("agent", sort=False):
            labels = {"model": model, "organism_type": "control", "agent": agent}
            found.append(labels | _row(own["false_positive"], "false_positive"))
    columns = ["model", "organism_type", "agent", "minus", "metric", "value", "ci_low", "ci_high", "n"]
    return pd.DataFrame(found, columns=columns)
