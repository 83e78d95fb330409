"""The config of LLM judges, which grade again what the offline judges graded."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from paper_replication.settings.llm import NOT_RUN, RequestSettings, without_key

Positive = Annotated[int, Field(gt=0)]


class LlmJudgeSettings(RequestSettings):
    """Which LLM judges, and what.

    `model` is Inspect's name of it, such as openai-api/local/NAME; "none" means that no LLM judges. Keys are never
    written here: Inspect reads them from the environment. A list of tokens is shown in `rotations` orders, and a token
    is relevant if it is in all of them. An answer that cannot be read is asked for again, `attempts` times in all. Of
    the answers of each run, `texts` are judged for coherence, drawn by `seed`, which is also that of the bootstrap of
    `rounds` rounds.
    """

    model: Annotated[str, Field(min_length=1)]
    base_url: str | None = None
    rotations: Positive
    attempts: Positive
    texts: Positive
    rounds: Positive
    seed: int

    @property
    def judges_at_all(self) -> bool:
        """Whether there is an LLM to judge."""
        return self.model != NOT_RUN

    @field_validator("base_url")
    @classmethod
    def _holds_no_key(cls, url: str | None, info: ValidationInfo) -> str | None:
        return without_key(url, f"llm_judges.{info.field_name}")
