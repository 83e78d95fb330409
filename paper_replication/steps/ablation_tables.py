"""Gather the ablations of all runs into tables."""

import pandas as pd

from paper_replication.ablation_summary import tables_of
from paper_replication.files import read_table, write_table
from paper_replication.provenance.step import Input, Output, run


def ablation_tables(
    shares: list[Input],
    geometry: list[Input],
    layers: Output,
    positions: Output,
    adapter_weight: Output,
    directions: Output,
    inputs: Output,
    delta_geometry: Output,
) -> None:
    """Write a table of relevance for each figure, and one of the geometry of all conditions."""
    measured = pd.concat([read_table(part) for part in geometry])
    found = tables_of(pd.concat([read_table(part) for part in shares]), measured)
    write_table(layers, found["ablation_layers"])
    write_table(positions, found["ablation_positions"])
    write_table(adapter_weight, found["adapter_weight"])
    write_table(directions, found["ablation_directions"])
    write_table(inputs, found["ablation_inputs"])
    write_table(delta_geometry, measured)


if __name__ == "__main__":
    run(ablation_tables)
