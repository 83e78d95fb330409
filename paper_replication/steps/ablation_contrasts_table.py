"""Set every choice of the lens against the main one and against the null."""

import pandas as pd

from paper_replication.ablation_contrasts import ablation_contrasts
from paper_replication.files import read_table, write_table
from paper_replication.provenance.step import Input, Output, run


def ablation_contrasts_table(layer: float, relevance: list[Input], table: Output) -> None:
    """One row a type, condition and readout: by how much it reads more than the main choice or the null."""
    write_table(table, ablation_contrasts(pd.concat([read_table(part) for part in relevance]), layer))


if __name__ == "__main__":
    run(ablation_contrasts_table)
