"""Have an LLM judge the tokens that the offline judge graded for relevance to a run's organism."""

from pathlib import Path

import numpy as np

from paper_replication.budget import texts_of
from paper_replication.files import read_json_lines, write_json_lines
from paper_replication.judges.calibrated import BACKGROUND
from paper_replication.judges.words import frequent_distinctive_words
from paper_replication.llm_judges.asking import Asker
from paper_replication.llm_judges.judges import LlmRelevanceJudge
from paper_replication.llm_judges.prompts import read_prompt
from paper_replication.organisms.specification import read_organism
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.judges import RelevanceSettings
from paper_replication.settings.llm_judges import LlmJudgeSettings
from paper_replication.token_tables import read_token_table, write_token_table

LIST = ["readout", "vector", "index"]


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

    A token is relevant if it is in all rotations (`votes` says in how many); the offline judge's verdict and name move
    to `offline_relevant` and `offline_judge`. The LLM is given the description and the frequent words that the offline
    judge goes by.
    """
    texts = [texts_of(row) for row in read_json_lines(dataset)]
    unrelated = [row["text"] for row in read_json_lines(corpus)][: BACKGROUND * len(texts)]
    frequent = frequent_distinctive_words(
        texts, unrelated, words.minimum_count, words.frequent_words, words.generic_share
    )
    table = read_token_table(graded).sort_values([*LIST, "rank"], kind="stable")
    lists = [list(rows["token"]) for _, rows in table.groupby(LIST, sort=True)]
    with Asker(settings, Path(cache)) as asker:
        template = read_prompt(prompt, "description", "frequent", "tokens")
        description = read_organism(organism).description
        judge = LlmRelevanceJudge(asker, template, description, frequent, settings.rotations)
        votes = np.concatenate(judge.votes(lists))
    table = table.rename(columns={"relevant": "offline_relevant", "judge": "offline_judge"})
    verdicts = (votes == judge.rotations).astype(int)
    write_token_table(judged, table.assign(relevant=verdicts, judge=judge.name, votes=votes))
    write_json_lines(answers, asker.exchanges)


if __name__ == "__main__":
    run(llm_relevance)
