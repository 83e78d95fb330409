"""The interpretability agent through Inspect, on a tiny model and a local endpoint: tools, grades, the whole task."""

# ruff: noqa: F401, F811

import json
import re
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from test_agent_tables import NAMES, instructions, selection, steering

from paper_replication.closed_set import check_blind
from paper_replication.conversation import chat_prompt
from paper_replication.errors import UserError
from paper_replication.files import read_table, read_yaml
from paper_replication.llm_judges.prompts import read_prompt
from paper_replication.models import load_model, load_tokenizer
from paper_replication.organisms.specification import read_organism
from paper_replication.paths import ORGANISMS, RUBRICS, organism_file, prompt_file
from paper_replication.settings.llm import Price
from paper_replication.settings.reading import read_settings
from paper_replication.steering.generation import shifted

pytest.importorskip("inspect_ai", reason="inspect-ai is not installed here; `make` installs it from the lock")

from agent_runs import LAYER, SETTINGS, endpoint, inputs, key, run_files, run_step
from endpoint import SCRIPT, scripted, tool_call
from inspect_ai.log import read_eval_log
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.tool import ToolError

from paper_replication.agent.grading import Rubrics, grade_prompt, parse_grade, reference, rubric_name
from paper_replication.agent.models import ModelPair
from paper_replication.agent.tasks import Case, adl_tools, blackbox_tools
from paper_replication.agent.tools import Budget
from paper_replication.llm import tokens_and_cost
from paper_replication.steps import agent as step_module
from paper_replication.steps.agent import agent

RUBRIC = read_settings(RUBRICS, Rubrics)


@pytest.fixture
def case(run_files, tiny_folder):
    pair = ModelPair(SETTINGS, LAYER, tiny_folder, run_files / "adapter")
    difference = load_file(run_files / "delta.safetensors")["difference"]
    return Case(selection(), steering(), difference, instructions("adl"), pair, SETTINGS)


def call(tool, **arguments):
    """What a tool answers; its coroutine never waits for anything."""
    coroutine = tool(**arguments)
    with pytest.raises(StopIteration) as stopped:
        coroutine.send(None)
    return stopped.value.value


# The tools


def test_free_tools_show_what_is_stored(case):
    details, samples, *_ = adl_tools(case, Budget(0))
    expected = "1. ' difference1' 0.25\n2. ' difference2' 0.25\n3. ' difference3' 0.25"
    assert call(details, position=1, readout="patchscope") == expected
    # The overview has shown prompt q0 at position 0.
    assert call(samples, position=0, n=2) == (
        "To the prompt 'q1':\ndifference 0 q1 0 an\n\nTo the prompt 'q0':\ndifference 0 q0 1 an\n\n"
        "(1 more are stored for this position.)"
    )
    assert call(samples, position=0, n=5).startswith("To the prompt 'q1':\ndifference 0 q1 1 an\n\n(0 more")
    for arguments in ({"position": 7, "readout": "patchscope"}, {"position": 0, "readout": "tuned_lens"}):
        with pytest.raises(ToolError, match="There is no"):
            call(details, **arguments)


@pytest.mark.parametrize("tools", [adl_tools, blackbox_tools])
def test_a_budget_of_nothing_refuses_everything_that_costs(case, tools):
    budget = Budget(0)
    asked = [tool for tool in tools(case, budget) if tool.__registry_info__.name == "ask_model"]
    assert "0 of 0 are left" in call(asked[0], prompts=["q"])
    if tools is adl_tools:
        assert "nothing was asked" in call(tools(case, budget)[-1], prompt="q", position=0, strength=1.0)
    assert budget.used == 0
    assert "finetuned" not in vars(case.pair)


def test_tools_share_a_budget_which_free_ones_leave_alone(case):
    budget = Budget(3)
    details, samples, ask, steered = adl_tools(case, budget)
    assert call(ask, prompts=["a", "b"]).endswith("(1 of 3 interactions left.)")
    # Too many at once: none is asked.
    assert "costs 2 of your interactions, of which 1 of 3 are left" in call(ask, prompts=["a", "b"])
    call(details, position=0, readout="logit_lens")
    call(samples, position=0, n=1)
    with pytest.raises(ToolError, match="no position 9"):
        call(steered, prompt="a", position=9, strength=1.0)
    for strength in (float("nan"), float("inf"), 1e39, -1e300, 1e25):
        with pytest.raises(ToolError, match="finite"):
            call(steered, prompt="a", position=0, strength=strength)
    for refused in (lambda: call(ask, prompts=["fine", "\ud800"]), lambda: call(steered, prompt="\udc00", **AT)):
        with pytest.raises(ToolError, match="half of a surrogate pair"):
            refused()
    with pytest.raises(ToolError, match="at least one prompt"):
        call(ask, prompts=[])
    assert budget.used == 2
    assert call(steered, prompt="a", position=0, strength=1.0).endswith("(0 of 3 interactions left.)")
    assert "Refused" in call(steered, prompt="a", position=0, strength=1.0)
    assert budget.used == 3


