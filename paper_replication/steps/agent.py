"""Run the interpretability agent on one finetuned model with one budget of interactions, and grade what it submits."""

from pathlib import Path

from safetensors.torch import load_file

from paper_replication.agent.evaluation import evaluate, grades_table
from paper_replication.agent.grading import Rubrics, reference, rubric_name, rubric_scorer
from paper_replication.agent.models import ModelPair
from paper_replication.agent.tasks import Case, task
from paper_replication.closed_set import check_blind
from paper_replication.errors import UserError
from paper_replication.files import read_json_lines, write_table
from paper_replication.llm import load_llm
from paper_replication.llm_judges.prompts import read_prompt
from paper_replication.organisms.specification import read_organism
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.agent import NOT_RUN, AgentSettings
from paper_replication.settings.reading import read_settings
from paper_replication.settings.run import RunLabel
from paper_replication.token_tables import read_token_table


def agent(
    settings: AgentSettings,
    label: RunLabel,
    evidence: str,
    budget: int,
    corpus_name: str,
    layer: float,
    cache: str,
    selection: Input,
    steering: Input,
    vectors: Input,
    model: Input,
    adapter: Input,
    instructions: Input,
    grading: Input,
    rubrics: Input,
    organism: Input,
    twin_of: Input | None,
    log: Output,
    grades: Output,
) -> None:
    """Inspect's log, and one row a run of the agent and repeat of its grade.

    `evidence` is "adl" or "blackbox", `instructions` are that agent's, and `grading` is what the grader is asked. Only
    the grader is told of the `organism`, and, for a true-fact twin, of the one that it is a `twin_of`. Answers of both
    LLMs are kept in the folder `cache`, also when the job fails.
    """
    if not settings.runs_at_all:
        raise UserError(f"agent.model is {NOT_RUN!r} in the config, so there is no agent to run; name an LLM there.")
    known = read_organism(organism)
    rubric = getattr(read_settings(rubrics, Rubrics), rubric_name(known))
    truth = reference(known, read_organism(twin_of) if twin_of else None)
    pair = ModelPair(settings, layer, model, adapter)
    stored = (read_token_table(selection), read_json_lines(steering), load_file(vectors)["difference"])
    case = Case(*stored, read_prompt(instructions, "budget", "messages"), pair, settings)
    names = [label.organism, corpus_name, *([Path(twin_of).stem] if twin_of else [])]
    check_blind(case.briefing(evidence, budget), names)
    question = read_prompt(grading, "reference", "grades", "answer")
    scorer = rubric_scorer(question, rubric, truth, settings.grader_repeats, settings.grader_attempts)
    llms = (
        load_llm(settings.model, settings.base_url, settings),
        load_llm(settings.grader, settings.grader_base_url, settings),
    )
    if budget:
        pair.load()
    done = evaluate(task(case, evidence, budget, scorer), *llms, Path(cache), log)
    table = grades_table(done, *(settings.prices.get(name) for name in (settings.model, settings.grader)))
    labels = label.model_dump() | {"agent": evidence, "budget": budget, "rubric": rubric_name(known)}
    llm_names = {"agent_model": settings.model, "grader_model": settings.grader}
    rows = table.assign(**labels, **llm_names)
    write_table(grades, rows[[*labels, *table.columns, *llm_names]])


if __name__ == "__main__":
    run(agent)
