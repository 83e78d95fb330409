"""Set the difference against its controls, by type of organism."""

from paper_replication import trace_contrasts as contrasts
from paper_replication.files import read_table, write_table
from paper_replication.provenance.step import Input, Output, run


def trace_contrasts(corpus_name: str, relevance: Input, steering: Input, table: Output) -> None:
    """One row a type, measure and control: by how much the difference lies above it, with an interval."""
    read = read_table(relevance)
    write_table(table, contrasts.trace_contrasts(read[read["corpus"] == corpus_name], read_table(steering)))


if __name__ == "__main__":
    run(trace_contrasts)
