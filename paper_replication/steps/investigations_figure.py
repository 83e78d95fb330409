"""Draw the grades of what a language model made of agents' briefings."""

from paper_replication.figures.investigations import draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run
from paper_replication.token_tables import read_token_table


def investigations_figure(table: Input, summary: Input, pdf: Output, png: Output) -> None:
    """Draw the figure from its tables."""
    with house_style():
        save(draw(read_token_table(table), read_table(summary)), pdf, png)


if __name__ == "__main__":
    run(investigations_figure)
