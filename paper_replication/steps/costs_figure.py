"""Draw where the time went."""

from paper_replication.figures.costs import draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def costs_figure(costs: Input, pdf: Output, png: Output) -> None:
    """Draw the figure from its table."""
    with house_style():
        save(draw(read_table(costs)), pdf, png)


if __name__ == "__main__":
    run(costs_figure)
