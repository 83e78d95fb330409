"""Compare what was read of a second study's steered answers with what was read of the first's."""

from paper_replication.again import by_type, side_by_side
from paper_replication.again_read import of_readings
from paper_replication.files import read_table, write_table
from paper_replication.provenance.step import Input, Output, run


def again_answers(first: Input, again: Input, table: Output, types: Output) -> None:
    """One row an organism and control, and one a type and control.

    `first` and `again` are each study's summary of answers.
    """
    studies = [of_readings(read_table(study)) for study in (first, again)]
    # Mixtures were not read.
    found = side_by_side(*studies, mixtures=studies[0].iloc[:0])
    write_table(table, found)
    write_table(types, by_type(found))


if __name__ == "__main__":
    run(again_answers)
