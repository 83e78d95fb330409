"""Fit a linear model to the ranks of closed-set identification."""

import pandas as pd

from paper_replication.effects import rank_model
from paper_replication.files import read_table, write_table
from paper_replication.provenance.step import Input, Output, run

# Of each its own model: what else differs between ranks.
BY = ["variant", "judge"]


def identification_model_table(agent: Input, table: Output) -> None:
    """One row an effect's level; where nothing can be fitted, one that says so."""
    rows = read_table(agent)
    names = {"value": "rank", "n": "n_candidates", "interactions": "budget"}
    ranks = rows[rows["metric"] == "rank"].rename(columns=names)
    parts = [rank_model(group).assign(**dict(zip(BY, names, strict=True))) for names, group in ranks.groupby(BY)]
    found = pd.concat(parts)
    first = [*BY, "status"]
    write_table(table, found[[*first, *found.columns.drop(first)]])


if __name__ == "__main__":
    run(identification_model_table)
