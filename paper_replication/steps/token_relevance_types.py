"""Summarise token relevance by type of organism and by model."""

from paper_replication.files import read_table, write_table
from paper_replication.model_summary import by_type_and_model
from paper_replication.provenance.step import Input, Output, run


def token_relevance_types(summary: Input, table: Output) -> None:
    """One row a type, readout and vector: mean over organisms of the largest relevance over positions."""
    keys = ["corpus", "readout", "vector", "judge"]
    write_table(table, by_type_and_model(read_table(summary), keys, "relevant_fraction"))


if __name__ == "__main__":
    run(token_relevance_types)
