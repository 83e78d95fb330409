"""Fit an ordinal model to the grades of the interpretability agent."""

import pandas as pd

from paper_replication.effects import ordinal_model
from paper_replication.errors import UserError
from paper_replication.files import read_table, write_table
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.agent import NOT_RUN

# Of each its own model: what else differs between grades.
BY = ["variant", "agent_model", "grader_model"]


def agent_ordinal_table(grades: list[Input], table: Output) -> None:
    """One row an effect's level; where nothing can be fitted, one that says so."""
    if not grades:
        raise UserError(f"There are no grades: agent.model is {NOT_RUN!r} in the config; name an LLM there.")
    rows = pd.concat([read_table(path) for path in grades])
    parts = [ordinal_model(group).assign(**dict(zip(BY, names, strict=True))) for names, group in rows.groupby(BY)]
    found = pd.concat(parts)
    first = [name for name in (*BY, "status") if name in found]
    write_table(table, found[[*first, *found.columns.drop(first)]])


if __name__ == "__main__":
    run(agent_ordinal_table)
