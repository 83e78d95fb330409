"""Relevance without a judge: a token counts where it is one of the organism's frequent, distinctive words."""

import pandas as pd

from paper_replication.judges.calibrated import BACKGROUND
from paper_replication.judges.words import frequent_distinctive_words, word_of
from paper_replication.settings.judges import RelevanceSettings

NAME = "frequent_words"


def own_words(texts: list[str], unrelated: list[str], settings: RelevanceSettings) -> set[str]:
    """The most frequent words of the finetuning texts that are not generic: the list that the paper gives its judge.

    Args:
        texts: the finetuning data.
        unrelated: documents of a corpus of unrelated text, of which as many are used as by the relevance judge.
        settings: how many words, and what counts as generic.
    """
    background = unrelated[: BACKGROUND * len(texts)]
    found = frequent_distinctive_words(
        texts, background, settings.minimum_count, settings.frequent_words, settings.generic_share
    )
    return set(found)


def without_a_judge(graded: pd.DataFrame, words: set[str]) -> pd.DataFrame:
    """Judged tokens with the verdict replaced: 1 where the token is, but for case and spaces, one of the words.

    Nothing is set or calibrated here, and no embedding is used: words that mean the same but are not in the data count
    for nothing, so that this is a lower bound of what a reader would call relevant.

    Args:
        graded: one row a token, with `token`, `relevant` and `judge`.
        words: lower-case words.
    """
    verdicts = [int(word_of(token) in words) for token in graded["token"]]
    return graded.assign(relevant=verdicts, judge=NAME)
