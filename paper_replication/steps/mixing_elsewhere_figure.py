"""Draw what mixing does to traces by each corpus that delta was measured on."""

from paper_replication.figures.mixing_elsewhere import draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def mixing_elsewhere_figure(table: Input, seeds: Input, pdf: Output, png: Output) -> None:
    """Draw from the published tables alone."""
    with house_style():
        save(draw(read_table(table), read_table(seeds)), pdf, png)


if __name__ == "__main__":
    run(mixing_elsewhere_figure)
