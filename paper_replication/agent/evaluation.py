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
from paper_replication.llm import load_llm as load_llm  # the step has all that it runs a task with from here
from paper_replication.llm import redacted, secrets, surroundings


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
