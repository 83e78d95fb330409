"""Print what is to be read outside the pipeline of one organism's steered answers: questions and answers, shuffled."""

from pathlib import Path

from paper_replication.blind_answers import answers_of, order, sheet
from paper_replication.llm_judges.prompts import read_prompt
from paper_replication.organisms.specification import read_organism
from paper_replication.provenance.step import Input, Output, run
from paper_replication.token_tables import read_token_table


def answer_sheet(reading: int, model: str, organism: Input, answers: Input, prompt: Input, sheet_file: Output) -> None:
    """Unsteered answers and those of every vector, without saying which is which; each reading has an order."""
    described = read_organism(organism)
    table = read_token_table(answers)
    own = table[(table["organism"] == described.name) & (table["model"] == model)]
    template = read_prompt(prompt, "description", "answers")
    Path(sheet_file).write_text(sheet(template, described.description, order(answers_of(own), reading)))


if __name__ == "__main__":
    run(answer_sheet)
