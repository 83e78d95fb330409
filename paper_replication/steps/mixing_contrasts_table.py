"""Set every mixture against the same organism and seed without one."""

from paper_replication.files import read_table, write_table
from paper_replication.mixing_contrasts import mixing_contrasts
from paper_replication.mixing_seeds import mixing_seeds
from paper_replication.mixing_tables import together
from paper_replication.provenance.step import Input, Output, run


def mixing_contrasts_table(tables: list[Input], contrasts: Output, seeds: Output) -> None:
    """From the published tables alone, over organisms of a type and over seeds of an organism."""
    mixtures = together([read_table(path) for path in tables])
    write_table(contrasts, mixing_contrasts(mixtures))
    write_table(seeds, mixing_seeds(mixtures))


if __name__ == "__main__":
    run(mixing_contrasts_table)
