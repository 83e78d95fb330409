"""Draw what mixing in unrelated data does to traces and behaviour."""

import json

from paper_replication.figures.mixing import draw
from paper_replication.figures.style import house_style, save
from paper_replication.files import read_table
from paper_replication.mixing_tables import together
from paper_replication.provenance.step import Input, Output, run


def mixing_figure(tables: list[Input], mixed_in: str, pdf: Output, png: Output) -> None:
    """Draw from the published tables alone. `mixed_in` is JSON: of each type what is mixed in."""
    with house_style():
        save(draw(together([read_table(path) for path in tables]), json.loads(mixed_in)), pdf, png)


if __name__ == "__main__":
    run(mixing_figure)
