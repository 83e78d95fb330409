"""Asking an LLM many things at once, each until its answer can be read, with all answers cached and kept."""

import asyncio
import contextlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from inspect_ai.model import CachePolicy
from tqdm.asyncio import tqdm

from paper_replication.errors import UserError
from paper_replication.llm import advice, forget_unusable, is_broken, load_llm, redacted, surroundings, tokens_and_cost
from paper_replication.settings.llm import holds_secret
from paper_replication.settings.llm_judges import LlmJudgeSettings

# Questions that are asked at the same time; as many as Inspect begins with.
AT_ONCE = 20
# Or an LLM that always answers the same, as at temperature 0, would.
AGAIN = "\n\nAn earlier answer to this could not be read: end with the JSON object alone, on a line of its own."
Exchanges = tuple[list[dict[str, Any]], Any]
Outcome = Exchanges | UserError


@dataclass(frozen=True)
class Question:
    """One thing to ask.

    Attributes:
        prompt: the message.
        parse: from an answer to what it says; None where it cannot be read.
        rotation: which of several orders it shows; prompts that are equal in two orders are asked twice.
    """

    prompt: str
    parse: Callable[[str], Any]
    rotation: int = 0


class Asker:
    """Asks one LLM; used in a `with` statement.

    Args:
        settings: which LLM, and how often.
        cache: folder of cached answers; the same question is never paid twice, and what was answered before a failure
            is kept.

    Attributes:
        exchanges: every prompt with its answer, attempt, tokens and cost, in the order of the questions.
    """

    def __init__(self, settings: LlmJudgeSettings, cache: Path) -> None:
        self.name, self.exchanges = settings.model, []
        self._settings, self._cache = settings, Path(cache)

    def __enter__(self) -> "Asker":
        with contextlib.ExitStack() as stack:
            scratch = stack.enter_context(tempfile.TemporaryDirectory())
            stack.enter_context(surroundings(self._cache, scratch))
            self._llm = load_llm(self._settings.model, self._settings.base_url, self._settings)
            # One event loop for all questions: the client's connections belong to the loop that they were opened in.
            self._runner = stack.enter_context(asyncio.Runner())
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def ask(self, questions: list[Question], what: str) -> list[Any]:
        """What each answer says, in the order of the questions; `what` is for the progress bar.

        Raises:
            UserError: the LLM could not be reached or refused, an answer could not be read however often it was asked
                for, or an answer has a key of the environment in it. Whatever else was being asked is answered first.
        """
        found = self._runner.run(self._ask_all(questions, what))
        if failed := [outcome for outcome in found if isinstance(outcome, UserError)]:
            raise UserError(f"{failed[0]}{forget_unusable(self._cache)}")
        self.exchanges += [exchange for exchanges, _ in found for exchange in exchanges]
        return [said for _, said in found]

    async def _ask_all(self, questions: list[Question], what: str) -> list[Outcome]:
        places, stopped = asyncio.Semaphore(AT_ONCE), []

        async def outcome(question: Question) -> Outcome:
            async with places:
                # An endpoint that is down would be tried again for each of the questions that wait.
                if stopped:
                    return stopped[0]
                try:
                    return await self._ask_one(question)
                except UserError as error:
                    return error
                except Exception as error:
                    # Providers raise whatever their clients do.
                    problem = f"The LLM judge {self.name} stopped: {redacted(str(error)) or type(error).__name__}"
                    stopped.append(UserError(f"{problem}\n{advice(self.name, self._cache)}"))
                    return stopped[0]

        return await tqdm.gather(*map(outcome, questions), desc=what)

    async def _ask_one(self, question: Question) -> Exchanges:
        exchanges = []
        for attempt in range(self._settings.attempts):
            # Equal prompts in other orders, and further attempts, must not be answered from one another's cache.
            scopes = {"rotation": str(question.rotation), "attempt": str(attempt)}
            policy = CachePolicy(expiry=None, per_epoch=False, scopes=scopes)
            prompt = question.prompt + (AGAIN if attempt else "")
            output = await self._llm.generate(prompt, cache=policy)
            answer = output.completion
            if holds_secret(answer):
                raise UserError(f"An answer of {self.name} has a key of the environment in it; see what it sends back.")
            if is_broken(answer):
                raise UserError(f"An answer of {self.name} has half of a surrogate pair in it, which no file can hold.")
            asked = {"rotation": question.rotation, "attempt": attempt, "prompt": prompt, "answer": answer}
            exchanges.append(asked | tokens_and_cost([output.usage], self._settings.prices.get(self.name)))
            if (said := question.parse(answer)) is not None:
                return exchanges, said
        raise UserError(
            f"The LLM judge {self.name} gave no answer that can be read in {len(exchanges)} attempts; the last ends "
            f"with {exchanges[-1]['answer'][-200:]!r}. Its last line must be the JSON object that the prompt asks for; "
            "name another LLM as llm_judges.model, or raise llm_judges.attempts."
        )
