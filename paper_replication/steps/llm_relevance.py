"""Have an LLM judge the tokens that the offline judge graded for relevance to a run's organism."""

from pathlib import Path

from paper_replication.files import read_json_lines, write_json_lines
from paper_replication.llm_judges.relevance import frequent_words, with_verdicts
from paper_replication.organisms.specification import read_organism
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.judges import RelevanceSettings
from paper_replication.settings.llm_judges import LlmJudgeSettings
from paper_replication.token_tables import read_token_table, write_token_table


def llm_relevance(
    settings: LlmJudgeSettings,
    words: RelevanceSettings,
    cache: str,
    graded: Input,
    organism: Input,
    dataset: Input,
    corpus: Input,
    prompt: Input,
    judged: Output,
    answers: Output,
) -> None:
    """The graded tokens with the LLM's verdicts; `answers` has every prompt and answer.

    The offline judge's verdict and name move to `offline_relevant` and `offline_judge`.
    """
    table = read_token_table(graded).rename(columns={"relevant": "offline_relevant", "judge": "offline_judge"})
    frequent = frequent_words(read_json_lines(dataset), read_json_lines(corpus), words)
    description = read_organism(organism).description
    table, exchanges = with_verdicts(table, description, frequent, settings, Path(cache), prompt)
    write_token_table(judged, table)
    write_json_lines(answers, exchanges)


if __name__ == "__main__":
    run(llm_relevance)
