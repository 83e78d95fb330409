"""Set every choice of the lens against the main one and against its controls."""

import pandas as pd

from paper_replication.ablation_contrasts import ablation_contrasts
from paper_replication.files import read_table, write_table
from paper_replication.provenance.step import Input, Output, run


def ablation_contrasts_table(layer: float, relevance: list[Input], controls: Input, table: Output) -> None:
    """One row a type, condition and readout: by how much it reads more than the main choice or a control."""
    together = pd.concat([read_table(part) for part in relevance])
    write_table(table, ablation_contrasts(together, read_table(controls), layer))


if __name__ == "__main__":
    run(ablation_contrasts_table)
