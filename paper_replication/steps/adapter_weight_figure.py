"""Draw the figure of the adapter's weight."""

from paper_replication.figures.adapter_weight import draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def adapter_weight_figure(corpus_name: str, table: Input, geometry: Input, pdf: Output, png: Output) -> None:
    """Draw from the shares and the geometry."""
    with house_style():
        save(draw(read_table(table), read_table(geometry), corpus_name), pdf, png)


if __name__ == "__main__":
    run(adapter_weight_figure)
