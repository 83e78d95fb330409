"""Compare organisms on a larger model that were finetuned on less with those on the same documents as the first's."""

import pandas as pd

from paper_replication.errors import UserError
from paper_replication.files import read_table, write_table
from paper_replication.larger_model import by_model, changes
from paper_replication.provenance.step import Input, Output, run


def gentle_table(
    called: str, first: Input, gentle: Input, table: Output, organisms: Output, change_table: Output
) -> None:
    """One row a model and measure; a model, organism and measure; one that is compared with, `minus`, and measure.

    `first` and `gentle` are `larger_model_organisms` of both studies; the latter's model is `called` in addition.
    """
    known, made = read_table(first), read_table(gentle)
    smaller = known["model"].iloc[0]
    larger = made["model"].unique()
    if len(larger) != 1 or larger[0] == smaller or larger[0] not in set(known["model"]):
        raise UserError(
            f"{gentle} is of {', '.join(larger)}; it must be of one model alone, a further one of {first}: "
            f"{', '.join(known['model'].unique()[1:])}."
        )
    less = made.assign(model=f"{larger[0]}, {called}")
    found = pd.concat([known, less], ignore_index=True)
    pairs = {other: pd.concat([known[known["model"] == other], less]) for other in (smaller, larger[0])}
    write_table(organisms, found)
    write_table(table, by_model(found))
    write_table(change_table, pd.concat([changes(rows).assign(minus=other) for other, rows in pairs.items()]))


if __name__ == "__main__":
    run(gentle_table)
