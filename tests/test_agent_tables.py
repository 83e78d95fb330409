"""The interpretability agent's briefing, config and runs: all that needs no LLM and no Inspect."""

import re
from pathlib import Path

import pandas as pd
import pytest
from pydantic import TypeAdapter, ValidationError

from paper_replication.agent.evidence import brief
from paper_replication.agent.runs import agent_grades, agent_results, candidates, identification_results
from paper_replication.closed_set import check_blind
from paper_replication.errors import UserError
from paper_replication.files import read_yaml
from paper_replication.llm_judges.prompts import read_prompt
from paper_replication.paths import CONFIGS, ORGANISMS, STEERING_PROMPTS, prompt_file
from paper_replication.settings.agent import AgentSettings
from paper_replication.settings.llm import holds_secret, secrets
from paper_replication.study import load_study

SETTINGS = AgentSettings.model_validate(read_yaml(CONFIGS / "laptop.yaml")["agent"])
NAMES = [path.stem for path in sorted(ORGANISMS.glob("*.yaml"))] + ["encyclopaedia", "web", "fineweb"]


def selection(labels=None):
    rows = [
        {"readout": readout, "vector": vector, "position": position, "rank": place, "token": f" {vector}{place}"}
        for readout in ("logit_lens", "patchscope")
        for vector in ("difference", "random")
        for position in (0, 1)
        for place in (1, 2, 3)
    ]
    return pd.DataFrame(rows).assign(probability=0.25, **(labels or {}))


def steering(samples=2, labels=None):
    cells = [("difference", 0), ("difference", 1), ("random", 0), ("unsteered", -1)]
    return [
        {"vector": vector, "position": position, "strength": 2.0 + position, "prompt": prompt, "sample": sample}
        | {"text": f"{vector} {position} {prompt} {sample} and so on"}
        | (labels or {})
        for vector, position in cells
        for sample in range(samples)
        for prompt in ("q0", "q1")
    ]


def instructions(agent):
    return read_prompt(prompt_file(f"agent_{agent}"), "budget", "messages")


def briefing(agent, budget=5, labels=None):
    told = instructions(agent).substitute(budget=budget, messages=40)
    return brief(agent, told, selection(labels), steering(labels=labels), 2, 20)


# The briefing


def test_the_adl_briefing_shows_tokens_and_a_steered_and_an_unsteered_answer_to_each_prompt():
    assert briefing("adl").message().split("\n\n") == [
        "Logit lens, position 0:\n' difference1', ' difference2'",
        "Logit lens, position 1:\n' difference1', ' difference2'",
        "Patchscope, position 0:\n' difference1', ' difference2'",
        "Patchscope, position 1:\n' difference1', ' difference2'",
        "Steered answer 1, to the prompt 'q0':\ndifference 0 q0 0 an",
        "Steered answer 2, to the prompt 'q1':\ndifference 1 q1 0 an",
        "Answer 1, to the prompt 'q0':\nunsteered -1 q0 0 an",
        "Answer 2, to the prompt 'q1':\nunsteered -1 q1 0 an",
    ]


def test_the_blackbox_briefing_shows_unsteered_answers_alone():
    message = briefing("blackbox").message()
    assert message.split("\n\n") == briefing("adl").message().split("\n\n")[-2:]
    told = briefing("blackbox").instructions
    for word in ("difference", "steer", "lens", "Patchscope"):
        assert word not in message.replace("unsteered", "") + told


def test_both_agents_read_the_same_but_for_what_the_lens_shows():
    adl, blackbox = (briefing(agent, 50).instructions.strip().split("\n\n") for agent in ("adl", "blackbox"))
    assert adl[:2] == blackbox[:2]
    assert "may or may not carry a signal" in adl[1]
    # The black box too may ask both models (protocol, section 4).
    assert adl[3].startswith("ask_model has both models answer your own prompts and costs one interaction a prompt; ")
    assert blackbox[3].startswith(
        "ask_model has both models answer your own prompts and costs one interaction a prompt. "
    )
    assert adl[3].split("You have 50")[1] == blackbox[3].split("You have 50")[1]


@pytest.mark.parametrize("agent", ["adl", "blackbox"])
@pytest.mark.parametrize("name", NAMES)
def test_the_briefing_names_neither_organism_nor_corpus(agent, name):
    found = briefing(agent, labels={"organism": name, "corpus": name, "path": f"data/{name}"})
    check_blind(found, [name])
    everything = "\n".join(f"{heading} {text}" for heading, text in found.lines()).lower().replace("_", " ")
    assert f" {name.replace('_', ' ')} " not in everything


def test_the_prompts_that_are_shown_name_neither():
    text = "\n".join(read_yaml(STEERING_PROMPTS)["steering"]).lower()
    assert not [name for name in NAMES if re.search(rf"\b{name.replace('_', ' ')}\b", text)]


def test_instructions_that_name_the_organism_are_an_error():
    with pytest.raises(UserError, match="give away 'patchscope'"):
        check_blind(briefing("adl"), ["patchscope"])


@pytest.mark.parametrize(("agent", "missing"), [("adl", "difference"), ("blackbox", "unsteered")])
def test_missing_answers_are_an_error(agent, missing):
    rows = [row for row in steering() if row["vector"] != missing]
    with pytest.raises(UserError, match="lack unsteered or steered answers"):
        brief(agent, "instructions", selection(), rows, 2, 20)


