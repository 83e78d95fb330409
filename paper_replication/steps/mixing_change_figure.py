"""Draw whether traces fall with the mixing ratio, with an interval over organisms."""

import json

from paper_replication.figures.mixing_change import draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.mixing_tables import together
from paper_replication.provenance.step import Input, Output, run


def mixing_change_figure(
    tables: list[Input], contrasts: Input, mixed_in: str, organisms: list[str], pdf: Output, png: Output
) -> None:
    """Draw from the published tables alone. `mixed_in` is JSON: of each type what is mixed in."""
    with house_style():
        table = together([read_table(path) for path in tables])
        save(draw(table, read_table(contrasts), json.loads(mixed_in), organisms), pdf, png)


if __name__ == "__main__":
    run(mixing_change_figure)
