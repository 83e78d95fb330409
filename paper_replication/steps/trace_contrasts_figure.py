"""Draw by how much the difference lies above its controls."""

from paper_replication.figures.style import house_style, save
from paper_replication.figures.trace_contrasts import draw
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def trace_contrasts_figure(
    corpus_name: str, table: Input, relevance: Input, steering: Input, pdf: Output, png: Output
) -> None:
    """Draw the figure from its table, and from the values of each organism."""
    read = read_table(relevance)
    with house_style():
        save(draw(read_table(table), read[read["corpus"] == corpus_name], read_table(steering)), pdf, png)


if __name__ == "__main__":
    run(trace_contrasts_figure)
