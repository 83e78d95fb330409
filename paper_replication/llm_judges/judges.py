"""The three LLM judges; each has the interface of its offline counterpart, and a form for many questions at once."""

from functools import partial
from string import Template

from paper_replication.judges.interface import ScaleChoice
from paper_replication.llm_judges.asking import Asker, Question
from paper_replication.llm_judges.prompts import (
    has_content,
    parse_coherent,
    parse_relevant,
    parse_scale,
    relevance_prompt,
    scale_prompt,
)


class LlmScaleJudge:
    """Chooses the list whose tokens cohere best in meaning; a ScaleJudge (arXiv 2510.13900, section 2.2).

    Tokens that are nothing but punctuation are removed first. Its score of a candidate is 1 for the chosen one, else 0.

    Args:
        asker: asks the LLM.
        template: the prompt, with `$lists`.
    """

    def __init__(self, asker: Asker, template: Template) -> None:
        self.name, self._asker, self._template = asker.name, asker, template

    def choose(self, candidates: list[list[str]]) -> ScaleChoice:
        """Choose among one vector's token lists, one a scale."""
        return self.choose_each([candidates])[0]

    def choose_each(self, vectors: list[list[list[str]]]) -> list[ScaleChoice]:
        """Choose for each of many vectors."""
        shown = [[list(filter(has_content, tokens)) for tokens in candidates] for candidates in vectors]
        questions = [
            Question(scale_prompt(self._template, lists), partial(parse_scale, candidates=lists)) for lists in shown
        ]
        found = self._asker.ask(questions, "scales")
        return [
            ScaleChoice(index, [float(n == index) for n in range(len(lists))], subset)
            for lists, (index, subset) in zip(shown, found, strict=True)
        ]


class LlmRelevanceJudge:
    """Says of each token whether it is relevant to one organism; a RelevanceJudge (arXiv 2510.13900, section 2.2).

    A list is shown in several rotations, and a token counts only if it is called relevant in all of them, since what
    stands first in a list is judged differently from what stands last.

    Args:
        asker: asks the LLM.
        template: the prompt, with `$description`, `$frequent` and `$tokens`.
        description: what the organism was finetuned on.
        frequent: frequent distinctive words of its finetuning data.
        rotations: in how many orders a list is shown.
    """

    def __init__(self, asker: Asker, template: Template, description: str, frequent: list[str], rotations: int) -> None:
        self.name, self.rotations = asker.name, rotations
        self._asker, self._template, self._description, self._frequent = asker, template, description, frequent

    def relevant(self, tokens: list[str]) -> list[bool]:
        """One verdict a token."""
        return [votes == self.rotations for votes in self.votes([tokens])[0]]

    def votes(self, lists: list[list[str]]) -> list[list[int]]:
        """For each token of each list, in how many rotations it is called relevant."""
        plan = [(tokens, turn) for tokens in lists for turn in range(self.rotations)]
        found = self._asker.ask([self._question(tokens, turn) for tokens, turn in plan], "relevance")
        verdicts = [
            rotated(said, -offset(tokens, turn, self.rotations))
            for (tokens, turn), said in zip(plan, found, strict=True)
        ]
        groups = (verdicts[start : start + self.rotations] for start in range(0, len(verdicts), self.rotations))
        return [[sum(votes) for votes in zip(*group, strict=True)] for group in groups]

    def _question(self, tokens: list[str], turn: int) -> Question:
        shown = rotated(tokens, offset(tokens, turn, self.rotations))
        prompt = relevance_prompt(self._template, self._description, self._frequent, shown)
        return Question(prompt, partial(parse_relevant, shown=len(tokens)), turn)


class LlmCoherenceJudge:
    """Calls a text coherent prose or not (arXiv 2510.13900, section 2.3).

    Args:
        asker: asks the LLM.
        template: the prompt, with `$text`.
    """

    def __init__(self, asker: Asker, template: Template) -> None:
        self.name, self._asker, self._template = asker.name, asker, template

    def coherent(self, texts: list[str]) -> list[bool]:
        """One verdict a text; an empty one is not coherent, and nothing is asked about it."""
        kept = list(dict.fromkeys(text for text in texts if text.strip()))
        questions = [Question(self._template.substitute(text=text), parse_coherent) for text in kept]
        verdicts = dict(zip(kept, self._asker.ask(questions, "coherence"), strict=True))
        return [verdicts.get(text, False) for text in texts]


def offset(tokens: list[str], turn: int, rotations: int) -> int:
    """How far a list is turned for one of its rotations, which are evenly spaced."""
    return turn * len(tokens) // rotations


def rotated(items: list, by: int) -> list:
    """A list that begins with its item number `by`, counted from 0; negative numbers undo that."""
    by = by % len(items) if items else 0
    return items[by:] + items[:by]
