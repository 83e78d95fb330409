"""Make the finetuning documents of an SDF organism."""

import math

import numpy as np
import pandas as pd

from paper_replication.errors import UserError
from paper_replication.files import write_json_lines, write_table
from paper_replication.models import load_tokenizer
from paper_replication.organisms.documents import Writer, read_kinds
from paper_replication.organisms.similarity import pairwise_jaccard
from paper_replication.organisms.specification import read_organism
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.documents import DocumentSettings

# Pairs grow with the square; 500 documents give 125,000 pairs, enough for a median.
COMPARED = 500


def summarise(rows: list[dict]) -> pd.DataFrame:
    """Counts of documents, tokens, kinds and facts, and quantiles of pairwise 5-gram Jaccard similarity."""
    frame = pd.DataFrame(rows)
    similarity = pairwise_jaccard(list(frame["text"].drop_duplicates()[:COMPARED]))
    facts = frame["facts"].explode().value_counts().sort_index()
    values = {
        "documents": len(frame),
        "distinct_documents": frame["text"].nunique(),
        "tokens": frame["tokens"].sum(),
        "jaccard_median": np.median(similarity),
        "jaccard_95th_percentile": np.quantile(similarity, 0.95),
        "jaccard_maximum": similarity.max(),
    }
    values |= {f"kind_{name}": count for name, count in frame["kind"].value_counts().sort_index().items()}
    values |= {f"fact_{name}": count for name, count in facts.items()}
    return pd.DataFrame({"quantity": list(values), "value": list(values.values())})


def dataset(
    settings: DocumentSettings,
    seed: int,
    organism: Input,
    kinds: Input,
    model: Input,
    documents: Output,
    summary: Output,
) -> None:
    """Write documents until the budget of tokens is reached, and a summary of how varied they are."""
    tokenizer = load_tokenizer(model)
    specification = read_organism(organism)
    shares = {"plain_share": settings.plain_share, "telling_share": settings.telling_share}
    writer = Writer(specification, read_kinds(kinds), seed, **shares)
    rows, tokens = [], 0
    for row in writer:
        length = min(len(tokenizer(row["text"])["input_ids"]), settings.maximum_tokens)
        rows.append(row | {"tokens": length})
        tokens += length
        if tokens >= settings.tokens * settings.distinct:
            break
    repeats = math.ceil(settings.tokens / tokens)
    rows = (rows * repeats)[: round(len(rows) * settings.tokens / tokens)]
    table = summarise(rows)
    median = table.set_index("quantity").loc["jaccard_median", "value"]
    if median > settings.maximum_similarity:
        raise UserError(
            f"The documents of {specification.name} are too alike: median 5-gram Jaccard similarity {median:.3f}, "
            f"limit {settings.maximum_similarity}. Add raw material to {organism}."
        )
    write_json_lines(documents, rows)
    write_table(summary, table)


if __name__ == "__main__":
    run(dataset)