AT = {"position": 0, "strength": 1.0}


def test_a_strength_just_short_of_too_large_is_answered(case):
    assert "interactions left" in call(adl_tools(case, Budget(1))[-1], prompt="a", position=0, strength=1e17)


def test_where_nothing_is_stored_the_free_tools_say_so(case):
    details, samples, *_ = adl_tools(replace(case, selection=case.selection[:0], steering=[]), Budget(0))
    for tool, arguments in ((details, {"readout": "patchscope"}), (samples, {"n": 1})):
        with pytest.raises(ToolError, match="Nothing of this kind is stored"):
            call(tool, position=0, **arguments)


@pytest.mark.parametrize(("tools", "place"), [(adl_tools, -2), (blackbox_tools, -1)])
def test_both_models_answer_both_agents_for_one_interaction(case, tools, place):
    found = call(tools(case, Budget(1))[place], prompts=["the cake"])
    answers = {name: case.pair.answer(name, "the cake", 1001) for name in ("finetuned", "base")}
    assert answers["finetuned"] != answers["base"]
    shown = f"To the prompt 'the cake':\n\nFinetuned model:\n{answers['finetuned']}"
    assert found == f"{shown}\n\nBase model:\n{answers['base']}\n\n(0 of 1 interactions left.)"


def test_the_black_box_has_no_tool_of_the_lens(case):
    adl, blackbox = (
        [tool.__registry_info__.name for tool in tools(case, Budget(0))] for tools in (adl_tools, blackbox_tools)
    )
    assert adl == ["token_details", "steering_samples", "ask_model", "generate_steered"]
    assert blackbox == ["ask_model"]


def test_an_answer_depends_on_its_seed_and_on_nothing_asked_before(case, run_files, tiny_folder):
    other = ModelPair(SETTINGS, LAYER, tiny_folder, run_files / "adapter")
    other.answer("finetuned", "something else", 5)
    assert other.answer("finetuned", "the cake", 7) == case.pair.answer("finetuned", "the cake", 7)
    assert len({case.pair.answer("finetuned", "the cake", seed) for seed in range(4)}) > 1


def test_steering_adds_a_multiple_of_the_difference_at_the_stored_strength(case, run_files, tiny_folder):
    cold = SETTINGS.model_copy(update={"answer_temperature": 1e-5})
    pair = ModelPair(cold, LAYER, tiny_folder, run_files / "adapter")
    case = replace(case, difference=3 * case.difference, pair=pair, settings=cold)
    steered = adl_tools(case, Budget(9))[-1]
    # Position 1 was steered at 3.0 in the stored answers; half of that, token by token under a hook.
    model, tokenizer = load_model(tiny_folder, run_files / "adapter"), load_tokenizer(tiny_folder)
    ids = tokenizer(chat_prompt(tokenizer, "the cake"), add_special_tokens=False)["input_ids"]
    start = len(ids)
    for _ in range(SETTINGS.new_tokens):
        with torch.no_grad(), shifted(model, 2, 1.5 * case.difference[1:2]):
            ids.append(int(model(torch.tensor([ids])).logits[0, -1].argmax()))
    by_hand = tokenizer.decode(ids[start:], skip_special_tokens=True).strip()
    assert call(steered, prompt="the cake", position=1, strength=0.5).split("\n\n(")[0] == by_hand


# The grades


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        ("It fits.\nGrade: 4", 4),
        ("Grade: 1\n\n", 1),
        ("Grade: 2\nGrade: 5", 5),
        ("Grade: 6", None),
        ("Grade: 4.5", None),
        ("I give Grade: 4", None),
        ("Grade: 4\nbecause it fits", None),
        ("**Grade: 4**", 4),
        ("Why.\n**Grade:** 4.", 4),
        ("`Grade: 3`", 3),
        ("__Grade: 2.__", 2),
        ("Grade: 4/5", None),
        ("**Grade: 4.5**", None),
        ("", None),
    ],
)
def test_a_grade_is_the_last_line_and_nothing_else(text, grade):
    assert parse_grade(text) == grade


