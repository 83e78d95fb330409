"""What the interpretability agent is told before its first turn (arXiv 2510.13900, section 4)."""

from dataclasses import dataclass

import pandas as pd

from paper_replication.closed_set import HEADINGS, Evidence, Rows, steered_in_turn, tokens_shown
from paper_replication.errors import UserError
from paper_replication.settings.identification import Agent


@dataclass(frozen=True)
class Briefing:
    """All that the agent is told before its first turn; `check_blind` reads its lines as those of `Evidence`.

    Attributes:
        instructions: the system message.
        tokens: for each readout, the tokens of each position, best first.
        texts: for each kind of text, pairs of a text and the prompt that it answers.
    """

    instructions: str
    tokens: dict[str, dict[int, list[str]]]
    texts: dict[str, list[tuple[str, str]]]

    def overview(self) -> list[tuple[str, str]]:
        """The evidence as headings and prompts, which are ours, and what a model produced."""
        found = Evidence(self.tokens, {}, {}, 0).lines()
        for kind, pairs in self.texts.items():
            for number, (text, prompt) in enumerate(pairs, start=1):
                found.append((f"{HEADINGS[kind]} {number}, to the prompt {prompt!r}", text))
        return found

    def lines(self) -> list[tuple[str, str]]:
        """The instructions and the overview: everything that must not name the organism or the corpus."""
        return [(self.instructions, ""), *self.overview()]

    def message(self) -> str:
        """The overview as the first message of the conversation."""
        return "\n\n".join(f"{heading}:\n{text}" for heading, text in self.overview())


def prompts_of(steering: Rows) -> list[str]:
    """The prompts that have an unsteered answer, in order."""
    return list(dict.fromkeys(row["prompt"] for row in steering if row["vector"] == "unsteered"))


def _texts(rows: Rows, characters: int) -> list[tuple[str, str]]:
    return [(row["text"][:characters], row["prompt"]) for row in rows]


def brief(agent: Agent, told: str, selection: pd.DataFrame, steering: Rows, tokens: int, characters: int) -> Briefing:
    """What an agent is shown: unsteered answers, and to the ADL agent also tokens and one steered answer a prompt.

    Args:
        agent: whose briefing.
        told: the system message.
        selection: as for `closed_set.tokens_shown`.
        steering: as for `closed_set.steered_in_turn`; the vector of unsteered answers is "unsteered".
        tokens: how many of a position are shown.
        characters: after which a text is cut.

    Raises:
        UserError: there are no unsteered or, for ADL, no steered answers or tokens.
    """
    unsteered = {row["prompt"]: row for row in reversed(steering) if row["vector"] == "unsteered"}
    prompts = prompts_of(steering)
    steered = steered_in_turn(steering, prompts)[: len(prompts)]
    if not prompts or (agent == "adl" and not steered):
        raise UserError("The steering texts lack unsteered or steered answers to show the agent; make them again.")
    texts = {"steered": _texts(steered, characters)} if agent == "adl" else {}
    texts["unsteered"] = _texts([unsteered[prompt] for prompt in prompts], characters)
    shown = tokens_shown(selection, tokens) if agent == "adl" else {}
    return Briefing(told, shown, texts)
