"""Made-up results of both agents that tests of their tables and figures share."""

import pandas as pd
from evidence_samples import candidates, control

from paper_replication.agent.results import GRADES, agent_table
from paper_replication.identification import by_run

BUDGETS = {"adl": [0, 5], "blackbox": [0, 5, 50]}


def graded(organism, grades, *, kind="SDF", rubric=None, agent="adl", budget=5, cost=float("nan"), submitted=1):
    """Runs of an LLM on one organism; of each its repeated grades."""
    rows = [
        {"model": "m", "organism": organism, "organism_type": kind, "variant": "default", "seed": 0}
        | {"agent": agent, "budget": budget, "rubric": rubric or kind, "run": run, "grader_repeat": repeat}
        | {"grade": grade, "answer": "text, with commas\nand lines", "submitted": submitted, "interactions": budget}
        | {"input_tokens": 10, "output_tokens": 2, "cost_usd": cost, "grader_input_tokens": 5}
        | {"grader_output_tokens": 1, "grader_cost_usd": cost, "agent_model": "a", "grader_model": "g"}
        for run, repeats in enumerate(grades)
        for repeat, grade in enumerate(repeats)
    ]
    return pd.DataFrame(rows)[GRADES]


def grades():
    return pd.concat(
        [
            graded("oven", [[5, 4], [1, 2]], cost=0.5),
            graded("moon", [[1, 1], [1, 1]], kind="Taboo"),
            graded("oven_true", [[5, 5], [5, 5]], kind="control", rubric="SDF"),
            graded("null_a", [[5, 3], [2, 1]], kind="control"),
            graded("oven", [[2, 2], [1, 1]], agent="adl", budget=0),
            graded("moon", [[2, 4], [1, 4]], kind="Taboo", agent="adl", budget=0),
            graded("oven", [[1, 1], [1, 1]], agent="blackbox", budget=50),
            graded("moon", [[1, 1], [1, 2]], kind="Taboo", agent="blackbox", budget=50),
        ]
    )


def runs(seeds=(0,)):
    """Closed-set identification: by ADL evidence both organisms are first, by the black box's one is."""
    rows = []
    for seed in seeds:
        for agent, budgets in BUDGETS.items():
            for budget in budgets:
                keys = {"seed": seed, "agent": agent, "budget": budget}
                good = [3, 1, 2] if agent == "adl" else [1, 3, 2]
                rows += [
                    candidates("oven", good, truth="oven", **keys),
                    candidates("moon", [1, 2, 3], truth="moon", kind="Taboo", **keys),
                    candidates("oven_true", [3, 2, 1], truth="oven", kind="control", **keys),
                    control("null_a", 2.5, **keys),
                    control("null_b", 2.8, **keys),
                    control("base", 2.9, **keys),
                    control("base", 1.1, **(keys | {"seed": seed + 100})),
                ]
    return by_run(pd.concat(rows))


def table(seeds=(0,), llm=True):
    return agent_table(runs(seeds), grades() if llm else None, seed=0)
