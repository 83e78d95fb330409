"""Draw the tokens that are read at the layer of analysis and at the last block."""

from paper_replication.figures.layer_tokens import draw
from paper_replication.figures.style import house_style, save
from paper_replication.provenance.step import Input, Output, run
from paper_replication.token_tables import read_token_table


def layer_tokens_figure(layer: float, tokens: Input, pdf: Output, png: Output) -> None:
    """Draw from the published table alone."""
    with house_style():
        save(draw(read_token_table(tokens), layer), pdf, png)


if __name__ == "__main__":
    run(layer_tokens_figure)
