"""Tabulate how often each organism's finetuning data repeat a sentence."""

import json

import pandas as pd

from paper_replication.budget import texts_of
from paper_replication.files import read_json_lines, write_table
from paper_replication.provenance.step import Input, Output, run
from paper_replication.sentence_reuse import reuse


def sentence_reuse(labels: str, datasets: list[Input], table: Output) -> None:
    """One row a run: `sentence_reuse.reuse`. `labels` are those of the runs that `datasets` are of, as a JSON array."""
    rows = [
        label | reuse([texts_of(row) for row in read_json_lines(dataset)])
        for label, dataset in zip(json.loads(labels), datasets, strict=True)
    ]
    write_table(table, pd.DataFrame(rows))


if __name__ == "__main__":
    run(sentence_reuse)
