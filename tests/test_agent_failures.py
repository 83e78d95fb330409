"""What can go wrong between the interpretability agent and its LLMs: calls, endpoints, grades, keys."""

# ruff: noqa: F401, F811

import json
import os
import pickle
import shutil
import struct
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from paper_replication.errors import UserError
from paper_replication.provenance.hashing import sha256_path
from paper_replication.provenance.record import write_record

pytest.importorskip("inspect_ai", reason="inspect-ai is not installed here; `make` installs it from the lock")

from agent_runs import KEY, all_text, endpoint, inputs, key, moved, run_files, run_step
from endpoint import DIES, SCRIPT, scripted, tool_call
from evidence_samples import candidates
from inspect_ai.log import read_eval_log
from inspect_ai.model import ModelOutput

from paper_replication.files import write_table
from paper_replication.llm import forget_unusable, redacted
from paper_replication.steps.agent_ordinal_table import agent_ordinal_table
from paper_replication.steps.agent_table import agent_table

MALFORMED = [
    ("token_details", '{"position": 0, "readout":'),
    ("delete_everything", {}),
    ("token_details", {"position": "first", "readout": "patchscope"}),
    ("ask_model", {"prompts": 7}),
    ("ask_model", {}),
    ("generate_steered", {"prompt": "the sea", "position": 0, "strength": "very"}),
    ("generate_steered", {"prompt": "the sea", "position": 0, "strength": 1e39}),
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


def test_a_broken_adapter_fails_before_anything_is_asked(run_step, run_files, endpoint, tmp_path):
    broken = tmp_path / "run"
    shutil.copytree(run_files, broken)
    (broken / "adapter" / "adapter_config.json").unlink()
    server = endpoint()
    with pytest.raises(UserError, match=r"cannot be loaded.*adapter_config"):
        run_step(server.url, run_files=broken)
    assert server.requests == []


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
    with pytest.raises(UserError, match="run again, with the endpoint at the same address: answers"):
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
    with pytest.raises(UserError, match=r"no grade in 3 answers; the last ends with 'Good work!'") as error:
        run_step(never.url, out=tmp_path / "never", runs=1)
    # It is not the endpoint that failed.
    assert str(error.value).startswith("The grader gave no grade")
    assert "can be reached" not in str(error.value)
    assert not (tmp_path / "never" / "grades.csv").exists()


# Keys and failures, as the workflow runs the step


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
    # What it leaves behind among temporary files is looked through as well.
    temporary = out / "temporary"
    temporary.mkdir()
    environment = os.environ | {"TMPDIR": str(temporary)}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=environment)


def test_a_key_of_the_environment_is_in_no_file(run_files, tiny_folder, tmp_path, endpoint, key):
    # The endpoint repeats the key in its errors.
    server = endpoint(faults={2: 500})

    done = start_job(run_files, tiny_folder, tmp_path, server.url, runs=1, max_retries=3)
    assert done.returncode == 0, done.stderr[-3000:]
    made = {"log.eval", "grades.csv", "log.eval.record.json", "cache", "temporary"}
    assert made == {path.name for path in tmp_path.iterdir()}
    ranked, tables = tmp_path / "closed_set.csv", [tmp_path / name for name in ("agent.csv", "agent_summary.csv")]
    write_table(ranked, candidates("oven", [3, 1, 2], truth="oven"))
    agent_table(0, [ranked], [tmp_path / "grades.csv"], *tables)
    agent_ordinal_table([tmp_path / "grades.csv"], tmp_path / "agent_ordinal.csv")
    assert all(b"openai-api/local/grader" in path.read_bytes() for path in tables)
    text = all_text(tmp_path) + (done.stdout + done.stderr).encode()
    assert b"precious metal" in text
    assert KEY.encode() not in text
    assert b"another-key-1234567890" not in text


def test_an_endpoint_that_is_unreachable(run_step, tmp_path):
    with pytest.raises(UserError, match="can be reached"):
        run_step("http://127.0.0.1:9/v1", runs=1)
    assert [path.name for path in tmp_path.iterdir() if path.name != "cache"] == []


def test_an_endpoint_that_refuses(run_files, tiny_folder, tmp_path, endpoint, key):
    done = start_job(run_files, tiny_folder, tmp_path, endpoint(faults={2: 401}).url, runs=1)

    assert done.returncode == 1
    assert "error: The agent's task stopped: " in done.stderr
    assert "can be reached" in done.stderr
    assert "Traceback" not in done.stderr.split("error: The agent's task stopped")[-1]
    assert [path.name for path in tmp_path.iterdir() if path.name not in ("cache", "temporary")] == []
    assert KEY not in done.stdout + done.stderr
    assert KEY.encode() not in all_text(tmp_path)


