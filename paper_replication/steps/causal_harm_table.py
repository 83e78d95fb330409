"""Set what replacing the difference does to the loss beside what finetuning did to it."""

from paper_replication.causal_harm import harm
from paper_replication.files import read_table, write_table
from paper_replication.provenance.step import Input, Output, run


def causal_harm_table(effects: Input, table: Output) -> None:
    """From the published table of causal effects alone."""
    write_table(table, harm(read_table(effects)))


if __name__ == "__main__":
    run(causal_harm_table)
