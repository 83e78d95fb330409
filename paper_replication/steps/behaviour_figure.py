"""Draw what every organism learnt, and what else moved."""

from paper_replication.figures.behaviour import draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def behaviour_figure(behaviour: Input, pdf: Output, png: Output) -> None:
    """Draw from the published table alone."""
    with house_style():
        save(draw(read_table(behaviour)), pdf, png)


if __name__ == "__main__":
    run(behaviour_figure)
