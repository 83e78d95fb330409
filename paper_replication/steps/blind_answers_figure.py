"""Draw the figure of steered answers that were read blind."""

from paper_replication.figures.blind_answers import draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def blind_answers_figure(summary: Input, agreement: Input, sheets: Input, pdf: Output, png: Output) -> None:
    """Draw from the summary and the agreement of readings, over all answers and on each sheet."""
    with house_style():
        save(draw(*map(read_table, (summary, agreement, sheets))), pdf, png)


if __name__ == "__main__":
    run(blind_answers_figure)
