"""Gather the grades of the interpretability agent over runs, and summarise them over organisms."""

import pandas as pd

from paper_replication.agent.summary import COLUMNS, summarise
from paper_replication.files import read_table, write_table
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.agent import AgentSettings


def agent_table(settings: AgentSettings, parts: list[Input], grades: Output, summary: Output) -> None:
    """Write all grades, and their summary; without parts no agent was run, and the summary says so."""
    nothing = pd.DataFrame(columns=COLUMNS)
    table = pd.concat([read_table(path) for path in parts])[COLUMNS] if parts else nothing
    write_table(grades, table)
    write_table(summary, summarise(table, settings))


if __name__ == "__main__":
    run(agent_table)
