"""Draw how traces and behaviour depend on the dose of finetuning."""

from paper_replication.figures.dose import draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def dose_figure(table: Input, organisms: list[str], pdf: Output, png: Output) -> None:
    """Draw from the published table alone."""
    with house_style():
        save(draw(read_table(table), organisms), pdf, png)


if __name__ == "__main__":
    run(dose_figure)
