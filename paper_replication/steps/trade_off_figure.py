"""Draw the trace that is left against what was learnt."""

from paper_replication.figures.style import house_style, save
from paper_replication.figures.trade_off import draw
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def trade_off_figure(table: Input, organisms: list[str], pdf: Output, png: Output) -> None:
    """Draw from the published table alone."""
    with house_style():
        save(draw(read_table(table), organisms), pdf, png)


if __name__ == "__main__":
    run(trade_off_figure)
