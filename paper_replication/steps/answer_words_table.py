"""Count steered answers that have a domain word, by every organism's words."""

import pandas as pd

from paper_replication.answer_words import by_words, read_domain_words
from paper_replication.blind_answers import answers_of
from paper_replication.files import write_table
from paper_replication.provenance.step import Input, Output, run
from paper_replication.token_tables import read_token_table, write_token_table

# What tells the base model's answers from those of the finetuned models.
BASE = "base_"


def answer_words_table(
    answers: Input, base: list[Input], organisms: list[Input], table: Output, base_answers: Output
) -> None:
    """One row a run, vector and organism whose words they are; `organisms` that have no domain words are left out.

    `base` has the base models' answers, steered by each run's vectors, which `base_answers` puts together.
    """
    of_base = pd.concat([read_token_table(path) for path in base])
    of_base["vector"] = BASE + of_base["vector"]
    write_token_table(base_answers, of_base)
    said = pd.concat([answers_of(read_token_table(answers)), of_base[of_base["text"] != ""]])
    write_table(table, by_words(said, read_domain_words(organisms)))


if __name__ == "__main__":
    run(answer_words_table)
