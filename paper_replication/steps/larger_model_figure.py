"""Draw what the same organisms show on a larger model than the first."""

from paper_replication.figures.larger_model import draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def larger_model_figure(table: Input, organisms: Input, pdf: Output, png: Output) -> None:
    """Draw the figure from its tables."""
    with house_style():
        save(draw(read_table(table), read_table(organisms), "the same recipe and data"), pdf, png)


if __name__ == "__main__":
    run(larger_model_figure)
