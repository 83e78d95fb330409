"""Print what is to be read outside the pipeline of one organism: the tokens that all vectors read out, shuffled."""

from pathlib import Path

from paper_replication.blind_reading import sheet, words_of
from paper_replication.errors import UserError
from paper_replication.files import read_table
from paper_replication.llm_judges.prompts import read_prompt
from paper_replication.organisms.specification import read_organism
from paper_replication.provenance.step import Input, Output, run
from paper_replication.token_tables import read_token_table


def reading_sheet(
    reading: int,
    model: str,
    corpus_name: str,
    organism: Input,
    cards: Input,
    layers: Input,
    calibration: Input,
    prompt: Input,
    sheet_file: Output,
) -> None:
    """Tokens of all vectors, and those of the difference and of the null's at other layers; each reading has an order.

    Of what they were read out, the sheet says nothing.
    """
    described = read_organism(organism)
    tokens = read_token_table(cards)
    tokens = tokens[(tokens["model"] == model) & (tokens["corpus"] == corpus_name)]
    deeper = read_token_table(layers)
    read = deeper["organism"].isin([described.name, described.matched_null]) & (deeper["model"] == model)
    judged = read_table(calibration)
    own = (judged[["model", "corpus", "organism"]] == [model, corpus_name, described.name]).all(axis=1)
    if not own.any():
        raise UserError(f"No tokens of {described.name} on {model} were judged, so that there is nothing to read.")
    words = words_of([tokens[tokens["organism"] == described.name], deeper[read]], reading)
    template = read_prompt(prompt, "description", "frequent", "tokens")
    frequent = str(judged.loc[own, "topical_words"].iloc[0]).split()
    Path(sheet_file).write_text(sheet(template, described.description, frequent, words))


if __name__ == "__main__":
    run(reading_sheet)
