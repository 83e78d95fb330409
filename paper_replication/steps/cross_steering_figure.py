"""Draw whose words answers have that were steered with another organism's difference."""

from paper_replication.figures.cross_steering import draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def cross_steering_figure(table: Input, relations: Input, own: Input, pdf: Output, png: Output) -> None:
    """Draw from the published tables alone."""
    with house_style():
        save(draw(read_table(table), read_table(relations), read_table(own)), pdf, png)


if __name__ == "__main__":
    run(cross_steering_figure)
