"""Draw the token cards: a PDF of one page an organism and readout, and its first page as PNG."""

from paper_replication.figures.style import house_style, save_book
from paper_replication.figures.token_cards import pages
from paper_replication.provenance.step import Input, Output, run
from paper_replication.token_tables import read_token_table


def token_cards_figure(corpus_name: str, cards: Input, pdf: Output, png: Output) -> None:
    """Draw every page; the PNG shows the first."""
    with house_style():
        save_book(pages(read_token_table(cards), corpus_name), pdf, png)


if __name__ == "__main__":
    run(token_cards_figure)
