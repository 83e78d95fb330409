"""Which runs the interpretability agent investigates, for the workflow's wiring."""

from pathlib import Path
from typing import Any

from paper_replication.errors import UserError
from paper_replication.organisms.specification import TwinOrganism
from paper_replication.paths import organism_file
from paper_replication.settings.agent import NOT_RUN
from paper_replication.study import Study


def twin_of(study: Study, wildcards: Any) -> list[Path]:
    """The file of the organism that a true-fact twin repeats; none for any other."""
    organism = study.organisms[wildcards.organism]
    return [organism_file(organism.matched_to)] if isinstance(organism, TwinOrganism) else []


def agent_grades(study: Study) -> list[str]:
    """The grades of every agent and budget on every run; none where the config names no LLM."""
    settings, at = study.config.agent, study.paths
    return [
        at.agent(label.model, at.run(label.organism, label.variant, label.seed), agent, budget, "grades.csv")
        for label in study.labels()
        for agent, budgets in settings.budgets.items()
        for budget in budgets
        if settings.runs_at_all
    ]


def agent_results(study: Study) -> list[str]:
    """The figure and tables of the interpretability agent.

    Raises:
        UserError: the config names no LLM.
    """
    if not study.config.agent.runs_at_all:
        raise UserError(
            f"agent.model is {NOT_RUN!r} in the config of the tier {study.config.tier!r}, so no agent is run. Name an "
            "LLM as agent.model and another as agent.grader (Inspect's names, such as openai-api/local/NAME), and set "
            "their keys in the environment. The target `identification` needs no LLM."
        )
    figures = [study.paths.figure("agent", suffix) for suffix in ("pdf", "png")]
    return figures + [study.paths.table(name) for name in ("agent_grades", "agent_summary", "agent_ordinal")]
