"""The offline relevance judge of one organism, made from its description and data and calibrated on random words."""

import random

from transformers import PreTrainedTokenizerBase

from paper_replication.judges.embedding import Embed, EmbeddingRelevanceJudge
from paper_replication.judges.words import frequent_distinctive_words, word_of
from paper_replication.settings.judges import RelevanceSettings

# Unrelated texts against which words are distinctive, as a multiple of the organism's own.
BACKGROUND = 5


def random_tokens(tokenizer: PreTrainedTokenizerBase, number: int, seed: int) -> list[str]:
    """The texts of tokens drawn at random, without repeats, from a vocabulary."""
    drawn = random.Random(seed).sample(range(len(tokenizer)), min(number, len(tokenizer)))
    return [tokenizer.decode([token]) for token in drawn]


def calibration_words(tokenizer: PreTrainedTokenizerBase, settings: RelevanceSettings) -> tuple[list[str], list[str]]:
    """Random words that set a judge's threshold, and random tokens, none of them the same, that check it."""
    wanted = settings.calibration_words
    drawn = random_tokens(tokenizer, 3 * wanted, settings.calibration_seed)
    # The threshold is set on words alone: tokens that are none never count as relevant and would only lower it.
    return [word for word in map(word_of, drawn[wanted:]) if word][:wanted], drawn[:wanted]


def relevance_judge(
    settings: RelevanceSettings,
    embed: Embed,
    description: str,
    texts: list[str],
    unrelated: list[str],
    vocabulary: list[str],
) -> EmbeddingRelevanceJudge:
    """The judge of one organism.

    Args:
        settings: how many words, and the false-positive rate.
        embed: texts to unit vectors.
        description: what the organism was finetuned on.
        texts: its finetuning data.
        unrelated: documents of a corpus of unrelated text, of which some are used.
        vocabulary: those of `calibration_words`.
    """
    background = unrelated[: BACKGROUND * len(texts)]
    frequent = frequent_distinctive_words(
        texts, background, settings.minimum_count, settings.frequent_words, settings.generic_share
    )
    return EmbeddingRelevanceJudge(
        embed,
        description,
        frequent,
        vocabulary,
        false_positive_rate=settings.false_positive_rate,
        frequent_rate=settings.frequent_rate,
        topical=settings.topical_words,
        neighbours=settings.neighbours,
    )