def test_a_missing_key_or_provider_says_what_to_set(run_step, monkeypatch):
    monkeypatch.delenv("LOCAL_API_KEY")
    with pytest.raises(UserError, match=r"cannot be used(.|\n)*LOCAL_API_KEY"):
        run_step("http://127.0.0.1:9/v1")
    with pytest.raises(UserError, match="'nobody/model' cannot be used"):
        run_step("http://127.0.0.1:9/v1", model="nobody/model")


@pytest.mark.parametrize("word", ["local/agent", "assistant"])
def test_a_key_that_every_answer_would_have_in_it_is_refused(run_step, endpoint, monkeypatch, word):
    server = endpoint()
    monkeypatch.setenv("LOCAL_API_KEY", word)
    with pytest.raises(UserError, match="no answer could be kept"):
        run_step(server.url)
    assert server.requests == []


def test_an_address_of_the_environment_must_hold_no_key_either(run_step, monkeypatch):
    monkeypatch.setenv("LOCAL_BASE_URL", "http://me:opensesame@127.0.0.1:9/v1")
    with pytest.raises(UserError, match=r"The address of openai-api/local/agent: .*no user") as error:
        run_step(None, runs=1)
    assert "opensesame" not in str(error.value)


def test_without_an_llm_there_is_nothing_to_run(run_step):
    with pytest.raises(UserError, match=r"agent\.model is 'none'"):
        run_step(None, model="none", grader="none")


@pytest.mark.parametrize("secret", [KEY, 'a key"with a quote'])
def test_a_log_that_would_hold_a_key_is_not_kept(run_step, endpoint, tmp_path, monkeypatch, secret):
    monkeypatch.setenv("ANOTHER_KEY", secret)
    server = endpoint(lambda body: scripted(body, [("submit", {"answer": f"The key is {secret}"})]))
    with pytest.raises(UserError, match=r"key from the environment would be in the log.* was in them: 1"):
        run_step(server.url, runs=1)
    assert not (tmp_path / "log.eval").exists()
    assert secret.encode() not in all_text(tmp_path)
    # The answer is asked for again, and may be a better one.
    assert set(run_step(endpoint(port=moved(server)).url, runs=1)["grade"]) == {4}


def test_an_answer_that_is_no_text_is_asked_for_again_by_the_next_run(run_step, endpoint):
    # Inspect can read it, but not write it into its log.
    script = [("ask_model", {"prompts": ["the sea"]}), ("ask_model", '{"prompts": ["half of a pair: \\ud800"]}')]
    server = endpoint(lambda body: scripted(body, [*script, ("submit", {"answer": "A game."})]))
    with pytest.raises(UserError, match=r"half of a surrogate pair was in them: 1\."):
        run_step(server.url, runs=1)
    found = run_step(endpoint(port=moved(server)).url, runs=1)
    assert set(found["grade"]) == {4}


def test_only_what_no_run_can_use_is_forgotten(tmp_path, key):
    # The bytes of this number are those of half a surrogate pair.
    seconds = struct.unpack(">d", b"?\xed\xa0\x80\0\0\0\0")[0]
    texts = {"good": "Grade: 4", "half": "\ud800", "key": KEY, "whole": "\U0001f600"}
    for name, text in texts.items():
        answer = ModelOutput.from_content("local", text).model_copy(update={"time": seconds})
        (tmp_path / name).write_bytes(pickle.dumps((None, answer)))
    # As another job has it that is writing at the moment.
    (tmp_path / "partial").write_bytes((tmp_path / "good").read_bytes()[:40])
    assert forget_unusable(tmp_path).endswith("in them: 2.")
    assert {path.name for path in tmp_path.iterdir()} == {"good", "whole", "partial"}
    assert forget_unusable(tmp_path) == ""


def test_a_key_in_an_answer_before_a_failure_is_not_left_in_the_cache(run_step, endpoint, tmp_path):
    script = [("ask_model", {"prompts": [KEY]}), ("submit", {"answer": "A game."})]
    server = endpoint(lambda body: scripted(body, script), faults=dict.fromkeys(range(2, 9), 500))
    with pytest.raises(UserError, match=r"was in them: 1\."):
        run_step(server.url, runs=1)
    assert KEY.encode() not in all_text(tmp_path)


def test_messages_are_rid_of_keys(key, monkeypatch):
    assert redacted(f"401 for {KEY}: refused") == "401 for [key]: refused"
    # Another key begins as this one does.
    monkeypatch.setenv("A_TOKEN", KEY[:20])
    assert redacted(f"401 for {KEY}: refused") == "401 for [key]: refused"
