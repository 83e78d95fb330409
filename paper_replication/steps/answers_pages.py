"""Write what the base and the finetuned model answered, a page a run, for people to read."""

from paper_replication.answers_page import answers_page
from paper_replication.files import read_table
from paper_replication.organisms.specification import read_organism
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.run import RunLabel


def answers_pages(answers: Input, organisms: list[Input], pages: Output) -> None:
    """Fill a folder with one page for each run of the table, in a folder for each model.

    Args:
        answers: the table `sampled_answers`.
        organisms: the specifications of all its organisms.
        pages: the folder.
    """
    known = {organism.name: organism for organism in map(read_organism, organisms)}
    pages.mkdir()
    names = list(RunLabel.model_fields)
    for keys, rows in read_table(answers).groupby(names, sort=False):
        label = RunLabel(**dict(zip(names, keys, strict=True)))
        page = pages / label.model / f"{label.organism}-{label.variant}-seed{label.seed}.md"
        page.parent.mkdir(exist_ok=True)
        page.write_text(answers_page(known[label.organism], label, rows))


if __name__ == "__main__":
    run(answers_pages)
