"""Draw the figure of later positions."""

from paper_replication.figures.ablation_positions import draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def ablation_positions_figure(corpus_name: str, table: Input, pdf: Output, png: Output) -> None:
    """Draw from the table of the same name."""
    with house_style():
        save(draw(read_table(table), corpus_name), pdf, png)


if __name__ == "__main__":
    run(ablation_positions_figure)
