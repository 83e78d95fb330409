"""Draw token relevance by type of organism."""

from paper_replication.figures.style import house_style, save
from paper_replication.figures.token_relevance_types import draw
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def token_relevance_types_figure(corpus_name: str, types: Input, organisms: Input, pdf: Output, png: Output) -> None:
    """Draw the figure from its table, and from the values of each organism."""
    with house_style():
        save(draw(read_table(types), corpus_name, read_table(organisms)), pdf, png)


if __name__ == "__main__":
    run(token_relevance_types_figure)
