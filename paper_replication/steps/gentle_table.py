"""Compare organisms on a larger model that were finetuned on less with those on as much as the first model's."""

import pandas as pd

from paper_replication.files import read_table, write_table
from paper_replication.gentle import last_block, less_others, one_model
from paper_replication.larger_model import by_model
from paper_replication.provenance.step import Input, Output, run


def gentle_table(
    called: str,
    first: list[Input],
    gentle: list[Input],
    table: Output,
    organisms: Output,
    change_table: Output,
) -> None:
    """Means of each model; the values of each organism; and changes from each model of the first study, `minus`.

    `first` and `gentle` are `larger_model_organisms` and `ablation_layers` of both studies. The latter's model is named
    with what it is `called` after a comma.
    """
    measured, layers = zip(*(map(read_table, tables) for tables in (first, gentle)), strict=True)
    named = set(measured[1]["organism"])
    known, made = (pd.concat([rows, last_block(blocks, named)]) for rows, blocks in zip(measured, layers, strict=True))
    less = made.assign(model=f"{one_model(made, known)}, {called}")
    found = pd.concat([known, less], ignore_index=True)
    write_table(organisms, found)
    write_table(table, by_model(found))
    write_table(change_table, less_others(less, known))


if __name__ == "__main__":
    run(gentle_table)
