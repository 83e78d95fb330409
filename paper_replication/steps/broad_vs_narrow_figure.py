"""Draw the traces of broad finetuning beside those of narrow finetuning and of nulls."""

from paper_replication.figures.broad_vs_narrow import draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def broad_vs_narrow_figure(table: Input, pdf: Output, png: Output) -> None:
    """Draw from the published table alone."""
    with house_style():
        save(draw(read_table(table)), pdf, png)


if __name__ == "__main__":
    run(broad_vs_narrow_figure)
