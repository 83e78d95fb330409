"""Gather what LLM and offline judges say of the same, and how far they agree."""

import pandas as pd

from paper_replication.files import read_table, write_table
from paper_replication.llm_judges.agreement import RUN, agreement, coherence_pairs, relevance_pairs, scale_pairs
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.llm_judges import LlmJudgeSettings
from paper_replication.token_tables import read_token_table


def judge_agreement_table(
    settings: LlmJudgeSettings,
    scales: list[Input],
    graded: list[Input],
    coherence: list[Input],
    table: Output,
    summary: Output,
) -> None:
    """One row a run and kind of judge; in the summary one a model and kind, with organisms as clusters."""
    pairs = pd.concat(
        [
            scale_pairs(pd.concat(map(read_token_table, scales))),
            relevance_pairs(pd.concat(map(read_token_table, graded))),
            coherence_pairs(pd.concat(map(read_table, coherence))),
        ]
    )
    write_table(table, agreement(pairs, RUN, "cluster", settings.seed, settings.rounds))
    write_table(summary, agreement(pairs, ["model"], "organism", settings.seed, settings.rounds))


if __name__ == "__main__":
    run(judge_agreement_table)
