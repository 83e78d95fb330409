"""The interpretability agent against a real server, which serves two tiny models and the one of the laptop tier."""

# ruff: noqa: F401, F811

import json
import math
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
import torch
from conftest import make_tokenizer
from tokenizers import AddedToken
from transformers import LlamaConfig, LlamaForCausalLM

from paper_replication.errors import UserError

pytest.importorskip("inspect_ai", reason="inspect-ai is not installed here; `make` installs it from the lock")

from agent_runs import endpoint, key, run_files, run_step
from inspect_ai.log import read_eval_log
from inspect_ai.model import GenerateConfig

pytestmark = [pytest.mark.slow, pytest.mark.workflow]

ASK = '<tool_call>{"name": "ask_model", "arguments": {"prompts": ["the cake"]}}</tool_call>'
MALFORMED = '<tool_call>{"name": "ask_model", "arguments": {"prompts": 5}}</tool_call>'
SUBMIT = '<tool_call>{"name": "submit", "arguments": {"answer": "Cakes, I think."}}</tool_call>'
GRADE = "It fits.\nGrade: 4"
# How the server finds calls of tools in what a model says.
RESPONSES = {
    "defaults": {"role": "assistant"},
    "start_anchor": "<|assistant|>\n",
    "fields": {
        "tool_calls": {
            "open_pattern": r"\s*<tool_call>",
            "close": "</tool_call>",
            "repeats": True,
            "content": "json",
            "transform": {"type": "function", "function": "{content}"},
        },
        "content": {"close_pattern": r"\s*<\|end\|>", "content": "text"},
    },
}


def speaker(folder, says):
    """Save a tiny model that says one of some texts, each a token of its own, with odds as given, and then ends.

    Its block adds nothing to the residual stream, and the head reads the next token off the present one's embedding.
    """
    torch.manual_seed(0)
    tokenizer = make_tokenizer(bos=False)
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in says])
    tokenizer.response_template = RESPONSES
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=4,
        max_position_embeddings=4096,
        tie_word_embeddings=False,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
    )
    model = LlamaForCausalLM(config)
    model.generation_config.do_sample = True
    embeddings = torch.nn.functional.normalize(torch.randn(len(tokenizer), 64), dim=-1) * 8
    start = tokenizer("\n", add_special_tokens=False)["input_ids"][-1]
    with torch.no_grad():
        model.model.embed_tokens.weight.copy_(embeddings)
        for module in (model.model.layers[0].self_attn.o_proj, model.model.layers[0].mlp.down_proj, model.lm_head):
            module.weight.zero_()
        for text, odds in says.items():
            token = tokenizer.convert_tokens_to_ids(text)
            # A logit of 64 after its own predecessor, more or less by the odds; of other tokens nearly nothing.
            model.lm_head.weight[token] = embeddings[start] * (1 + math.log(odds) / 64)
            model.lm_head.weight[tokenizer.eos_token_id] += embeddings[token]
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url, process, log, seconds=900):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            urllib.request.urlopen(url, timeout=30).read()
            return
        except OSError:
            time.sleep(1)
    raise AssertionError(f"{url} never answered:\n{log.read_text()[-3000:]}")


