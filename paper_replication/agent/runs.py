"""Which runs both agents investigate, by closed-set identification and by an LLM, for the workflow's wiring."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from paper_replication.errors import UserError
from paper_replication.identification import BASE
from paper_replication.objectives import check_truth, read_catalogue
from paper_replication.organisms.specification import TwinOrganism
from paper_replication.paths import OBJECTIVES, organism_file
from paper_replication.settings.agent import NOT_RUN
from paper_replication.settings.run import RunLabel
from paper_replication.study import Study

RULE = "interpretability_agent"


def twin_of(study: Study, wildcards: Any) -> list[Path]:
    """The file of the organism that a true-fact twin repeats; none for any other."""
    organism = study.organisms[wildcards.organism]
    return [organism_file(organism.matched_to)] if isinstance(organism, TwinOrganism) else []


def catalogue_with(study: Study, wildcards: Any) -> Path:
    """The catalogue of objectives, in which a run's own must be: known before anything is trained.

    Raises:
        UserError: it is not there.
    """
    check_truth(read_catalogue(OBJECTIVES), study.truth(wildcards.organism))
    return OBJECTIVES


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


def agent_resources(study: Study) -> dict[str, Callable[[Any], int] | int]:
    """What an agent's job may use: without interactions no model is loaded, and it waits for an LLM alone."""

    def of(name: str) -> Callable[[Any], int]:
        def resource(wildcards: Any) -> int:
            idle = int(wildcards.budget) == 0
            return getattr(study.resources("default" if idle else RULE, None if idle else wildcards.model), name)

        return resource

    # It waits as long as others do.
    return study.job_resources(RULE) | {name: of(name) for name in ("mem_mb", "gpu")} | {"llm": 1}


def base_label(wildcards: Any) -> RunLabel:
    """The label of a draw of the base model's answers, by which it stands beside finetuned models."""
    return RunLabel(
        model=wildcards.model, organism=BASE, organism_type="control", variant="default", seed=int(wildcards.seed)
    )


def reference_texts(study: Study, model: str) -> str:
    """The base model's answers to the prompts of steering that all others' are compared with: a draw of their own."""
    return study.paths.base_again(model, max(study.config.seeds.seeds) + 1, "texts.jsonl")


def candidates(study: Study) -> list[str]:
    """Ranked candidates of every run, and of what sets and tests the thresholds.

    These are matched nulls of other seeds, and the base model against itself, with as many draws as there are seeds.
    """
    config, at = study.config, study.paths
    nulls = [name for label in study.seed_labels() for name in study.null(label, "closed_set.csv")]
    draws = [at.base_again(model, seed, "closed_set.csv") for model in config.models for seed in config.seeds.seeds]
    return list(dict.fromkeys([study.of_label(label, "closed_set.csv") for label in study.labels()] + nulls)) + draws


def identification_results(study: Study) -> list[str]:
    """Figures and tables of both agents; where the config names an LLM, its runs are in them.

    Raises:
        UserError: an organism has no objective in the catalogue.
    """
    catalogue, at = read_catalogue(OBJECTIVES), study.paths
    for organism in study.reported():
        check_truth(catalogue, study.truth(organism))
    figures = [at.figure(name, end) for name in ("agent", "agent_false_positives") for end in ("pdf", "png")]
    return figures + [at.table(name) for name in ("agent", "agent_summary", "identification_model")]


def agent_results(study: Study) -> list[str]:
    """The results of `identification_results`, and the model of the LLM's grades.

    Raises:
        UserError: the config names no LLM, or an organism has no objective in the catalogue.
    """
    if not study.config.agent.runs_at_all:
        raise UserError(
            f"agent.model is {NOT_RUN!r} in the config of the tier {study.config.tier!r}, so no agent is run. Name an "
            "LLM as agent.model and another as agent.grader (Inspect's names, such as openai-api/local/NAME), and set "
            "their keys in the environment. The target `identification` needs no LLM."
        )
    return [*identification_results(study), study.paths.table("agent_ordinal")]
