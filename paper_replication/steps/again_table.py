"""Compare what a study measured with what it measured the first time."""

from paper_replication.again import by_type, measures, of_mixtures, side_by_side
from paper_replication.files import read_table, write_table
from paper_replication.provenance.step import Input, Output, run


def again_table(first: list[Input], again: list[Input], mixing: Input, table: Output, types: Output) -> None:
    """One row an organism and measure, and one a type and measure.

    `first` and `again` are each study's tables in the order in which `measures` takes them.
    """
    studies = [measures(*map(read_table, tables)) for tables in (first, again)]
    found = side_by_side(*studies, of_mixtures(read_table(mixing)))
    write_table(table, found)
    write_table(types, by_type(found))


if __name__ == "__main__":
    run(again_table)
