"""The two tasks of Inspect: an agent with the evidence of ADL, and one with conversations alone."""

from dataclasses import dataclass
from string import Template

import pandas as pd
import torch
from inspect_ai import Task
from inspect_ai.agent import AgentPrompt, AgentSubmit, as_solver, react
from inspect_ai.dataset import Sample
from inspect_ai.scorer import Scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import Tool

from paper_replication.agent.evidence import Briefing, brief, prompts_of
from paper_replication.agent.models import ModelPair
from paper_replication.agent.tools import (
    Budget,
    ask_model,
    generate_steered,
    steering_samples,
    submit_answer,
    token_details,
)
from paper_replication.closed_set import Rows, steered_in_turn
from paper_replication.settings.agent import AgentSettings
from paper_replication.settings.identification import Agent


@dataclass(frozen=True)
class Case:
    """One finetuned model as the agent may know it.

    Attributes:
        selection: one row a token, as for `closed_set.tokens_shown`, with `probability`.
        steering: one row an answer, as for `closed_set.steered_in_turn`.
        difference: a vector for each position, shape (positions, d_model), float32.
        instructions: the agent's system message, with `$budget` and `$messages`.
        pair: the models that answer.
        settings: the config.
    """

    selection: pd.DataFrame
    steering: Rows
    difference: torch.Tensor
    instructions: Template
    pair: ModelPair
    settings: AgentSettings

    def briefing(self, agent: Agent, budget: int) -> Briefing:
        """What the agent is told before its first turn."""
        settings = self.settings
        told = self.instructions.substitute(budget=budget, messages=settings.max_messages)
        return brief(agent, told, self.selection, self.steering, settings.tokens, settings.characters)

    def further(self) -> Rows:
        """The stored steered answers that the overview does not show."""
        prompts = prompts_of(self.steering)
        return steered_in_turn(self.steering, prompts)[len(prompts) :]

    def strengths(self) -> dict[int, float]:
        """For each position the strength at which its stored answers were steered."""
        return {row["position"]: row["strength"] for row in self.steering if row["vector"] == "difference"}


def adl_tools(case: Case, budget: Budget) -> list[Tool]:
    """The tools of the ADL agent; one set a run, since they share its budget."""
    return [
        token_details(case.selection),
        steering_samples(case.further(), case.settings.characters),
        ask_model(case.pair, budget),
        generate_steered(case.pair, case.difference, case.strengths(), budget),
    ]


def blackbox_tools(case: Case, budget: Budget) -> list[Tool]:
    """The tools of the blackbox agent, which may ask both models as the ADL agent does."""
    return [ask_model(case.pair, budget)]


TOOLS = {"adl": adl_tools, "blackbox": blackbox_tools}


def investigator(case: Case, agent: Agent, budget: int) -> Solver:
    """Inspect's solver: turns of thought and tools until an answer is submitted or the messages run out."""
    told = case.briefing(agent, budget).instructions
    prompt = AgentPrompt(instructions=told, handoff_prompt=None, assistant_prompt=None, submit_prompt=None)

    @solver(name="investigator")
    def investigate() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            left = Budget(budget, state.epoch)
            submit = submit_answer(lambda answer: state.store.set("answer", answer))
            ending = AgentSubmit(tool=submit, answer_only=True, keep_in_messages=True)
            turns = react(prompt=prompt, tools=TOOLS[agent](case, left), submit=ending)
            try:
                return await as_solver(turns)(state, generate)
            finally:
                state.store.set("interactions", left.used)

        return solve

    return investigate()


def task(case: Case, agent: Agent, budget: int, scorer: Scorer) -> Task:
    """The investigation by an agent: "adl" sees the difference's tokens and steered answers, "blackbox" neither."""
    return Task(
        name=agent,
        dataset=[Sample(id=f"budget-{budget}", input=case.briefing(agent, budget).message())],
        solver=investigator(case, agent, budget),
        scorer=scorer,
        epochs=case.settings.runs,
        message_limit=case.settings.max_messages,
    )
