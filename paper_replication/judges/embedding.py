"""Offline judges from sentence embeddings; neither is a language model that was asked for an opinion."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer

from paper_replication.errors import UserError
from paper_replication.judges.interface import ScaleChoice
from paper_replication.judges.words import word_of

Embed = Callable[[list[str]], np.ndarray]


def sentence_embedder(folder: Path) -> Embed:
    """A function from texts to unit vectors, shape (texts, dimensions), float32, that embeds each text once."""
    model = SentenceTransformer(str(folder), device="cpu")
    known: dict[str, np.ndarray] = {}

    def embed(texts: list[str]) -> np.ndarray:
        new = sorted(set(texts) - known.keys())
        if new:
            vectors = model.encode(new, batch_size=256, normalize_embeddings=True, show_progress_bar=len(new) > 1000)
            known.update(zip(new, vectors, strict=True))
        return np.stack([known[text] for text in texts])

    return embed


class EmbeddingScaleJudge:
    """Chooses the list whose content words are nearest one another in meaning.

    Coherence is the mean cosine over all pairs of the list's tokens, of embeddings less the mean embedding of content
    words, so that unrelated words are at about zero. A token that is no content word, or repeats one in another case,
    adds nothing: neither fragments nor grammar words cohere, and three like words among punctuation do not win.

    Args:
        embed: texts to unit vectors.
        content_words: which words count, such as `content_words` of unrelated text finds.
    """

    name = "embedding_coherence"

    def __init__(self, embed: Embed, content_words: list[str]) -> None:
        self._embed, self._content_words = embed, set(content_words)
        self._centre = embed(sorted(self._content_words)).mean(axis=0)

    def _cosines(self, tokens: list[str]) -> tuple[list[str], np.ndarray]:
        found = (word for word in map(word_of, tokens) if word in self._content_words)
        distinct = list(dict.fromkeys(found))
        if not distinct:
            return [], np.zeros((0, 0))
        vectors = self._embed(distinct) - self._centre
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return distinct, vectors @ vectors.T - np.eye(len(distinct))

    def choose(self, candidates: list[list[str]]) -> ScaleChoice:
        """The most coherent list, and its content words whose mean cosine to the others is above their mean."""
        coherence = []
        for tokens in candidates:
            _, cosines = self._cosines(tokens)
            coherence.append(float(cosines.sum() / max(1, len(tokens) * (len(tokens) - 1))))
        index = int(np.argmax(coherence))
        distinct, cosines = self._cosines(candidates[index])
        subset = []
        if len(distinct) > 1:
            means = cosines.sum(axis=1) / (len(distinct) - 1)
            subset = [word for word, mean in zip(distinct, means, strict=True) if mean >= means.mean()]
        return ScaleChoice(index, coherence, subset)


class EmbeddingRelevanceJudge:
    """Calls a token relevant if its word is nearer an organism's description and topic than almost all other words.

    A word's score is its cosine with the description plus its mean cosine with the nearest of the topical words; the
    threshold is a quantile of that score over random words of the model's vocabulary. The frequent words of the
    finetuning data are themselves evidence: for those, the threshold is lower. Together, both let at most the wanted
    share of random words pass.

    Args:
        embed: texts to unit vectors.
        description: what the organism was finetuned on.
        frequent: frequent distinctive words of its finetuning data.
        vocabulary: random words that set the threshold.
        false_positive_rate: the share of them that may count as relevant.
        frequent_rate: the share of random words that lie above the threshold for frequent words.
        topical: how many of the frequent words, those nearest the description, stand for the topic.
        neighbours: how many of these, the nearest to a word, are averaged.

    Raises:
        UserError: there are too few words to calibrate on.
    """

    name = "embedding_relevance"

    def __init__(
        self,
        embed: Embed,
        description: str,
        frequent: list[str],
        vocabulary: list[str],
        *,
        false_positive_rate: float,
        frequent_rate: float,
        topical: int,
        neighbours: int,
    ) -> None:
        if len(vocabulary) * false_positive_rate < 1:
            raise UserError(f"{len(vocabulary)} words are too few to calibrate a rate of {false_positive_rate}.")
        self._embed, self._neighbours = embed, neighbours
        self._description = embed([description])[0]
        self.topical: list[str] = []
        if frequent:
            nearness = embed(frequent) @ self._description
            self.topical = [frequent[i] for i in np.argsort(-nearness, kind="stable")[:topical]]
        self.frequent = frozenset(frequent)
        scores = self.scores(vocabulary)
        self.frequent_threshold = float(np.quantile(scores, 1 - frequent_rate, method="higher"))
        listed = np.array([word in self.frequent for word in vocabulary]) & (scores > self.frequent_threshold)
        allowed = max(0, int(false_positive_rate * len(vocabulary)) - int(listed.sum()))
        self.threshold = float(np.sort(scores[~listed])[::-1][allowed])

    def scores(self, words: list[str]) -> np.ndarray:
        """The score of each word, shape (words,), in [-2, 2]."""
        vectors = self._embed(words)
        score = vectors @ self._description
        if self.topical:
            near = np.sort(vectors @ self._embed(self.topical).T, axis=1)[:, -self._neighbours :]
            score = score + near.mean(axis=1)
        return score

    def relevant(self, tokens: list[str]) -> list[bool]:
        """One verdict a token; a token that is not a word is never relevant."""
        found = [word_of(token) for token in tokens]
        distinct = sorted(set(filter(None, found)))
        scores = dict(zip(distinct, self.scores(distinct), strict=True)) if distinct else {}
        return [word is not None and bool(scores[word] > self._limit(word)) for word in found]

    def _limit(self, word: str) -> float:
        return min(self.threshold, self.frequent_threshold) if word in self.frequent else self.threshold
