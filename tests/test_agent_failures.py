"""What can go wrong between the interpretability agent and its LLMs: calls, endpoints, grades, keys."""

# ruff: noqa: F401, F811

import json
import os
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from paper_replication.errors import UserError
from paper_replication.provenance.hashing import sha256_path
from paper_replication.provenance.record import write_record

pytest.importorskip("inspect_ai", reason="inspect-ai is not installed here; `make` installs it from the lock")

from agent_runs import KEY, endpoint, inputs, key, run_files, run_step
from endpoint import DIES, SCRIPT, scripted, tool_call
from evidence_samples import candidates
from inspect_ai.log import read_eval_log

from paper_replication.files import write_table
from paper_replication.llm import redacted
from paper_replication.steps.agent_ordinal_table import agent_ordinal_table
from paper_replication.steps.agent_table import agent_table

MALFORMED = [
    ("token_details", '{"position": 0, "readout":'),
    ("delete_everything", {}),
    ("token_details", {"position": "first", "readout": "patchscope"}),
    ("ask_model", {"prompts": 7}),
    ("ask_model", {}),
    ("generate_steered", {"prompt": "the sea", "position": 0, "strength": "very"}),
]


def all_bodies(requests):
    return Counter(json.dumps(body, sort_keys=True) for body in requests)


# The agent's calls


def test_malformed_calls_are_answered_with_errors_and_cost_nothing(run_step, endpoint, tmp_path):
    script = [*MALFORMED, ("ask_model", {"prompts": ["the cake"]}), ("submit", {"answer": "A game."})]
    found = run_step(endpoint(lambda body: scripted(body, script)).url, runs=1)
    assert found[["grade", "submitted", "interactions"]].to_numpy().tolist() == [[4, 1, 1]] * 2
    log = read_eval_log(str(tmp_path / "log.eval"))
    results = [message for message in log.samples[0].messages if message.role == "tool"]
    assert [result.error is not None for result in results] == [True] * len(MALFORMED) + [False] * 2
    assert "delete_everything" in results[1].error.message


# The endpoint


@pytest.mark.parametrize("fault", [429, 500, 16.0], ids=["too much to do", "fails", "sleeps"])
def test_what_fails_once_is_asked_once_more(run_step, endpoint, fault):
    server = endpoint(faults={2: fault})
    found = run_step(server.url, runs=1, max_retries=3, timeout_seconds=8)
    assert found["grade"].tolist() == [4, 4]
    assert server.requests[1] == server.requests[2]
    assert all_bodies(server.answered) == all_bodies(server.requests[:1] + server.requests[2:])
    assert len(server.answered) == len(SCRIPT) + 2


def test_an_endpoint_that_never_answers_in_time_is_an_error(run_step, endpoint):
    server = endpoint(faults=dict.fromkeys(range(1, 9), 6.0))
    with pytest.raises(UserError, match="can be reached"):
        run_step(server.url, runs=1, timeout_seconds=1)
    assert server.answered == []


@pytest.mark.parametrize("faults", [dict.fromkeys(range(3, 99), 500), {11: DIES}], ids=["fails", "killed"])
def test_the_next_run_resumes_and_what_was_answered_is_not_asked_again(run_step, endpoint, tmp_path, faults):
    first = endpoint(faults=faults)
    with pytest.raises(UserError, match="run again: answers that came are kept"):
        run_step(first.url)
    assert not (tmp_path / "log.eval").exists()
    assert not (tmp_path / "grades.csv").exists()
    assert len(first.answered) == min(faults) - 1
    if not first.dead:
        first.stop()
    assert first.closed.wait(60)
    second, whole = endpoint(port=first.port), endpoint()
    found = run_step(second.url)
    assert found.equals(run_step(whole.url, out=tmp_path / "whole"))
    assert all_bodies(first.answered + second.requests) == all_bodies(whole.requests)
    assert len(whole.requests) == 2 * (len(SCRIPT) + 2)


def test_a_grade_that_cannot_be_read_is_asked_for_again_and_then_an_error(run_step, endpoint, tmp_path):
    def reluctant(body):
        graded = sum(request["model"] == "grader" for request in server.requests)
        return scripted(body) if body["model"] == "agent" or graded % 2 == 0 else {"content": "Good work!"}

    server = endpoint(reluctant)
    found = run_step(server.url, runs=1)
    assert found["grade"].tolist() == [4, 4]
    assert sum(body["model"] == "grader" for body in server.requests) == 4
    never = endpoint(lambda body: scripted(body) if body["model"] == "agent" else {"content": "Good work!"})
    with pytest.raises(UserError, match=r"no grade in 3 answers; the last ends with 'Good work!'"):
        run_step(never.url, out=tmp_path / "never", runs=1)
    assert not (tmp_path / "never" / "grades.csv").exists()


