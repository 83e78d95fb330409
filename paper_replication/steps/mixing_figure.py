"""Draw what mixing in unrelated data does to traces and behaviour."""

from paper_replication.figures.mixing import draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.mixing_tables import together
from paper_replication.provenance.step import Input, Output, run


def mixing_figure(tables: list[Input], pdf: Output, png: Output) -> None:
    """Draw from the published tables alone."""
    with house_style():
        save(draw(together([read_table(path) for path in tables])), pdf, png)


if __name__ == "__main__":
    run(mixing_figure)
