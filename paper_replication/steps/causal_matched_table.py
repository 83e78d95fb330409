"""Put the causal effects of matched directions together, and the difference's own against the others by type."""

import json

import pandas as pd

from paper_replication.cross_steering import relation
from paper_replication.files import read_table, write_table
from paper_replication.matched_effects import OTHER, contrasts
from paper_replication.provenance.step import Input, Output, run


def causal_matched_table(parts: list[Input], controls: str, table: Output, by_type: Output) -> None:
    """The rows of all runs, each with its `relation`: what the direction's organism is to the run's.

    Args:
        parts: of each run.
        controls: of each organism, what its control organisms are called, as JSON.
        table: where the rows are written.
        by_type: where the means by type are written.
    """
    known = json.loads(controls)
    rows = pd.concat([read_table(part) for part in parts], ignore_index=True)
    names = rows[["direction_of", "direction_of_type", "organism", "organism_type"]].itertuples(index=False, name=None)
    related = [relation(*pair, known[pair[2]]) for pair in names]
    rows.insert(rows.columns.get_loc("delta_nats"), "relation", related)
    rows["relation"] = rows["relation"].where(rows["direction"].isin(["delta", OTHER]), "random")
    write_table(table, rows)
    write_table(by_type, contrasts(rows))


if __name__ == "__main__":
    run(causal_matched_table)