# Keys and failures, as the workflow runs the step


def all_text(folder):
    """Everything below a folder, archives unpacked."""
    found = b""
    for path in (path for path in Path(folder).rglob("*") if path.is_file()):
        found += path.read_bytes()
        if zipfile.is_zipfile(path):
            # Understands Zstandard, which newer logs are compressed by.
            found += read_eval_log(str(path)).model_dump_json().encode() if path.suffix == ".eval" else b""
    return found


def start_job(run_files, tiny_folder, out, url, **changes):
    """Run the step in a process of its own, its inputs recorded."""
    found = inputs(run_files, tiny_folder, out, url, **changes)
    command = [sys.executable, "-m", "paper_replication.steps.agent", "--record", str(out / "log.eval.record.json")]
    for name in ("selection", "steering", "vectors", "model", "adapter"):
        path = Path(os.path.relpath(found[name]))
        record = {"rule": "made by hand", "inputs": {}, "code": {}, "parameters": {}, "context": {}}
        record["outputs"] = {"it": [{"path": path.as_posix(), "sha256": sha256_path(path)}]}
        write_record(path.with_name(path.name + ".record.json"), record)
    for name, value in found.items():
        if value is not None:
            text = value.model_dump_json() if hasattr(value, "model_dump_json") else str(value)
            command += [f"--{name.replace('_', '-')}", text]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.parametrize("evidence", ["adl", "blackbox"])
def test_a_key_of_the_environment_is_in_no_file(run_files, tiny_folder, tmp_path, endpoint, key, evidence):
    server = endpoint()
    done = start_job(run_files, tiny_folder, tmp_path, server.url, evidence=evidence, runs=1)
    assert done.returncode == 0, done.stderr[-3000:]
    assert {"log.eval", "grades.csv", "log.eval.record.json", "cache"} == {path.name for path in tmp_path.iterdir()}
    ranked, tables = tmp_path / "closed_set.csv", [tmp_path / name for name in ("agent.csv", "agent_summary.csv")]
    write_table(ranked, candidates("oven", [3, 1, 2], truth="oven"))
    agent_table(0, [ranked], [tmp_path / "grades.csv"], *tables)
    agent_ordinal_table([tmp_path / "grades.csv"], tmp_path / "agent_ordinal.csv")
    assert all(b"openai-api/local/grader" in path.read_bytes() for path in tables)
    text = all_text(tmp_path) + (done.stdout + done.stderr).encode()
    assert b"precious metal" in text
    assert KEY.encode() not in text
    assert b"another-key-1234567890" not in text
    assert all(body["messages"] for body in server.requests)


@pytest.mark.parametrize("status", [None, 401])
def test_an_endpoint_that_is_unreachable_or_refuses(run_files, tiny_folder, tmp_path, endpoint, key, status):
    url = "http://127.0.0.1:9/v1" if status is None else endpoint(status=status).url
    done = start_job(run_files, tiny_folder, tmp_path, url, runs=1)
    assert done.returncode == 1
    assert "error: The agent's task stopped: " in done.stderr
    assert "can be reached" in done.stderr
    assert "Traceback" not in done.stderr.split("error: The agent's task stopped")[-1]
    assert [path.name for path in tmp_path.iterdir() if path.name != "cache"] == []
    assert KEY not in done.stdout + done.stderr
    assert KEY.encode() not in all_text(tmp_path)


def test_a_missing_key_or_provider_says_what_to_set(run_step, monkeypatch):
    monkeypatch.delenv("LOCAL_API_KEY")
    with pytest.raises(UserError, match=r"cannot be used(.|\n)*LOCAL_API_KEY"):
        run_step("http://127.0.0.1:9/v1")
    with pytest.raises(UserError, match="'nobody/model' cannot be used"):
        run_step("http://127.0.0.1:9/v1", model="nobody/model")


def test_without_an_llm_there_is_nothing_to_run(run_step):
    with pytest.raises(UserError, match=r"agent\.model is 'none'"):
        run_step(None, model="none", grader="none")


def test_a_log_that_would_hold_a_key_is_not_kept(run_step, endpoint, tmp_path):
    server = endpoint(lambda body: scripted(body, [("submit", {"answer": f"The key is {KEY}"})]))
    with pytest.raises(UserError, match="key from the environment would be in the log"):
        run_step(server.url, runs=1)
    assert not (tmp_path / "log.eval").exists()


def test_messages_are_rid_of_keys(key):
    assert redacted(f"401 for {KEY}: refused") == "401 for [key]: refused"
