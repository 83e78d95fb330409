"""Tabulate what the choice of the best position adds to steering."""

from paper_replication.best_position import by_type, steering_by_run
from paper_replication.files import read_table, write_table
from paper_replication.provenance.step import Input, Output, run


def steering_positions_table(similarities: Input, runs: Output, types: Output) -> None:
    """`steering_by_run` and `by_type` of the table `steering_similarity`."""
    found = steering_by_run(read_table(similarities))
    write_table(runs, found)
    write_table(types, by_type(found))


if __name__ == "__main__":
    run(steering_positions_table)
