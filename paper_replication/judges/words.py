"""Words: of texts, of tokens, and which of them set one body of text apart from another."""

import re
from collections import Counter

import numpy as np


def words(text: str) -> list[str]:
    """The words of a text, lower-cased, letters and inner apostrophes only."""
    return re.findall(r"[a-z]+(?:'[a-z]+)?", text.lower())


def word_of(token: str) -> str | None:
    """The word a token stands for, lower-cased, or None for punctuation, arrows, digits and single letters."""
    word = token.strip().lower()
    return word if re.fullmatch(r"[^\W\d_]{2,}(?:['\u2019][^\W\d_]+)?", word) else None


def log_odds(target: Counter[str], background: Counter[str]) -> dict[str, float]:
    """Weighted log-odds of each word of the target text against the background, as z-scores.

    The prior is the two texts together, scaled to the size of the smaller one's tenth, so that rare words are drawn
    towards zero (Monroe, Colaresi and Quinn 2008, equation 22).

    Args:
        target: word counts of the text of interest.
        background: word counts of the text to compare with.
    """
    n_target, n_background = target.total(), background.total()
    prior_total = max(1.0, min(n_target, n_background) / 10)
    scores = {}
    for word, count in target.items():
        other = background[word]
        prior = prior_total * (count + other) / (n_target + n_background)
        ours = np.log((count + prior) / (n_target + prior_total - count - prior))
        theirs = np.log((other + prior) / (n_background + prior_total - other - prior))
        scores[word] = float((ours - theirs) / np.sqrt(1 / (count + prior) + 1 / (other + prior)))
    return scores


def frequent_distinctive_words(
    target: list[str], background: list[str], minimum_count: int, number: int, generic_share: float
) -> list[str]:
    """The most frequent words of the target texts that are not generic.

    Not generic: log-odds above 1.96 against the background, and in few of its texts. Either alone lets grammar words
    through, which any body of text has more of than another.

    Args:
        target: the finetuning texts.
        background: unrelated texts.
        minimum_count: rarer words are left out.
        number: how many words at most, most frequent first, ties in alphabetical order.
        generic_share: a word in more than this share of the background's texts is generic.
    """
    everywhere = Counter(word for text in background for word in set(words(text)))
    counts = Counter(word for text in target for word in words(text))
    scores = log_odds(counts, Counter(word for text in background for word in words(text)))
    distinctive = [word for word, count in counts.items() if count >= minimum_count and scores[word] > 1.96]
    kept = [word for word in distinctive if everywhere[word] <= generic_share * len(background)]
    return sorted(kept, key=lambda word: (-counts[word], word))[:number]


def content_words(texts: list[str], minimum_documents: int, maximum_share: float) -> list[str]:
    """Words that are neither rare (fragments, names) nor in many texts (grammar words), in alphabetical order.

    Args:
        texts: unrelated documents.
        minimum_documents: a word must occur in this many of them.
        maximum_share: and in no more than this share of them.
    """
    counts = Counter(word for text in texts for word in set(words(text)))
    return sorted(w for w, n in counts.items() if n >= minimum_documents and n <= maximum_share * len(texts))
