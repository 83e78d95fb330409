"""Running a task through Inspect, with answers cached and keys kept out of all files; and its log as a table."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from inspect_ai import Task, eval  # noqa: A004
from inspect_ai.event import ModelEvent
from inspect_ai.log import EvalLog, EvalSample, read_eval_log
from inspect_ai.model import CachePolicy, GenerateConfig, Model, get_model

from paper_replication.agent.grading import GRADER
from paper_replication.errors import UserError
from paper_replication.settings.agent import AgentSettings

SECRETS = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")


def secrets() -> list[str]:
    """The keys in the environment, by the names of their variables; what is too short to be one is left out."""
    return [value for name, value in os.environ.items() if name.upper().endswith(SECRETS) and len(value) >= 8]


def redacted(text: str) -> str:
    """A message without any of the keys; endpoints repeat them in errors."""
    for secret in secrets():
        text = text.replace(secret, "[key]")
    return text


@contextmanager
def surroundings(cache: Path, scratch: str) -> Iterator[None]:
    """Inspect keeps answers in `cache`, and whatever else it writes goes to `scratch`."""
    changes = {"INSPECT_CACHE_DIR": str(cache.resolve()), "XDG_DATA_HOME": scratch}
    changes["INSPECT_TRACE_FILE"] = str(Path(scratch) / "trace.log")
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def load_llm(name: str, base_url: str | None, settings: AgentSettings) -> Model:
    """An LLM by Inspect's name, its answers cached for good.

    Raises:
        UserError: there is no such provider, its package is not installed, or its key or address is not set.
    """
    config = GenerateConfig(
        temperature=settings.temperature,
        max_retries=settings.max_retries,
        timeout=settings.timeout_seconds,
        cache=CachePolicy(expiry=None),
    )
    try:
        return get_model(name, base_url=base_url, config=config, memoize=False)
    except Exception as error:
        # Providers raise whatever their clients do.
        problem = redacted(str(getattr(error, "message", error)))
        raise UserError(
            f"The LLM {name!r} cannot be used: {problem}\nSet its key (and its address, unless the config's base_url "
            "has it) in the environment: for openai-api/local/NAME these are LOCAL_API_KEY and LOCAL_BASE_URL."
        ) from None


def evaluate(task: Task, model: Model, grader: Model, cache: Path, target: Path) -> EvalLog:
    """Run a task and keep Inspect's log; when it fails, nothing is kept but the cached answers.

    Args:
        task: the task.
        model: the agent.
        grader: the LLM of the role "grader".
        cache: folder of cached answers; the same request is never sent twice.
        target: where the log goes, ending in .eval.

    Returns:
        The log as read back.

    Raises:
        UserError: an LLM could not be reached or refused, or a key would be in the log.
    """
    with tempfile.TemporaryDirectory() as scratch, surroundings(cache, scratch):
        options = {"log_dir": scratch, "log_format": "eval", "log_realtime": False, "log_model_api": False}
        # Runs go one after another: while a local model answers one of them, requests of the others would time out.
        # Nothing is displayed, since Inspect would print the errors of endpoints, keys and all.
        options |= {"max_samples": 1, "display": "none", "ctl_server": False}
        log = eval(task, model=model, model_roles={GRADER: grader}, **options)[0]
        if log.status != "success":
            problem = redacted(log.error.message if log.error else log.status)
            raise UserError(
                f"The agent's task stopped: {problem}\nSee that {model} and {grader} can be reached and that their "
                f"keys are valid, then run again: answers that came are kept in {cache} and not asked for again."
            )
        log = read_eval_log(log.location)
        if any(secret in log.model_dump_json() for secret in secrets()):
            raise UserError("A key from the environment would be in the log; see what the endpoint sends back.")
        shutil.copyfile(log.location, target)
        return log


def _tokens(sample: EvalSample, grader: bool) -> dict[str, float]:
    """Tokens and cost of the agent's or the grader's answers, whether they came from the cache or not."""
    events = [event for event in sample.events if isinstance(event, ModelEvent) and not event.error]
    usages = [e.output.usage for e in events if (e.role == GRADER) == grader and e.output.usage is not None]
    costs = [usage.total_cost for usage in usages if usage.total_cost is not None]
    return {
        "input_tokens": sum(u.input_tokens + (u.input_tokens_cache_read or 0) for u in usages),
        "output_tokens": sum(usage.output_tokens for usage in usages),
        "cost_usd": sum(costs) if costs else float("nan"),
    }


def grades_table(log: EvalLog) -> pd.DataFrame:
    """One row a run and repeat of its grade.

    Columns: `run` and `grader_repeat` from 0, `grade`, `answer`, whether one was `submitted`, `interactions`; tokens
    and cost (US dollars, empty where unknown) of the whole run, and the grader's under `grader_...`.
    """
    rows = []
    for sample in sorted(log.samples, key=lambda sample: sample.epoch):
        score = sample.scores["rubric"]
        of_run = {"answer": score.answer, "submitted": int("answer" in sample.store)}
        of_run |= {"interactions": sample.store["interactions"]} | _tokens(sample, grader=False)
        of_run |= {f"grader_{name}": value for name, value in _tokens(sample, grader=True).items()}
        for repeat, grade in enumerate(score.metadata["grades"]):
            rows.append({"run": sample.epoch - 1, "grader_repeat": repeat, "grade": grade} | of_run)
    return pd.DataFrame(rows)
