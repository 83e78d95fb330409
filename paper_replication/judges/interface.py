"""What a judge of tokens is. Offline judges are in this package; an LLM behind the same interface is one more file."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class ScaleChoice:
    """The scale a judge chose.

    Attributes:
        index: which of the candidate lists.
        coherence: the judge's score of each candidate, higher is more coherent.
        subset: the tokens of the chosen list that cohere.
    """

    index: int
    coherence: list[float]
    subset: list[str]


class ScaleJudge(Protocol):
    """Chooses the token list that coheres best in meaning; knows nothing of any organism."""

    name: str

    def choose(self, candidates: list[list[str]]) -> ScaleChoice:
        """Choose among one vector's token lists, one a scale."""
        ...


class RelevanceJudge(Protocol):
    """Says of each token whether it is about what one organism was finetuned on."""

    name: str

    def relevant(self, tokens: list[str]) -> list[bool]:
        """One verdict a token."""
        ...
