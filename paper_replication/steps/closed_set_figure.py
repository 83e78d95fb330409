"""Draw the figure of closed-set identification."""

from paper_replication.figures.closed_set import draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def closed_set_figure(runs: Input, summary: Input, pdf: Output, png: Output) -> None:
    """Draw from the ranks and their summary."""
    with house_style():
        save(draw(read_table(runs), read_table(summary)), pdf, png)


if __name__ == "__main__":
    run(closed_set_figure)
