"""Compare what the same organisms show on a larger model than the first."""

import pandas as pd

from paper_replication.answer_words import read_domain_words
from paper_replication.blind_answers import answers_of
from paper_replication.families import best_lists
from paper_replication.files import read_table, write_table
from paper_replication.larger_model import by_base, by_model, changes, measures, own_words
from paper_replication.provenance.step import Input, Output, run
from paper_replication.token_tables import read_token_table, write_token_table

READOUT = "patchscope"


def larger_model_table(
    graded_tokens: int,
    graded: list[Input],
    metrics: list[Input],
    contrasts: list[Input],
    answers: Input,
    base: list[Input],
    organism_files: list[Input],
    table: Output,
    organisms: Output,
    change_table: Output,
    tokens: Output,
    base_answers: Output,
) -> None:
    """One row a model and measure; a model, organism and measure; a further model and measure; tokens; and answers.

    `base` has the further base models' answers, steered by each run's vectors, which `base_answers` puts together.
    """
    judged = pd.concat([read_token_table(path) for path in graded])
    of_runs, above = (pd.concat([read_table(path) for path in paths]) for paths in (metrics, contrasts))
    of_base = pd.concat([read_token_table(path) for path in base])
    write_token_table(base_answers, of_base)
    said = pd.concat([answers_of(read_token_table(answers)), by_base(of_base)])
    words = own_words(said, read_domain_words(organism_files))
    found = measures(judged, of_runs, above, words, graded_tokens, READOUT)
    write_table(organisms, found)
    write_table(table, by_model(found))
    write_table(change_table, changes(found))
    write_token_table(tokens, best_lists(judged, graded_tokens))


if __name__ == "__main__":
    run(larger_model_table)
