"""Draw what organisms on a larger model show that were finetuned on less, beside those on as much as the first's."""

from paper_replication.figures.larger_model import draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def gentle_figure(precision: str, table: Input, organisms: Input, pdf: Output, png: Output) -> None:
    """Draw the figure from its tables."""
    made = f"one recipe; where a number of tokens is named, on documents of so many, not all, and in {precision}"
    with house_style():
        save(draw(read_table(table), read_table(organisms), made), pdf, png)


if __name__ == "__main__":
    run(gentle_figure)