@contextmanager
def server(folder, port, log):
    """A server's process; the names of its models are folders below its working directory."""
    program = str(Path(sys.executable).with_name("transformers"))
    command = [program, "serve", "--host", "127.0.0.1", "--port", str(port), "--device", "cpu", "--default-seed", "0"]
    with log.open("w") as stream:
        environment = os.environ | {"HF_HUB_OFFLINE": "1"}
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=stream, stderr=subprocess.STDOUT)
    try:
        wait_for(f"http://127.0.0.1:{port}/health", process, log)
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The folder of the models that are served."""
    folder = tmp_path_factory.mktemp("served")
    speaker(folder / "agent", {ASK: 3, SUBMIT: 1})
    speaker(folder / "clumsy", {MALFORMED: 1, ASK: 1, SUBMIT: 1})
    speaker(folder / "grader", {GRADE: 1})
    return folder


@pytest.fixture(scope="module")
def served(models):
    """The address of a server, its log and its working directory."""
    port, log = free_port(), models / "server.log"
    with server(models, port, log):
        yield f"http://127.0.0.1:{port}/v1", log, models


@pytest.mark.parametrize("evidence", ["adl", "blackbox"])
def test_both_agents_run_to_their_end_within_their_budgets(served, run_step, tmp_path, evidence):
    url, server_log, _ = served
    budget = 1
    found = run_step(url, evidence=evidence, budget=budget, timeout_seconds=600)
    assert found[["run", "grade", "submitted"]].to_numpy().tolist() == [[0, 4, 1], [0, 4, 1], [1, 4, 1], [1, 4, 1]]
    assert set(found["answer"]) == {"Cakes, I think."}
    assert (found["input_tokens"] > 0).all()
    assert (found["output_tokens"] > 0).all()
    log = read_eval_log(str(tmp_path / "log.eval"))
    assert (log.status, log.eval.task) == ("success", evidence)
    for sample in log.samples:
        calls = [call.function for m in sample.messages if m.role == "assistant" for call in m.tool_calls or []]
        asked = [m.text for m in sample.messages if m.role == "tool" and m.function == "ask_model"]
        assert calls == ["ask_model"] * len(asked) + ["submit"]
        interactions = found.loc[found["run"] == sample.epoch - 1, "interactions"]
        assert set(interactions) == {min(budget, len(asked))}
        assert [text.startswith("Refused") for text in asked] == [i >= budget for i in range(len(asked))]
    # The same again is answered from the cache.
    served_before = server_log.read_text().count("POST /v1/chat/completions")
    assert served_before > 0
    assert run_step(url, evidence=evidence, budget=budget, timeout_seconds=600).equals(found)
    assert server_log.read_text().count("POST /v1/chat/completions") == served_before


def test_malformed_calls_and_an_endpoint_that_fails_are_survived(served, run_step, endpoint, tmp_path):
    """The server's answers come through an endpoint that first has too much to do, fails and sleeps."""

    def forward(body):
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{served[0]}/chat/completions", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=600) as answer:
            return json.load(answer)["choices"][0]["message"]

    # A model is loaded when it is first asked, which may take longer than requests may here.
    for model in ("clumsy", "grader"):
        forward({"model": model, "messages": [{"role": "user", "content": "hello"}]})
    proxy = endpoint(forward, faults={1: 429, 3: 500, 5: 16.0})
    options = {"model": "openai-api/local/clumsy", "max_retries": 3, "timeout_seconds": 8}
    found = run_step(proxy.url, budget=1, runs=8, **options)
    assert found["grade"].tolist() == [4] * 16
    assert (found["interactions"] <= 1).all()
    assert [proxy.requests[n] == proxy.requests[n + 1] for n in (0, 2, 4)] == [True] * 3
    assert len(proxy.answered) == len(proxy.requests) - 3
    log = read_eval_log(str(tmp_path / "log.eval"))
    refused = [m for s in log.samples for m in s.messages if m.role == "tool" and m.error is not None]
    assert refused
    assert {message.function for message in refused} == {"ask_model"}


def answers_in(cache):
    """Cached answers, by name, with the time at which each was written."""
    return {path.name: path.stat().st_mtime_ns for path in cache.rglob("*") if path.is_file()}


def test_a_run_whose_server_is_killed_resumes_and_asks_nothing_twice(models, run_step, tmp_path):
    port, cache, logs = free_port(), tmp_path / "cache", [tmp_path / "first.log", tmp_path / "second.log"]
    url = f"http://127.0.0.1:{port}/v1"

    def kill_in_the_middle(process):
        while len(answers_in(cache)) < 2 and process.poll() is None:
            time.sleep(0.005)
        process.kill()

    with server(models, port, logs[0]) as process:
        killer = threading.Thread(target=kill_in_the_middle, args=[process])
        killer.start()
        with pytest.raises(UserError, match="at the same address"):
            run_step(url, budget=1, timeout_seconds=600)
        killer.join()
    before = answers_in(cache)
    assert len(before) >= 2
    with server(models, port, logs[1]):
        found = run_step(url, budget=1, timeout_seconds=600)
    assert found["grade"].tolist() == [4] * 4
    after = answers_in(cache)
    # What was answered stays as it was, and the server has answered the rest alone, each request once.
    assert before.items() <= after.items()
    assert len(after) > len(before)
    assert logs[1].read_text().count("POST /v1/chat/completions") == len(after) - len(before)


@pytest.mark.parametrize("evidence", ["adl", "blackbox"])
def test_runs_of_the_laptop_tiers_model_end_within_their_budgets(
    served, laptop_model, run_step, tmp_path, monkeypatch, evidence
):
    if not (folder := served[-1] / "laptop").exists():
        folder.symlink_to(laptop_model)
    # The server lets an answer run to a thousand tokens unless a request says otherwise.
    monkeypatch.setattr("paper_replication.llm.GenerateConfig", partial(GenerateConfig, max_tokens=24))
    url, budget = served[0], 1
    options = {
        "model": "openai-api/local/laptop",
        "budget": budget,
        "runs": 1,
        "max_messages": 6,
        "timeout_seconds": 600,
    }
    found = run_step(url, evidence=evidence, **options)
    assert (found["interactions"] <= budget).all()
    assert (found["output_tokens"] > 0).all()
    # At this size it hardly calls a tool; what never submits has found nothing, and what does is graded.
    assert (found["grade"] == found["submitted"].map({0: 1, 1: 4})).all()
    log = read_eval_log(str(tmp_path / "log.eval"))
    said = [message.text for message in log.samples[0].messages if message.role == "assistant"]
    assert (log.status, log.eval.task) == ("success", evidence)
    assert any(text.strip() for text in said)
