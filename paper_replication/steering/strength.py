"""How strongly a vector may steer before answers stop being coherent prose (arXiv 2510.13900, section 2.3)."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from paper_replication.settings.steering import SearchSettings


class Cell(NamedTuple):
    """One thing to try: the number of a prompt, the number of a vector, and a strength."""

    prompt: int
    vector: int
    strength: float


def largest_passing(
    passes: Callable[[np.ndarray], np.ndarray], upper: np.ndarray, points: int, rounds: int
) -> np.ndarray:
    """The largest value that passes, for several searches at once.

    Each round tries `points` values inside each search's interval and keeps the part between the last that passes
    before any fails and the first that fails; with one point this is binary search. Zero is taken to pass.

    Args:
        passes: from values, shape (searches, points), to which pass, same shape, bool.
        upper: where each search's interval ends, shape (searches,).
        points: values tried in one round.
        rounds: how often intervals are narrowed, each time by the factor `points` + 1.

    Returns:
        The lower end of each last interval, shape (searches,): a value that passed, or zero.
    """
    low, high = np.zeros(len(upper)), np.array(upper, dtype=float)
    rows = np.arange(len(upper))
    for _ in range(rounds):
        edges = np.linspace(low, high, points + 2, axis=1)
        failed = ~passes(edges[:, 1:-1])
        first = np.where(failed.any(axis=1), failed.argmax(axis=1), points)
        low, high = edges[rows, first], edges[rows, first + 1]
    return low


def search_strengths(
    coherent_share: Callable[[list[Cell]], np.ndarray], n_vectors: int, settings: SearchSettings
) -> np.ndarray:
    """The largest coherent strength of each vector on each prompt; the paper's is their mean over prompts.

    Args:
        coherent_share: from what to try to the share of coherent answers to each, shape (cells,).
        n_vectors: how many vectors there are.
        settings: of the search.

    Returns:
        Shape (prompts, vectors).
    """

    def search(prompts: range, upper: np.ndarray, rounds: int) -> np.ndarray:
        pairs = [(prompt, vector) for prompt in prompts for vector in range(n_vectors)]

        def passes(values: np.ndarray) -> np.ndarray:
            cells = [Cell(*pair, value) for pair, row in zip(pairs, values, strict=True) for value in row]
            return (coherent_share(cells) >= settings.coherent_share).reshape(values.shape)

        return largest_passing(passes, upper, settings.strengths, rounds).reshape(len(prompts), n_vectors)

    first = search(range(1), np.full(n_vectors, settings.upper), settings.first_rounds)
    others = range(1, settings.prompts)
    later = search(others, np.tile(2 * first[0], len(others)), settings.later_rounds)
    return np.concatenate([first, later])
