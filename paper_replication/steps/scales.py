"""Choose each vector's Patchscope scale by a judge that knows nothing of the organism."""

import pandas as pd

from paper_replication.files import read_json_lines
from paper_replication.judges.embedding import EmbeddingScaleJudge, sentence_embedder
from paper_replication.judges.words import content_words
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.judges import ScaleSettings
from paper_replication.token_tables import read_token_table, write_token_table


def scales(
    settings: ScaleSettings, graded_tokens: int, tokens: Input, corpus: Input, embedder: Input, selection: Output
) -> None:
    """Keep the tokens of the chosen scale of each vector (Patchscope), or the top ones (logit lens, scale 1)."""
    texts = [str(row["text"]) for row in read_json_lines(corpus)]
    known = content_words(texts, settings.minimum_documents, settings.maximum_share)
    judge = EmbeddingScaleJudge(sentence_embedder(embedder), known)
    table = read_token_table(tokens)
    table = table[(table["rank"] <= graded_tokens) & (table["scale"] > 0)]
    kept = []
    for _, vector in table.groupby(["readout", "vector", "index"], sort=True):
        lists = [rows.sort_values("rank") for _, rows in vector.groupby("scale", sort=True)]
        choice = judge.choose([list(rows["token"]) for rows in lists])
        chosen = lists[choice.index].copy()
        chosen["coherence"] = choice.coherence[choice.index]
        chosen["in_coherent_subset"] = [int(t.strip().lower() in choice.subset) for t in chosen["token"]]
        chosen["scale_judge"] = judge.name
        kept.append(chosen)
    write_token_table(selection, pd.concat(kept))


if __name__ == "__main__":
    run(scales)
