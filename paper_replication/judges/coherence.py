"""The offline judge of coherent prose: likelihood under the base model, and repetition; no LLM is asked."""

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from paper_replication.errors import UserError
from paper_replication.judges.words import words

LogProbabilities = Callable[[list[str]], list[float]]


@dataclass(frozen=True)
class CoherenceLimits:
    """What coherent prose must exceed.

    Attributes:
        log_probability: mean log-probability under the base model (nats a token).
        distinct: share of a text's words that are distinct.
    """

    log_probability: float
    distinct: float


def distinct_share(text: str) -> float:
    """The share of a text's words that are distinct; 0 where it has fewer than three words."""
    found = words(text)
    return len(set(found)) / len(found) if len(found) > 2 else 0.0


def scrambled(text: str, seed: int) -> str:
    """A text's words in random order."""
    shuffled = text.split()
    random.Random(seed).shuffle(shuffled)
    return " ".join(shuffled)


def separating_threshold(above: np.ndarray, below: np.ndarray) -> float:
    """The threshold that tells two groups of values apart best, by the mean share of both that it gets right.

    Args:
        above: values that should lie above it, shape (n,).
        below: values that should lie at or below it, shape (m,).
    """
    candidates = np.unique(np.concatenate([above, below]))
    right = [(above > value).mean() + (below <= value).mean() for value in candidates]
    best = int(np.argmax(right))
    return float(candidates[best : best + 2].mean())


def calibrate(log_probabilities: LogProbabilities, human: list[str], repetitive: float, seed: int) -> CoherenceLimits:
    """Limits that tell human texts from the same words in random order, and let most human texts pass as unrepetitive.

    Args:
        log_probabilities: mean log-probability of each text under the base model (nats a token).
        human: texts as long as those to be judged.
        repetitive: the share of human texts that may fall below the limit of distinct words.
        seed: of the scrambling.

    Raises:
        UserError: there are no texts.
    """
    if not human:
        raise UserError("There are no texts to calibrate the coherence judge on; is the corpus empty?")
    broken = [scrambled(text, seed + number) for number, text in enumerate(human)]
    limit = separating_threshold(np.array(log_probabilities(human)), np.array(log_probabilities(broken)))
    shares = np.array([distinct_share(text) for text in human])
    return CoherenceLimits(limit, float(np.quantile(shares, repetitive, method="lower")))


class LikelihoodCoherenceJudge:
    """Calls a text coherent prose if it is likely under the base model and does not repeat itself."""

    name = "likelihood_and_repetition"

    def __init__(self, log_probabilities: LogProbabilities, limits: CoherenceLimits) -> None:
        self._log_probabilities, self.limits = log_probabilities, limits

    def coherent(self, texts: list[str]) -> list[bool]:
        """One verdict a text; an empty one is not coherent."""
        kept = [text for text in texts if text.strip()]
        scores = dict(zip(kept, self._log_probabilities(kept), strict=True)) if kept else {}
        limits = self.limits
        return [
            text in scores and scores[text] > limits.log_probability and distinct_share(text) >= limits.distinct
            for text in texts
        ]
