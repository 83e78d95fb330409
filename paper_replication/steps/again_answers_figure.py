"""Draw what readers said of a second study's steered answers beside what they said of the first's."""

from paper_replication.figures.again import READ_PANELS, draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def again_answers_figure(precision: str, table: Input, types: Input, pdf: Output, png: Output) -> None:
    """Draw the figure from its tables."""
    with house_style():
        save(draw(read_table(table), read_table(types), precision, READ_PANELS), pdf, png)


if __name__ == "__main__":
    run(again_answers_figure)