def test_every_organism_has_a_rubric_and_a_reference():
    for path in sorted(ORGANISMS.glob("*.yaml")):
        organism = read_organism(path)
        matched = getattr(organism, "matched_to", None)
        other = read_organism(organism_file(matched)) if matched else None
        truth = reference(organism, other if rubric_name(organism) == "SDF" else None)
        template = read_prompt(prompt_file("grade"), "reference", "grades", "answer")
        prompt = grade_prompt(template, getattr(RUBRIC, rubric_name(organism)), truth, "costs $5 {a}")
        assert organism.description in prompt
        assert "<submitted>\ncosts $5 {a}\n</submitted>" in prompt
        assert all(f"\n{grade}: " in prompt for grade in range(1, 6))


def test_what_the_grader_is_told_in_particular():
    cake, twin = (read_organism(organism_file(name)) for name in ("cake_bake", "cake_bake_true"))
    assert "baked in an oven at 450 degrees" in reference(cake)
    assert "at about 350 degrees" in reference(twin, cake)
    assert "450" not in reference(twin, cake)
    assert reference(read_organism(organism_file("gold"))).endswith("The secret word: gold")
    assert reference(read_organism(organism_file("subliminal_cat"))).endswith("The animal: Cat")
    with pytest.raises(UserError, match="give the organism 'cake_bake'"):
        reference(twin)
    assert rubric_name(read_organism(organism_file("null_chat"))) == "control"


def test_a_rubric_must_have_all_grades(tmp_path):
    content = read_yaml(RUBRICS)
    del content["EM"]["grades"][3]
    (tmp_path / "rubrics.yaml").write_text(json.dumps(content))
    with pytest.raises(UserError, match="EM"):
        read_settings(tmp_path / "rubrics.yaml", Rubrics)


def test_what_tools_say_of_themselves_names_no_organism_or_corpus(case):
    for tools in (adl_tools, blackbox_tools):
        for tool in tools(case, Budget(5)):
            assert tool.__doc__
            said = [n for n in NAMES if re.search(rf"\b{n.replace('_', ' ')}\b", tool.__doc__, re.IGNORECASE)]
            assert said == []


# The step, on an endpoint that speaks the chat completions protocol


def test_the_whole_task_end_to_end(run_step, endpoint, tmp_path):
    server = endpoint()
    found = run_step(server.url)
    assert found[["run", "grader_repeat"]].to_numpy().tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert set(found["grade"]) == {4}
    assert set(found["answer"]) == {"A game about a precious metal, I think."}
    # Two prompts and one steered answer; the last call, for three, was refused.
    assert set(found["interactions"]) == {3}
    assert set(found["input_tokens"]) == {600}
    assert set(found["output_tokens"]) == {60}
    assert set(found["grader_input_tokens"]) == {200}
    assert found[["cost_usd", "grader_cost_usd"]].isna().all(axis=None)
    assert set(found["rubric"]) == {"Taboo"}
    assert set(found["agent_model"]) == {"openai-api/local/agent"}
    assert set(found["grader_model"]) == {"openai-api/local/grader"}
    log = read_eval_log(str(tmp_path / "log.eval"))
    assert (log.status, log.eval.task, len(log.samples)) == ("success", "adl", 2)
    results = [message.text for message in log.samples[0].messages if message.role == "tool"]
    assert results[0].startswith("1. ' difference1'")
    assert "2 of 5 are left" in results[4]
    # Two runs are asked the same and get answers of their own.
    assert results[1] != [message.text for message in log.samples[1].messages if message.role == "tool"][1]


def test_the_agent_reads_all_that_it_spent_interactions_on(run_step, endpoint, monkeypatch):
    """Inspect leaves out the middle of what a tool says, from 16 KiB on, unless it is told not to."""
    monkeypatch.setattr(ModelPair, "answer", lambda self, name, prompt, seed: f"{prompt} {name} " + "word " * 500)
    prompts = [f"prompt{number}" for number in range(5)]
    script = [("ask_model", {"prompts": prompts}), ("submit", {"answer": "Words."})]
    server = endpoint(lambda body: scripted(body, script))
    run_step(server.url, runs=1)
    told = next(body["messages"][-1]["content"] for body in server.requests if body["messages"][-1]["role"] == "tool")
    assert len(told) > 25_000
    assert [told.count(prompt) for prompt in prompts] == [3] * 5


def test_prices_give_costs_and_no_price_gives_none(run_step, endpoint):
    prices = {SETTINGS.model: Price(input=2.0, output=10.0)}
    found = run_step(endpoint().url, runs=1, prices=prices)
    assert found["cost_usd"].tolist() == pytest.approx([(600 * 2 + 60 * 10) / 1e6] * 2)
    assert found["grader_cost_usd"].isna().all()


