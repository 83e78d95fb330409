"""Set the traces of broad finetuning beside those of narrow finetuning and of nulls."""

import json

import pandas as pd

from paper_replication import broad_vs_narrow as library
from paper_replication.files import read_table, write_table
from paper_replication.provenance.step import Input, Output, run


def broad_vs_narrow_table(
    runs: str, corpus_name: str, relevance: Input, contrasts: list[Input], delta: Input, table: Output
) -> None:
    """One row a run and metric; `runs` is a JSON list, an object a run: label, `breadth` and `read_as`."""
    by_corpus = [read_table(path) for path in (relevance, delta)]
    relevant, norms = (found[found["corpus"] == corpus_name] for found in by_corpus)
    steered = pd.concat([read_table(path) for path in contrasts])
    write_table(table, library.broad_vs_narrow(json.loads(runs), relevant, steered, norms))


if __name__ == "__main__":
    run(broad_vs_narrow_table)
