"""How like the finetuning texts answers are that random directions steer, and how many have a domain word."""

import numpy as np
import pandas as pd

from paper_replication.behaviour import mentions_domain
from paper_replication.files import read_json_lines, write_table
from paper_replication.judges.embedding import sentence_embedder
from paper_replication.organisms.specification import read_organism
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.run import RunLabel
from paper_replication.settings.steering import SimilaritySettings
from paper_replication.steering.similarity import Draws, between
from paper_replication.steps.similarity import drawn, first_text, group_of
from paper_replication.token_tables import read_token_table

# Beside the numbers of random directions.
DIFFERENCE = "difference"


def random_similarity(
    settings: SimilaritySettings,
    label: RunLabel,
    texts: Input,
    cross: Input,
    dataset: Input,
    organism: Input,
    embedder: Input,
    table: Output,
) -> None:
    """One row a direction, the difference the first: mean cosine with the finetuning texts, share with a domain word.

    Args:
        settings: of similarity.
        label: of the run.
        texts: of `random_directions`.
        cross: the run's `cross_steered` answers, of which those by its own difference are taken: sampled anew, after
            the position had been chosen.
        dataset: the run's data.
        organism: its file; without domain words their share is nan.
        embedder: a sentence embedder.
        table: where they are written.
    """
    said, words = pd.DataFrame(read_json_lines(texts)), read_organism(organism).domain_words
    own = read_token_table(cross).merge(pd.DataFrame([label.model_dump() | {"vector": DIFFERENCE}]))
    said = pd.concat([own.assign(direction=DIFFERENCE)[said.columns], said.astype({"direction": str})])
    embed, draws = sentence_embedder(embedder), Draws(0, settings.seed)
    finetuning = drawn([first_text(row) for row in read_json_lines(dataset)], settings.texts, settings.seed)
    reference = group_of(embed, finetuning, finetuning)
    rows = []
    for direction, group in said.groupby("direction", sort=False):
        answers = group_of(embed, list(group["text"]), list(group["prompt"]))
        share = np.mean([mentions_domain(text, words) for text in group["text"]]) if words else np.nan
        cosine = between(answers, reference, draws)[0]
        rows.append(label.model_dump() | {"direction": direction, "cosine": cosine, "words": share, "n": len(group)})
    write_table(table, pd.DataFrame(rows))


if __name__ == "__main__":
    run(random_similarity)
