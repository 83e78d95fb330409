"""The config of the interpretability agent."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from paper_replication.settings.identification import Agent, Budgets
from paper_replication.settings.llm import NOT_RUN, RequestSettings, without_key

Positive = Annotated[int, Field(gt=0)]
# Every interaction has a seed of its own, and those of one run of the agent lie together.
SEEDS_OF_A_RUN = 1000


class AgentSettings(RequestSettings):
    """Which LLM is the agent, which one grades it, and what the agent may do.

    `model` and `grader` are Inspect's names, such as openai-api/local/NAME; "none" means that no agent is run. Keys are
    never written here: Inspect reads them from the environment. An agent is run `runs` times for each of its `budgets`
    of interactions, with at most `max_messages` messages, and each of its answers graded `grader_repeats` times; a
    grade that cannot be read is asked for again, `grader_attempts` times in all. Each position shows its first `tokens`
    tokens; a stored text is cut after `characters`. The finetuned and the base model answer the agent with at most
    `new_tokens` tokens, sampled at `answer_temperature`. `seed` is of these answers, and of the bootstrap over
    organisms.
    """

    model: Annotated[str, Field(min_length=1)]
    base_url: str | None = None
    grader: Annotated[str, Field(min_length=1)]
    grader_base_url: str | None = None
    budgets: dict[Agent, Budgets]
    runs: Positive
    grader_repeats: Positive
    grader_attempts: Positive
    max_messages: Annotated[int, Field(gt=3)]
    tokens: Positive
    characters: Positive
    new_tokens: Positive
    answer_temperature: Annotated[float, Field(gt=0)]
    seed: int
    precision: Literal["bfloat16", "float32"] = "bfloat16"

    @property
    def runs_at_all(self) -> bool:
        """Whether there is an LLM to run."""
        return self.model != NOT_RUN

    @field_validator("base_url", "grader_base_url")
    @classmethod
    def _holds_no_key(cls, url: str | None, info: ValidationInfo) -> str | None:
        return without_key(url, f"agent.{info.field_name}")

    @model_validator(mode="after")
    def _is_graded(self) -> "AgentSettings":
        if self.runs_at_all and self.grader == NOT_RUN:
            raise ValueError("grader must name an LLM, since model does")
        return self

    @model_validator(mode="after")
    def _seeds_differ(self) -> "AgentSettings":
        if any(budget >= SEEDS_OF_A_RUN for budgets in self.budgets.values() for budget in budgets):
            raise ValueError(f"budgets: a budget must be less than {SEEDS_OF_A_RUN}")
        return self
