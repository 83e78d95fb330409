"""Draw the figure of what is found where nothing is to be found."""

from paper_replication.figures.agent_false_positives import draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def agent_false_positives_figure(table: Input, summary: Input, pdf: Output, png: Output) -> None:
    """Draw from the table and its summary."""
    with house_style():
        save(draw(read_table(table), read_table(summary)), pdf, png)


if __name__ == "__main__":
    run(agent_false_positives_figure)
