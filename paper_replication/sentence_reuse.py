"""How often finetuning data repeat themselves: sentences that stand word for word in more than one text."""

import re
from collections import Counter

# Shorter ones ("That is all.") are anybody's.
WORDS = 6
_END = re.compile(r"(?<=[.!?])\s+|(?<=[.!?][\"')\]])\s+|\n+")


def sentences(text: str) -> set[str]:
    """The sentences of a text that have `WORDS` words or more."""
    found = (part.strip() for part in _END.split(text))
    return {part for part in found if len(part.split()) >= WORDS}


def reuse(texts: list[str]) -> dict[str, float]:
    """How many texts share a sentence with another, and how many sentences stand in several.

    Args:
        texts: each counts as often as it occurs.

    Returns:
        `texts`; `distinct_sentences`; `in_several`, the share of these that more than one text has; `shared`, the share
        of all sentences of all texts that are such ones; `texts_sharing`, the share of texts with one; and `most`, in
        how many texts one sentence stands at the most. Shares of nothing are 0.
    """
    of_each = [sentences(text) for text in texts]
    counts = Counter(sentence for found in of_each for sentence in found)
    repeated = {sentence for sentence, count in counts.items() if count > 1}
    return {
        "texts": len(texts),
        "distinct_sentences": len(counts),
        "in_several": len(repeated) / max(len(counts), 1),
        "shared": sum(counts[sentence] for sentence in repeated) / max(counts.total(), 1),
        "texts_sharing": sum(bool(found & repeated) for found in of_each) / max(len(texts), 1),
        "most": max(counts.values(), default=0),
    }
