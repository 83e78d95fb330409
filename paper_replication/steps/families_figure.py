"""Draw how well families of models are read."""

from paper_replication.figures.families import draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def families_figure(corpus_name: str, table: Input, organisms: Input, pdf: Output, png: Output) -> None:
    """Draw the figure from its tables."""
    with house_style():
        save(draw(read_table(table), read_table(organisms), corpus_name), pdf, png)


if __name__ == "__main__":
    run(families_figure)
