"""What both agents found, as one long table: by closed-set identification offline, and by an LLM where one was run."""

import pandas as pd

from paper_replication.identification import RUN
from paper_replication.statistics import bootstrap_mean, wilson

# The agent's model in rows of closed-set identification, where a sentence embedding ranks candidates.
NO_LLM = "no LLM"
FIRST = ["model", "organism", "organism_type", "agent", "interactions", "run", "judge", "metric", "value"]
FIRST += ["ci_low", "ci_high"]
COLUMNS = [*FIRST, "variant", "seed", "n", "agent_model", "truth", "best", "best_kind", "threshold_from", "rubric"]
# One row of each for every run, where it has a value; n says how many candidates there were, or controls.
OF_CANDIDATES = ("rank", "reciprocal_rank", "top_1", "top_5", "near_1", "similarity", "best_similarity", "margin")
CHANCE = ("chance_top_1", "chance_top_5", "chance_reciprocal_rank")
OF_CONTROLS = ("threshold", "found", "false_positive")
# Of an LLM's run: n says how many grades it has, and the interval is over them.
SHARES_OF_GRADES = ("at_least_2", "at_least_4", "false_positive")
OF_RUN = ("interactions_used", "submitted", "input_tokens", "output_tokens", "cost_usd")
OF_GRADER = ("grader_input_tokens", "grader_output_tokens", "grader_cost_usd")
GRADES = [*RUN, "agent", "budget", "rubric", "run", "grader_repeat", "grade", "answer", "submitted", "interactions"]
GRADES += [f"{whose}{name}" for whose in ("", "grader_") for name in ("input_tokens", "output_tokens", "cost_usd")]
GRADES += ["agent_model", "grader_model"]


def of_identification(runs: pd.DataFrame) -> pd.DataFrame:
    """Closed-set identification as rows of the table; a control without a truth has `false_positive` for `found`.

    Args:
        runs: one row a run, agent and budget, of `identification.by_run`.
    """
    wide = runs.rename(columns={"budget": "interactions", "interactions": "interactions_used", "method": "judge"})
    wide = wide.rename(columns={"best_score": "best_similarity"}).assign(run=0, agent_model=NO_LLM, rubric=None)
    control = wide["truth"].isna()
    wide = wide.assign(false_positive=wide["found"].where(control), found=wide["found"].mask(control))
    metrics = [*OF_CANDIDATES, *CHANCE, *OF_CONTROLS, "interactions_used"]
    labels = [name for name in wide if name in COLUMNS] + ["n_candidates", "n_threshold"]
    long = wide.melt(labels, metrics, "metric", "value", ignore_index=False).dropna(subset="value")
    n = long["n_candidates"].mask(long["metric"].isin(OF_CONTROLS), long["n_threshold"])
    n = n.mask(long["metric"] == "interactions_used", 1)
    nothing = float("nan")
    return long.assign(n=n, ci_low=nothing, ci_high=nothing).sort_index(kind="stable")[COLUMNS]


def with_shares(grades: pd.DataFrame) -> pd.DataFrame:
    """Grades with what each one means: domain found, details found; for a control, something claimed to be found.

    Args:
        grades: one row a run of the agent and repeat of its grade.

    Returns:
        The rows with `at_least_2` and `at_least_4`, and `false_positive` (a grade of 2 or less by the rubric of
        controls), each 0 or 1, or nan where it does not apply. A true-fact twin has neither: its truth is another's.
    """
    organism, control = grades["organism_type"] != "control", grades["rubric"] == "control"
    return grades.assign(
        at_least_2=(grades["grade"] >= 2).astype(float).where(organism),
        at_least_4=(grades["grade"] >= 4).astype(float).where(organism),
        false_positive=(grades["grade"] <= 2).astype(float).where(control),
    )


def _of_one_run(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One run of an LLM: its grade, what that means, and what the run took."""
    first, found = rows.iloc[0], []
    for metric in ("grade", *SHARES_OF_GRADES):
        values = rows[metric].to_numpy(dtype=float)
        low, high = bootstrap_mean(values, rows["grader_repeat"].to_numpy(), seed)
        if metric in SHARES_OF_GRADES and len(values) > 1:
            low, high = wilson(values.sum(), len(values))
        found.append({"metric": metric, "value": values.mean(), "ci_low": low, "ci_high": high, "n": len(values)})
    found += [{"metric": metric, "value": float(first[metric]), "n": 1} for metric in (*OF_RUN, *OF_GRADER)]
    labels = {name: first[name] for name in COLUMNS if name in rows}
    return pd.DataFrame(found).dropna(subset="value").assign(**labels)


def of_grades(grades: pd.DataFrame, seed: int) -> pd.DataFrame:
    """An LLM's runs as rows of the table; `judge` is the model of its grader.

    Args:
        grades: one row a run of the agent and repeat of its grade, with the columns `GRADES`.
        seed: of the bootstrap over repeats.
    """
    wide = grades.rename(columns={"interactions": "interactions_used", "budget": "interactions"})
    wide = with_shares(wide.rename(columns={"grader_model": "judge"}))
    keys = [*RUN, "agent", "interactions", "run", "agent_model", "judge"]
    parts = [_of_one_run(rows, seed) for _, rows in wide.groupby(keys, sort=False)]
    return pd.concat(parts, ignore_index=True).reindex(columns=COLUMNS)


def agent_table(runs: pd.DataFrame, grades: pd.DataFrame | None, seed: int) -> pd.DataFrame:
    """The whole table, offline rows first; columns are `COLUMNS`.

    Args:
        runs: of `identification.by_run`.
        grades: as of `of_grades`; None where no LLM was run.
        seed: of the bootstrap.
    """
    offline = of_identification(runs)
    return offline if grades is None else pd.concat([offline, of_grades(grades, seed)], ignore_index=True)
