"""Gather the judged tokens of all runs, best first: what a reader looks at."""

import pandas as pd

from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.run import RunLabel
from paper_replication.token_tables import read_token_table, write_token_table

COLUMNS = ["corpus", "readout", "vector", "index", "position", "scale", "rank", "token", "probability", "relevant"]


def token_cards_table(graded: list[Input], cards: Output) -> None:
    """One row a token."""
    table = pd.concat([read_token_table(path) for path in graded])
    write_token_table(cards, table[[*RunLabel.model_fields, *COLUMNS, "in_coherent_subset", "judge"]])


if __name__ == "__main__":
    run(token_cards_table)
