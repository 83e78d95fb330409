"""Draw how like the finetuning texts steered answers are."""

from paper_replication.figures.steering_similarity import draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def steering_similarity_figure(table: Input, contrasts: Input, pdf: Output, png: Output) -> None:
    """Draw the figure from its tables."""
    with house_style():
        save(draw(read_table(table), read_table(contrasts)), pdf, png)


if __name__ == "__main__":
    run(steering_similarity_figure)
