"""Draw the tokens of one organism alone: the first figure that a run of the workflow makes."""

from paper_replication.figures.style import house_style, save
from paper_replication.figures.token_cards import pages
from paper_replication.provenance.step import Input, Output, run
from paper_replication.token_tables import read_token_table


def first_light_figure(corpus_name: str, graded: Input, pdf: Output, png: Output) -> None:
    """Draw the first page of the token cards, from one run's graded tokens."""
    with house_style():
        save(next(pages(read_token_table(graded), corpus_name)), pdf, png)


if __name__ == "__main__":
    run(first_light_figure)
