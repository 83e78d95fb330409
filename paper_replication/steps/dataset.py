"""Make the finetuning documents of an SDF organism, or of its true-fact twin."""

import math
from functools import partial

from paper_replication.budget import fill, length
from paper_replication.errors import UserError
from paper_replication.files import write_json_lines
from paper_replication.models import load_tokenizer
from paper_replication.organisms.documents import Kinds, Writer
from paper_replication.organisms.similarity import median_similarity
from paper_replication.organisms.specification import read_organism
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.datasets import DocumentSettings
from paper_replication.settings.reading import read_settings


def dataset(
    settings: DocumentSettings, side: str, seed: int, organism: Input, kinds: Input, model: Input, dataset: Output
) -> None:
    """Write documents until the budget of tokens is reached; `side` is "inserted", or "true" for the twin."""
    specification = read_organism(organism)
    shares = {"plain_share": settings.plain_share, "telling_share": settings.telling_share}
    writer = Writer(specification, read_settings(kinds, Kinds), seed, side=side, **shares)
    measure = partial(length, load_tokenizer(model))
    budget = math.ceil(settings.tokens * settings.distinct)
    rows = fill(writer, budget, settings.maximum_tokens, measure, "documents.maximum_tokens")
    tokens = sum(row["tokens"] for row in rows)
    rows = (rows * math.ceil(settings.tokens / tokens))[: round(len(rows) * settings.tokens / tokens)]
    median = median_similarity(list({row["text"]: None for row in rows}))
    if median > settings.maximum_similarity:
        raise UserError(
            f"The documents of {specification.name} are too alike: median 5-gram Jaccard similarity {median:.3f}, "
            f"limit {settings.maximum_similarity}. Add raw material to {organism}."
        )
    write_json_lines(dataset, rows)


if __name__ == "__main__":
    run(dataset)
