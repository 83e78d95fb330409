"""Draw what taking the difference away altogether does to the loss."""

from paper_replication.figures.causal_effect import ZERO, draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def causal_zero_figure(effects: Input, pdf: Output, png: Output) -> None:
    """Draw from the published table alone."""
    with house_style():
        save(draw(read_table(effects), ZERO), pdf, png)


if __name__ == "__main__":
    run(causal_zero_figure)
