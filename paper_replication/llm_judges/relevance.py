"""Tokens judged for relevance by an LLM, and what it is told of the organism (arXiv 2510.13900, section 2.2)."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from paper_replication.budget import texts_of
from paper_replication.judges.calibrated import BACKGROUND
from paper_replication.judges.words import frequent_distinctive_words
from paper_replication.llm_judges.asking import Asker
from paper_replication.llm_judges.judges import LlmRelevanceJudge
from paper_replication.llm_judges.prompts import read_prompt
from paper_replication.settings.judges import RelevanceSettings
from paper_replication.settings.llm_judges import LlmJudgeSettings

LIST = ["readout", "vector", "index"]
Rows = list[dict[str, Any]]


def frequent_words(dataset: Rows, corpus: Rows, settings: RelevanceSettings) -> list[str]:
    """The frequent distinctive words of finetuning data, by which the offline judge goes as well."""
    texts = [texts_of(row) for row in dataset]
    unrelated = [row["text"] for row in corpus][: BACKGROUND * len(texts)]
    return frequent_distinctive_words(
        texts, unrelated, settings.minimum_count, settings.frequent_words, settings.generic_share
    )


def with_verdicts(
    table: pd.DataFrame, description: str, frequent: list[str], settings: LlmJudgeSettings, cache: Path, prompt: Path
) -> tuple[pd.DataFrame, Rows]:
    """Tokens with an LLM's verdicts, and every prompt and answer.

    Args:
        table: one row a token, with `readout`, `vector`, `index`, `rank` and `token`.
        description: what the organism was finetuned on.
        frequent: frequent words of its data.
        settings: which LLM, and in how many rotations a list is shown.
        cache: folder of cached answers.
        prompt: the file of the prompt.

    Returns:
        The table, list by list, with `relevant` (1 in all rotations, else 0), `judge` and `votes` (in how many).
    """
    table = table.sort_values([*LIST, "rank"], kind="stable")
    lists = [list(rows["token"]) for _, rows in table.groupby(LIST, sort=True)]
    with Asker(settings, cache) as asker:
        template = read_prompt(prompt, "description", "frequent", "tokens")
        judge = LlmRelevanceJudge(asker, template, description, frequent, settings.rotations)
        votes = np.concatenate(judge.votes(lists))
    verdicts = (votes == judge.rotations).astype(int)
    return table.assign(relevant=verdicts, judge=judge.name, votes=votes), asker.exchanges
