"""Draw what taking the difference back does to the loss."""

from paper_replication.figures.causal_effect import draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def causal_effect_figure(effects: Input, pdf: Output, png: Output) -> None:
    """Draw from the published table alone."""
    with house_style():
        save(draw(read_table(effects)), pdf, png)


if __name__ == "__main__":
    run(causal_effect_figure)
