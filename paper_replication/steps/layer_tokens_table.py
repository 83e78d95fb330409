"""Gather the judged tokens that are read of the difference at other layers."""

import pandas as pd

from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.run import RunLabel
from paper_replication.token_tables import read_token_table, write_token_table

COLUMNS = ["corpus", "condition", "value", "position", "scale", "rank", "token", "probability", "relevant"]


def layer_tokens_table(graded: list[Input], tokens: Output) -> None:
    """One row a run, layer, position and token of Patchscope, which at the last block is the logit lens."""
    table = pd.concat([read_token_table(path) for path in graded])
    table = table[(table["ablation"] == "layers") & (table["readout"] == "patchscope")]
    write_token_table(tokens, table[[*RunLabel.model_fields, *COLUMNS, "judge"]])


if __name__ == "__main__":
    run(layer_tokens_table)
