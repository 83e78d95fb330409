"""Draw the figure of cross-organism grading."""

from paper_replication.figures.cross_organism import draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def cross_organism_figure(corpus_name: str, table: Input, summary: Input, pdf: Output, png: Output) -> None:
    """Draw from the grades and their summary."""
    with house_style():
        save(draw(read_table(table), read_table(summary), corpus_name), pdf, png)


if __name__ == "__main__":
    run(cross_organism_figure)
