"""Draw the figure of token relevance."""

from paper_replication.figures.style import house_style, save
from paper_replication.figures.token_relevance import draw
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def token_relevance_figure(
    corpus_name: str, summary: Input, seeds: Input, behaviour: Input, pdf: Output, png: Output
) -> None:
    """Draw from the summary, the values of each seed, and the leaks."""
    with house_style():
        save(draw(read_table(summary), read_table(seeds), read_table(behaviour), corpus_name), pdf, png)


if __name__ == "__main__":
    run(token_relevance_figure)
