"""Tabulate what a language model made of agents' briefings outside the pipeline, and how that was graded."""

import json

import pandas as pd

from paper_replication.files import write_table
from paper_replication.investigations import SUM, graded, read_investigations, sum_of, summary_of
from paper_replication.provenance.step import Input, Output, run
from paper_replication.token_tables import write_token_table


def investigations(asked: str, answers: Input, briefings: list[Input], table: Output, summary: Output) -> None:
    """One row a briefing, and shares by agent and type.

    Args:
        asked: of each briefing its run's label, its `agent`, and the `rubric` of its grades, as a JSON list.
        answers: what was answered, and its grades.
        briefings: in the order of `asked`.
        table: `investigations.graded`.
        summary: `investigations.summary_of`.
    """
    sums = [sum_of(briefing.read_text()) for briefing in briefings]
    rows = graded(read_investigations(answers), pd.DataFrame(json.loads(asked)).assign(**{SUM: sums}))
    write_token_table(table, rows)
    write_table(summary, summary_of(rows))


if __name__ == "__main__":
    run(investigations)
