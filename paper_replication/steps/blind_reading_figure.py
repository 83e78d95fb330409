"""Draw the figure of tokens that were read blind."""

from paper_replication.figures.blind_reading import draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def blind_reading_figure(
    layer: float, organisms: list[str], summary: Input, agreement: Input, pdf: Output, png: Output
) -> None:
    """Draw from the summary and the agreement of judges."""
    with house_style():
        save(draw(read_table(summary), read_table(agreement), layer, organisms), pdf, png)


if __name__ == "__main__":
    run(blind_reading_figure)
