"""Draw what steering makes each organism say: a PDF of one page an organism, and its first page as PNG."""

from paper_replication.figures.steering_cards import pages
from paper_replication.figures.style import house_style, save_book
from paper_replication.provenance.step import Input, Output, run
from paper_replication.token_tables import read_token_table


def steering_cards_figure(corpus_name: str, cards: Input, tokens: Input, pdf: Output, png: Output) -> None:
    """Draw every page; the PNG shows the first."""
    with house_style():
        save_book(pages(read_token_table(cards), read_token_table(tokens), corpus_name), pdf, png)


if __name__ == "__main__":
    run(steering_cards_figure)
