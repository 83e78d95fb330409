"""Gather what is read of the controls at other layers."""

import pandas as pd

from paper_replication.files import read_table, write_table
from paper_replication.layer_controls_summary import layer_controls
from paper_replication.provenance.step import Input, Output, run


def layer_controls_table(shares: list[Input], table: Output) -> None:
    """One row a run, layer, readout and control."""
    write_table(table, layer_controls(pd.concat([read_table(part) for part in shares])))


if __name__ == "__main__":
    run(layer_controls_table)
