"""Draw the figure of the difference's geometry."""

from paper_replication.figures.delta_geometry import draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.provenance.step import Input, Output, run


def delta_geometry_figure(
    corpus_name: str, geometry: Input, directions: Input, inputs: Input, pdf: Output, png: Output
) -> None:
    """Draw from the geometry, and the shares of the first direction and of the mean difference."""
    with house_style():
        save(draw(read_table(geometry), read_table(directions), read_table(inputs), corpus_name), pdf, png)


if __name__ == "__main__":
    run(delta_geometry_figure)
