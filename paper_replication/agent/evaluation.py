"""Running a task through Inspect, its answers cached and its log kept; and the log as a table."""

import shutil
import tempfile
from pathlib import Path

import pandas as pd
from inspect_ai import Task, eval  # noqa: A004
from inspect_ai.event import ModelEvent
from inspect_ai.log import EvalLog, EvalSample, read_eval_log
from inspect_ai.model import Model

from paper_replication.agent.grading import GRADER
from paper_replication.errors import UserError
from paper_replication.llm import advice, forget_unusable, redacted, surroundings, tokens_and_cost
from paper_replication.settings.llm import Price, holds_secret


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
        UserError: an LLM could not be reached or refused, no grade could be read, or a key would be in the log.
    """
    with tempfile.TemporaryDirectory() as scratch, surroundings(cache, scratch):
        options = {"log_dir": scratch, "log_format": "eval", "log_realtime": False, "log_model_api": False}
        # Runs go one after another: while a local model answers one of them, requests of the others would time out.
        # Nothing is displayed, since Inspect would print the errors of endpoints, keys and all.
        options |= {"max_samples": 1, "display": "none", "ctl_server": False, "debug_errors": True}
        # Or the middle of what a tool says is left out from 16 KiB on: whole answers, of which each was an interaction.
        options["max_tool_output"] = 0
        try:
            log = eval(task, model=model, model_roles={GRADER: grader}, **options)[0]
        except UserError as error:
            raise UserError(f"{redacted(str(error))}{forget_unusable(cache)}") from None
        except Exception as error:
            # Providers raise whatever their clients do.
            problem = f"{type(error).__name__}: {redacted(str(error))}{forget_unusable(cache)}"
            raise UserError(f"The agent's task stopped: {problem}\n{advice(f'{model} and {grader}', cache)}") from None
        if log.status != "success":
            raise UserError(f"The agent's task was {log.status}.{forget_unusable(cache)}\n{advice(str(model), cache)}")
        log = read_eval_log(log.location)
        if holds_secret(log.model_dump_json()):
            raise UserError(
                f"A key from the environment would be in the log, which is not kept.{forget_unusable(cache)} See what "
                "the endpoint sends back, then run again."
            )
        shutil.copyfile(log.location, target)
        return log


def _tokens(sample: EvalSample, grader: bool, price: Price | None) -> dict[str, float | None]:
    """Tokens and cost of the agent's or the grader's answers."""
    events = [event for event in sample.events if isinstance(event, ModelEvent) and not event.error]
    return tokens_and_cost([event.output.usage for event in events if (event.role == GRADER) == grader], price)


def grades_table(log: EvalLog, price: Price | None, grader_price: Price | None) -> pd.DataFrame:
    """One row a run and repeat of its grade; prices are of the agent and of its grader.

    Columns: `run` and `grader_repeat` from 0, `grade`, `answer`, whether one was `submitted`, `interactions`; tokens
    and cost (US dollars, empty where unknown) of the whole run, and the grader's under `grader_...`.
    """
    rows = []
    for sample in sorted(log.samples, key=lambda sample: sample.epoch):
        score = sample.scores["rubric"]
        of_run = {"answer": score.answer, "submitted": int("answer" in sample.store)}
        of_run |= {"interactions": sample.store["interactions"]} | _tokens(sample, False, price)
        of_run |= {f"grader_{name}": value for name, value in _tokens(sample, True, grader_price).items()}
        for repeat, grade in enumerate(score.metadata["grades"]):
            rows.append({"run": sample.epoch - 1, "grader_repeat": repeat, "grade": grade} | of_run)
    return pd.DataFrame(rows)
