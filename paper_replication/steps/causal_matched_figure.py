"""Draw the causal effect of the difference beside directions that are matched to it."""

from paper_replication.figures.causal_matched import draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def causal_matched_figure(table: Input, pdf: Output, png: Output) -> None:
    """Draw from the published table alone."""
    with house_style():
        save(draw(read_table(table)), pdf, png)


if __name__ == "__main__":
    run(causal_matched_figure)