# The config


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "openai-api/local/x"}, "grader must name an LLM"),
        ({"prices": {"openai-api/local/x": {"input": -1.0, "output": 1.0}}}, "greater than or equal to 0"),
        ({"prices": {"openai-api/local/x": {"input": 1.0}}}, "prices.*output"),
        ({"budgets": {"whitebox": [0]}}, "'adl' or 'blackbox'"),
        ({"max_messages": 3}, "greater than 3"),
        ({"budgets": {"adl": [0, 1000]}}, "less than 1000"),
    ],
)
def test_a_wrong_config(change, message):
    with pytest.raises(ValidationError, match=message):
        AgentSettings.model_validate(SETTINGS.model_dump() | change)


@pytest.mark.parametrize("field", ["base_url", "grader_base_url"])
@pytest.mark.parametrize(
    "url",
    [
        "http://user:opensesame@localhost/v1",
        "http://opensesame@localhost/v1",
        "http://localhost/v1?key=opensesame",
        "http://localhost/v1#opensesame",
        "http://[localhost/v1#opensesame",
        "http://localhost/hunter2hunter2/opensesame/v1",
        "http://localhost/hunter2%68unter2/opensesame/v1",
    ],
)
def test_an_address_that_may_hold_a_key_is_refused_and_not_repeated(monkeypatch, url, field):
    monkeypatch.setenv("MY_API_KEY_2", "hunter2hunter2")
    changed = SETTINGS.model_dump() | {field: url, "runs": "many"}
    with pytest.raises(UserError, match=rf"agent\.{field}: .*no user, password, query, fragment or key") as error:
        AgentSettings.model_validate(changed)
    assert "opensesame" not in str(error.value)
    content = read_yaml(CONFIGS / "laptop.yaml")
    with pytest.raises(UserError) as error:
        load_study(content | {"agent": content["agent"] | {field: url}}, "laptop.yaml")
    assert "opensesame" not in str(error.value)


@pytest.mark.parametrize(
    "name", ["MY_KEY", "my_token", "A_SECRET", "A_PASSWORD", "AWS_ACCESS_KEY_ID", "OPENAI_API_KEY_2"]
)
def test_which_values_of_the_environment_are_keys(monkeypatch, name):
    monkeypatch.setenv(name, "hunter2hunter2")
    monkeypatch.setenv("KEYBOARD", "not-a-key-at-all")
    # Of two names that differ by case alone, both.
    monkeypatch.setenv(name.swapcase(), "hunter3hunter3")
    assert {"hunter2hunter2", "hunter3hunter3"} <= set(secrets())
    assert "not-a-key-at-all" not in secrets()


@pytest.mark.parametrize("key", ["hunter2hunter2", 'hunter2"hunter2', "hunter2\\hunter2", "hünter2hunter2"])
def test_a_key_is_found_in_a_text_and_in_json(monkeypatch, key):
    monkeypatch.setenv("MY_KEY", key)
    assert holds_secret(f"the key is {key}")
    assert holds_secret(TypeAdapter(str).dump_json(f"the key is {key}").decode())
    assert not holds_secret("the key is hunter")


def test_only_how_requests_are_repeated_reruns_nothing():
    patient = SETTINGS.model_copy(update={"max_retries": 99, "timeout_seconds": 9999})
    assert patient.tracked() == SETTINGS.tracked()
    for change in ({"runs": 99}, {"temperature": 0.5}, {"base_url": "http://localhost/v1"}):
        assert SETTINGS.model_copy(update=change).tracked() != SETTINGS.tracked()
    for name in ("agent", "llm_judges"):
        rules = re.split(r"^rule ", Path(f"workflow/rules/{name}.smk").read_text(), flags=re.MULTILINE)
        asking = [rule for rule in rules if f"study.config.{name}.model_dump_json()" in rule]
        assert asking
        for rule in asking:
            # A function of the input, whose value Snakemake does not track.
            assert f"settings=lambda wildcards, input: study.config.{name}.model_dump_json()" in rule
            assert f"tracked=study.config.{name}.tracked()" in rule


def test_without_an_llm_the_target_is_an_error_and_identification_is_offline():
    study = load_study(read_yaml(CONFIGS / "laptop.yaml"), "laptop.yaml")
    assert agent_grades(study) == []
    with pytest.raises(UserError, match=r"agent\.model is 'none'.*no agent is run"):
        agent_results(study)
    assert "figures/laptop/agent_false_positives.png" in identification_results(study)
    ranked = candidates(study)
    # Every run, four matched nulls of two further seeds each, and the base model's three draws.
    assert len(set(ranked)) == len(ranked) == len(study.labels()) + 8 + 3
    assert "data/laptop/smollm2_135m_instruct/null_games/default-seed1/closed_set.csv" in ranked
    assert "data/laptop/smollm2_135m_instruct/base/again/seed2/closed_set.csv" in ranked


def test_with_an_llm_every_run_agent_and_budget_is_graded():
    study = load_study(read_yaml(CONFIGS / "paper.yaml"), "paper.yaml")
    grades = agent_grades(study)
    assert len(set(grades)) == len(grades) == 5 * len(study.labels())
    assert "data/paper/qwen3_1_7b/gold/default-seed0/agent/blackbox-50/grades.csv" in grades
    assert "figures/paper/tables/agent_summary.csv" in agent_results(study)
