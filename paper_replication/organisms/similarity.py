"""How alike documents are: pairwise Jaccard similarity of their word 5-grams."""

import re

import numpy as np
from scipy.sparse import csr_matrix


def word_ngrams(text: str, length: int = 5) -> set[tuple[str, ...]]:
    """The set of word n-grams of a text, lower-cased, punctuation dropped."""
    words = re.findall(r"[\w']+", text.lower())
    return {tuple(words[i : i + length]) for i in range(len(words) - length + 1)}


def pairwise_jaccard(texts: list[str], length: int = 5) -> np.ndarray:
    """Jaccard similarity of every pair of texts, shape (n * (n - 1) / 2,), float64 in [0, 1].

    Two texts that are both too short to have an n-gram count as unlike (0).
    """
    index: dict[tuple[str, ...], int] = {}
    rows, columns = [], []
    for row, text in enumerate(texts):
        for gram in word_ngrams(text, length):
            rows.append(row)
            columns.append(index.setdefault(gram, len(index)))
    matrix = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(texts), max(1, len(index))))
    shared = (matrix @ matrix.T).toarray()
    sizes = np.asarray(matrix.sum(axis=1)).ravel()
    union = sizes[:, None] + sizes[None, :] - shared
    upper = np.triu_indices(len(texts), k=1)
    return shared[upper] / np.maximum(union[upper], 1)


def median_similarity(texts: list[str], compared: int = 500) -> float:
    """Median 5-gram Jaccard similarity of the pairs among the first `compared` texts (125,000 pairs: enough for it)."""
    found = pairwise_jaccard(texts[:compared])
    return float(np.median(found)) if len(found) else 0.0
