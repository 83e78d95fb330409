"""Fit an ordinal model to the grades of the interpretability agent."""

import pandas as pd

from paper_replication.agent.summary import NOTHING_RUN
from paper_replication.effects import ordinal_model
from paper_replication.files import read_table, write_table
from paper_replication.provenance.step import Input, Output, run

# Of each its own model: what else differs between grades.
BY = ["variant", "agent_model", "grader_model"]


def agent_ordinal_table(grades: Input, table: Output) -> None:
    """One row an effect's level; where no agent was run or nothing can be fitted, one that says so."""
    rows = read_table(grades)
    parts = [ordinal_model(group).assign(**dict(zip(BY, names, strict=True))) for names, group in rows.groupby(BY)]
    found = pd.concat(parts) if parts else pd.DataFrame([{"status": NOTHING_RUN}])
    first = [name for name in (*BY, "status") if name in found]
    write_table(table, found[[*first, *found.columns.drop(first)]])


if __name__ == "__main__":
    run(agent_ordinal_table)
