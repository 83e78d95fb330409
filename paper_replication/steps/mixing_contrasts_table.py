"""Set every mixture against the same organism and seed without one."""

from paper_replication.files import read_table, write_table
from paper_replication.mixing_contrasts import mixing_contrasts
from paper_replication.mixing_tables import together
from paper_replication.provenance.step import Input, Output, run


def mixing_contrasts_table(tables: list[Input], contrasts: Output) -> None:
    """From the published tables alone."""
    write_table(contrasts, mixing_contrasts(together([read_table(path) for path in tables])))


if __name__ == "__main__":
    run(mixing_contrasts_table)
