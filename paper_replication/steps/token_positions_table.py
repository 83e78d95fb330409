"""Tabulate what the choice of the best position adds to tokens."""

from paper_replication.best_position import by_type, tokens_by_run
from paper_replication.files import read_table, write_table
from paper_replication.provenance.step import Input, Output, run


def token_positions_table(corpus_name: str, relevance: Input, runs: Output, types: Output) -> None:
    """`tokens_by_run` and `by_type` of the table `token_relevance` on one corpus."""
    table = read_table(relevance)
    found = tokens_by_run(table[table["corpus"] == corpus_name])
    write_table(runs, found)
    write_table(types, by_type(found))


if __name__ == "__main__":
    run(token_positions_table)
