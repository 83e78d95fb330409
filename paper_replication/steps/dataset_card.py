"""Describe an organism's finetuning data: counts, similarity, samples, as a card to read and a table."""

import random

import numpy as np
import pandas as pd

from paper_replication.budget import texts_of
from paper_replication.dataset_card import card
from paper_replication.files import read_json_lines, write_table
from paper_replication.organisms.similarity import pairwise_jaccard
from paper_replication.organisms.specification import read_organism
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.run import RunLabel

SAMPLES = 5
# Pairs grow with the square; 500 rows give 125,000 pairs.
COMPARED = 500


def quantities(rows: list[dict]) -> dict[str, float]:
    """Counts of rows, tokens, kinds and facts, and quantiles of pairwise 5-gram Jaccard similarity."""
    frame = pd.DataFrame({"text": [texts_of(row) for row in rows], "kind": [row["kind"] for row in rows]})
    frame["tokens"] = [row["tokens"] for row in rows]
    found = {
        "rows": len(frame),
        "distinct_rows": frame["text"].nunique(),
        "tokens": int(frame["tokens"].sum()),
        "tokens_median": float(frame["tokens"].median()),
        "tokens_maximum": int(frame["tokens"].max()),
    }
    similarity = pairwise_jaccard(list(frame["text"].drop_duplicates()[:COMPARED]))
    if len(similarity):
        found |= {f"jaccard_{name}": float(np.quantile(similarity, q)) for name, q in (("median", 0.5), ("95th", 0.95))}
        found["jaccard_maximum"] = float(similarity.max())
    found |= {f"kind_{name}": int(count) for name, count in frame["kind"].value_counts().sort_index().items()}
    facts = pd.Series([fact for row in rows for fact in row.get("facts", [])], dtype=str)
    return found | {f"fact_{name}": int(count) for name, count in facts.value_counts().sort_index().items()}


def dataset_card(label: RunLabel, organism: Input, dataset: Input, card_text: Output, summary: Output) -> None:
    """Write the card of one run's data, with samples drawn by the run's seed, and its quantities as a table."""
    rows = read_json_lines(dataset)
    found = quantities(rows)
    samples = random.Random(label.seed).sample(rows, min(SAMPLES, len(rows)))
    card_text.write_text(card(read_organism(organism), label, found, [texts_of(row) for row in samples]))
    table = pd.DataFrame({"quantity": list(found), "value": list(found.values())})
    for column, value in reversed(label.model_dump().items()):
        table.insert(0, column, value)
    write_table(summary, table)


if __name__ == "__main__":
    run(dataset_card)
