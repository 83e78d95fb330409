"""How like the finetuning texts steered answers are: mean cosines of groups (arXiv 2510.13900, section 2.3)."""

from dataclasses import dataclass

import numpy as np

from paper_replication.errors import UserError
from paper_replication.statistics import CONFIDENCE


@dataclass(frozen=True)
class Group:
    """The texts of one group.

    Attributes:
        vectors: unit embeddings, shape (texts, dimensions).
        clusters: what each text belongs to (its prompt, or itself), shape (texts,); whole clusters are drawn.
    """

    vectors: np.ndarray
    clusters: np.ndarray

    def __post_init__(self) -> None:
        if len(self.vectors) == 0:
            raise UserError("A group of texts is empty, so there is nothing to compare with it.")


class Draws:
    """Bootstrap weights, the same for every group of the same clusters: differences between them are paired.

    Args:
        rounds: how many draws; before them stands a first row of equal weights, for the value itself.
        seed: of the draws.
    """

    def __init__(self, rounds: int, seed: int) -> None:
        self._rounds, self._rng = rounds, np.random.default_rng(seed)
        self._counts: dict[tuple[str, ...], np.ndarray] = {}

    def weights(self, clusters: np.ndarray) -> np.ndarray:
        """How often each text is drawn, as shares of all, shape (1 + rounds, texts)."""
        names, members = np.unique(clusters, return_inverse=True)
        key = tuple(map(str, names))
        if key not in self._counts:
            drawn = self._rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=self._rounds)
            self._counts[key] = np.concatenate([np.ones((1, len(names)), dtype=int), drawn])
        counts = self._counts[key][:, members].astype(float)
        return counts / counts.sum(axis=1, keepdims=True)


def between(first: Group, second: Group, draws: Draws) -> np.ndarray:
    """Mean cosine over all pairs of a text of one group and one of the other, and its draws, shape (1 + rounds,)."""
    means = [draws.weights(group.clusters) @ group.vectors for group in (first, second)]
    return (means[0] * means[1]).sum(axis=1)


def within(group: Group, draws: Draws) -> np.ndarray:
    """Mean cosine over all pairs of different texts of one group, and its draws, shape (1 + rounds,).

    A text is never paired with itself, nor with its own copies in a draw.

    Raises:
        UserError: there is one text.
    """
    if len(group.vectors) < 2:
        raise UserError("A group of one text has no pairs to compare.")
    weights = draws.weights(group.clusters)
    mean = weights @ group.vectors
    own = (weights**2) @ (group.vectors**2).sum(axis=1)
    return ((mean**2).sum(axis=1) - own) / (1 - (weights**2).sum(axis=1))


def interval(values: np.ndarray) -> tuple[float, float, float]:
    """A value and its 95% percentile interval, from the value itself followed by its draws."""
    low, high = np.quantile(values[1:], [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(values[0]), float(low), float(high)
