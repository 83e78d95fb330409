"""Draw answers by the difference among those by many random directions."""

from paper_replication.figures.random_directions import draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def random_directions_figure(table: Input, contrasts: Input, pdf: Output, png: Output) -> None:
    """Draw from the published tables alone."""
    with house_style():
        save(draw(read_table(table), read_table(contrasts)), pdf, png)


if __name__ == "__main__":
    run(random_directions_figure)
