"""Print what is to be read outside the pipeline of an organism's steered answers: questions and answers, shuffled."""

import json
from pathlib import Path

from paper_replication.blind_answers import answers_of, order, sheet, with_sums
from paper_replication.cross_steering import answers_to_read
from paper_replication.errors import UserError
from paper_replication.llm_judges.prompts import read_prompt
from paper_replication.organisms.specification import read_organism
from paper_replication.provenance.step import Input, Output, run
from paper_replication.token_tables import read_token_table


def answer_sheet(
    reading: int,
    model: str,
    organism: Input,
    answers: Input | None,
    cross: Input | None,
    base: Input | None,
    controls: str,
    prompt: Input,
    sheet_file: Output,
) -> None:
    """Answers of an organism's own model, or of others by its vectors, without saying which is which.

    Args:
        reading: which of several; each has an order of its own.
        model: on which the organism's model was finetuned.
        organism: its file.
        answers: `steered_answers`: unsteered ones and those of every vector are shown.
        cross: `cross_steered_answers`, in the place of `answers`: what `answers_to_read` takes from them is shown.
        base: `base_steered_answers`, in their place: all are shown.
        controls: of each organism, what its control organisms are called, as a JSON object.
        prompt: of the sheet.
        sheet_file: where it is written.
    """
    if [answers, cross, base].count(None) != 2:
        raise UserError("Exactly one of --answers, --cross and --base must be given.")
    described = read_organism(organism)
    table = read_token_table(answers or cross or base)
    own = table[(table["organism"] == described.name) & (table["model"] == model)]
    if own.empty:
        raise UserError(f"There are no answers of {described.name} on {model} to read: it is not steered.")
    if answers:
        found = answers_of(own)
    elif base:
        found = with_sums(own)
    else:
        found = answers_to_read(own, json.loads(controls))
    template = read_prompt(prompt, "description", "answers")
    Path(sheet_file).write_text(sheet(template, described.description, order(found, reading)))


if __name__ == "__main__":
    run(answer_sheet)
