"""Draw which organisms' domain words steered answers have."""

from paper_replication.figures.answer_words import draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def answer_words_figure(table: Input, pdf: Output, png: Output) -> None:
    """Draw from the published table alone."""
    with house_style():
        save(draw(read_table(table)), pdf, png)


if __name__ == "__main__":
    run(answer_words_figure)