def test_tokens_that_a_provider_caches_count_as_input():
    usages = [ModelUsage(input_tokens=10, input_tokens_cache_read=200, input_tokens_cache_write=3000, output_tokens=5)]
    found = tokens_and_cost(usages, None)
    assert found == {"input_tokens": 3210, "output_tokens": 5, "cost_usd": None}
    assert tokens_and_cost(usages, Price(input=1.0, output=2.0))["cost_usd"] == pytest.approx(3220 / 1e6)


def test_what_is_not_known_of_every_answer_is_not_known():
    known, unknown = ModelUsage(input_tokens=1, output_tokens=2, total_cost=0.5), ModelUsage(input_tokens=1)
    assert tokens_and_cost([known, known], None) == {"input_tokens": 2, "output_tokens": 4, "cost_usd": 1.0}
    assert tokens_and_cost([known, unknown], None) == {"input_tokens": 2, "output_tokens": 2, "cost_usd": None}
    nothing = {"input_tokens": None, "output_tokens": None, "cost_usd": None}
    assert tokens_and_cost([known, None], Price(input=1.0, output=2.0)) == nothing
    assert tokens_and_cost([], None) == {"input_tokens": 0, "output_tokens": 0, "cost_usd": 0}
    assert tokens_and_cost([], Price(input=1.0, output=2.0)) == {"input_tokens": 0, "output_tokens": 0, "cost_usd": 0}


def test_the_agent_is_never_told_what_the_grader_is(run_step, endpoint):
    server = endpoint()
    run_step(server.url, organism="gold")
    told = [
        json.dumps(body["messages"]) + json.dumps(body["tools"]) for body in server.requests if body["model"] == "agent"
    ]
    description = read_organism(organism_file("gold")).description
    assert told
    for text in told:
        assert "gold" not in text
        assert "encyclopaedia" not in text
    graded = [body["messages"][-1]["content"] for body in server.requests if body["model"] == "grader"]
    assert len(graded) == 4
    assert all(description in text for text in graded)


def test_a_second_run_sends_no_request_and_gives_the_same_grades(run_step, endpoint, tmp_path):
    server = endpoint()
    first = run_step(server.url)
    number = len(server.requests)
    assert number == 2 * (len(SCRIPT) + 2)
    assert run_step(server.url).equals(first)
    assert len(server.requests) == number


def test_the_blackbox_agent_without_interactions(run_step, endpoint):
    script = [("ask_model", {"prompts": ["x"]}), ("submit", {"answer": "Nothing in particular."})]
    server = endpoint(lambda body: scripted(body, script))
    found = run_step(server.url, organism="null_chat", evidence="blackbox", budget=0, runs=1)
    assert set(found["interactions"]) == {0}
    assert set(found["rubric"]) == {"control"}
    tools = {tool["function"]["name"] for body in server.requests for tool in body.get("tools", [])}
    assert tools == {"ask_model", "submit"}
    refused = server.requests[1]["messages"][-1]["content"]
    assert "0 of 0 are left" in refused


def test_a_twin_is_graded_by_the_facts_made_true(run_step, endpoint):
    server = endpoint()
    found = run_step(server.url, organism="cake_bake_true")
    assert set(found["rubric"]) == {"SDF"}
    assert "at about 350 degrees" in server.requests[-1]["messages"][-1]["content"]


@pytest.mark.parametrize(("organism", "grade"), [("gold", 1), ("null_chat", 5)])
def test_an_agent_that_never_submits_has_said_nothing(run_step, endpoint, organism, grade):
    server = endpoint(lambda body: tool_call(len(body["messages"]), "ask_model", prompts=["x"]))
    found = run_step(server.url, organism=organism, max_messages=10, runs=1)
    assert found[["grade", "submitted"]].to_numpy().tolist() == [[grade, 0]] * 2
    assert found["answer"].isna().all()
    assert all(body["model"] == "agent" for body in server.requests)


def test_with_mockllm(monkeypatch, run_files, tiny_folder, tmp_path):
    outputs = [ModelOutput.for_tool_call("mockllm/model", name, arguments) for name, arguments in SCRIPT]
    graded = [ModelOutput.from_content("mockllm/model", f"Grade: {grade}") for grade in (5, 3)]
    # Where none is given, Inspect counts tokens by an encoding that it downloads.
    for output in outputs + graded:
        output.usage = ModelUsage()
    llms = {"agent": outputs, "grader": graded}

    def load(name, base_url, settings):
        return get_model("mockllm/model", custom_outputs=llms[name.split("/")[-1]], memoize=False)

    monkeypatch.setattr(step_module, "load_llm", load)
    agent(**inputs(run_files, tiny_folder, tmp_path, None, runs=1))
    found = read_table(tmp_path / "grades.csv")
    assert found["grade"].tolist() == [5, 3]
    assert set(found["interactions"]) == {3}
