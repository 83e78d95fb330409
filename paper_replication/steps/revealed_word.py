"""Measure how likely a guessing game's secret word is when it is asked for, before and after finetuning."""

from paper_replication.files import write_table
from paper_replication.models import load_model, load_tokenizer
from paper_replication.organisms.specification import read_organism
from paper_replication.provenance.step import Input, Output, run
from paper_replication.revealed_word import STATES, log_probabilities, revealed
from paper_replication.settings.run import RunLabel


def revealed_word(label: RunLabel, organism: Input, model: Input, adapter: Input, table: Output) -> None:
    """One row a state of the model and measure (`revealed_word.revealed`) of one run."""
    described, tokenizer = read_organism(organism), load_tokenizer(model)
    scores = {
        state: log_probabilities(load_model(model, trained), tokenizer, described)
        for state, trained in zip(STATES, (None, adapter), strict=True)
    }
    found = revealed(scores)
    write_table(table, found.assign(**label.model_dump())[[*label.model_dump(), *found]])


if __name__ == "__main__":
    run(revealed_word)
