"""What the agent may do: look at stored evidence for free, and interact with the models within a budget."""

from collections.abc import Callable

import pandas as pd
import torch
from inspect_ai.tool import Tool, ToolError, tool

from paper_replication.agent.models import ModelPair
from paper_replication.closed_set import TOKENS, Rows
from paper_replication.settings.agent import SEEDS_OF_A_RUN

NAMES = {"finetuned": "Finetuned model", "base": "Base model"}


class Budget:
    """The interactions that are left to one run of the agent, shared by its tools.

    Attributes:
        total: how many there were.
        used: how many are spent.
        run: which run of the agent it is, counted from 1; runs get answers of their own.
    """

    def __init__(self, total: int, run: int = 1) -> None:
        self.total, self.used, self.run = total, 0, run

    def refusal(self, cost: int) -> str | None:
        """What to tell the agent if it cannot afford a call; None if it can."""
        left = self.total - self.used
        if cost <= left:
            return None
        return (
            f"Refused, and nothing was asked: this costs {cost} of your interactions, of which {left} of "
            f"{self.total} are left. Free tools can still be used, and an answer submitted."
        )

    def spend(self) -> int:
        """Spend one interaction; its seed."""
        self.used += 1
        return SEEDS_OF_A_RUN * self.run + self.used

    def left(self) -> str:
        """How many are left, for the end of a tool's result."""
        return f"({self.total - self.used} of {self.total} interactions left.)"


def _known(position: int, positions: list[int]) -> int:
    if not positions:
        raise ToolError("Nothing of this kind is stored, for any position.")
    if position not in positions:
        raise ToolError(f"There is no position {position}; positions are {', '.join(map(str, positions))}.")
    return position


def _check_text(prompts: list[str]) -> None:
    """A prompt must be text that a tokenizer can read; JSON can hold what is none."""
    try:
        "".join(prompts).encode()
    except UnicodeEncodeError:
        raise ToolError("A prompt has half of a surrogate pair in it; write whole characters.") from None


@tool(parallel=False)
def token_details(selection: pd.DataFrame) -> Tool:
    """All graded tokens of the difference; arguments are columns as of `closed_set.tokens_shown`."""
    shown = selection[selection["vector"] == "difference"].sort_values("rank")

    async def execute(position: int, readout: str) -> str:
        """All graded tokens that a readout found in the difference at a position, with probabilities. Free.

        Args:
            position: The position, counted from 0.
            readout: Either "logit_lens" or "patchscope".
        """
        if readout not in TOKENS:
            raise ToolError(f"There is no readout {readout!r}; readouts are {' and '.join(TOKENS)}.")
        rows = shown[shown["readout"] == readout]
        rows = rows[rows["position"] == _known(position, sorted({int(found) for found in rows["position"]}))]
        return "\n".join(f"{r['rank']}. {r['token']!r} {r['probability']:.3g}" for _, r in rows.iterrows())

    return execute


@tool(parallel=False)
def steering_samples(steered: Rows, characters: int) -> Tool:
    """More of the answers that steering stored; each call shows ones that were not shown before.

    Args:
        steered: answers steered by the difference, with `position`, `prompt` and `text`, less those of the overview.
        characters: after which a text is cut.
    """
    waiting: dict[int, Rows] = {}
    for row in steered:
        waiting.setdefault(row["position"], []).append(row)

    async def execute(position: int, n: int) -> str:
        """Further stored answers of the finetuned model, steered by the difference of a position. Free.

        Args:
            position: The position, counted from 0.
            n: How many.
        """
        rows = waiting[_known(position, sorted(waiting))]
        if n < 1:
            raise ToolError("n must be at least 1.")
        shown = [rows.pop(0) for _ in range(min(n, len(rows)))]
        texts = [f"To the prompt {row['prompt']!r}:\n{row['text'][:characters]}" for row in shown]
        return "\n\n".join([*texts, f"({len(rows)} more are stored for this position.)"])

    return execute


@tool(parallel=False)
def ask_model(pair: ModelPair, budget: Budget) -> Tool:
    """Answers of both models to the agent's own prompts."""

    async def execute(prompts: list[str]) -> str:
        """Have both models answer prompts in chat. Costs one interaction for each prompt.

        Args:
            prompts: The prompts, each the first message of a conversation of its own.
        """
        if not prompts:
            raise ToolError("prompts must hold at least one prompt.")
        _check_text(prompts)
        if refusal := budget.refusal(len(prompts)):
            return refusal
        parts = []
        for prompt in prompts:
            seed = budget.spend()
            answers = [f"{heading}:\n{pair.answer(name, prompt, seed)}" for name, heading in NAMES.items()]
            parts.append("\n\n".join([f"To the prompt {prompt!r}:", *answers]))
        return "\n\n".join([*parts, budget.left()])

    return execute


@tool(parallel=False)
def generate_steered(pair: ModelPair, difference: torch.Tensor, strengths: dict[int, float], budget: Budget) -> Tool:
    """The finetuned model's steered answer to the agent's own prompt.

    Args:
        pair: the models.
        difference: a vector for each position, shape (positions, d_model), float32.
        strengths: for each position the strength at which the stored answers were steered, of the raw vector.
        budget: an answer costs one interaction.
    """

    async def execute(prompt: str, position: int, strength: float) -> str:
        """Have the finetuned model answer a prompt while the difference of a position steers it. Costs one interaction.

        Args:
            prompt: The prompt.
            position: The position, counted from 0.
            strength: How strongly; 1.0 is as strong as in the stored answers, 0.0 not at all.
        """
        chosen = strengths[_known(position, sorted(strengths))]
        shift = strength * chosen * difference[position].float()
        # Models compute squares of what is added to their activations.
        if not torch.isfinite(shift.square().sum()):
            raise ToolError("strength must be a finite number, and not so large that float32 overflows; try 1.0.")
        _check_text([prompt])
        if refusal := budget.refusal(1):
            return refusal
        answer = pair.steered(prompt, shift, budget.spend())
        return f"{answer}\n\n{budget.left()}"

    return execute


@tool(name="submit")
def submit_answer(keep: Callable[[str], None]) -> Tool:
    """Ends the investigation; `keep` is given the answer."""

    async def execute(answer: str) -> str:
        """Submit what you found and end the investigation.

        Args:
            answer: What the finetuning was for, in plain prose.
        """
        keep(answer)
        return answer

    return execute
