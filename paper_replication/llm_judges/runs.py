"""Which runs LLM judges grade, for the workflow's wiring."""

from paper_replication.errors import UserError
from paper_replication.settings.llm import NOT_RUN
from paper_replication.study import Study

TABLES = ("judge_agreement", "judge_agreement_summary")
# Relevance by LLMs alone.
RELEVANCE = "token_relevance_llm"


def check_llm_judge(study: Study) -> None:
    """There must be an LLM to judge.

    Raises:
        UserError: the config names none.
    """
    if not study.config.llm_judges.judges_at_all:
        raise UserError(
            f"llm_judges.model is {NOT_RUN!r} in the config of the tier {study.config.tier!r}, so no LLM judges. Name "
            "one there (Inspect's name, such as openai-api/local/NAME), and set its key in the environment. Offline "
            "judges need no LLM."
        )


def llm_judged(study: Study, name: str) -> list[str]:
    """A file of an LLM judge for every run that the offline judge has graded.

    Raises:
        UserError: the config names no LLM.
    """
    check_llm_judge(study)
    # A matched null is not steered, and its tokens are graded with those of the organism that it is matched to.
    labels = study.labels() if name == "scales.csv" else study.steered_labels()
    return [study.of_label(label, f"llm_judges/{name}") for label in labels]


def llm_results(study: Study) -> list[str]:
    """The tables and the figure of the target `llm_judges`.

    Raises:
        UserError: the config names no LLM.
    """
    check_llm_judge(study)
    tables = [*TABLES, *(f"{RELEVANCE}{end}" for end in ("", "_summary", "_seeds", "_types"))]
    return [study.paths.table(name) for name in tables] + [study.paths.figure(RELEVANCE, end) for end in ("pdf", "png")]
