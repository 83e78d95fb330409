"""Draw the figure of other layers."""

from paper_replication.figures.ablation_layers import draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def ablation_layers_figure(corpus_name: str, table: Input, controls: Input, pdf: Output, png: Output) -> None:
    """Draw from the table of the same name, and from that of the controls."""
    with house_style():
        save(draw(read_table(table), read_table(controls), corpus_name), pdf, png)


if __name__ == "__main__":
    run(ablation_layers_figure)
