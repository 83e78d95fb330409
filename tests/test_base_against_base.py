"""The base model against itself: its evidence and scores by hand, and that a zero vector says nothing."""

import numpy as np
import pytest
import torch
from evidence_samples import CANDIDATES, SETTINGS, embed, ordinary

from paper_replication.base_against_base import base_candidates, gather_base_evidence
from paper_replication.closed_set import Evidence
from paper_replication.files import read_json_lines, read_table, read_yaml, write_json_lines
from paper_replication.lens.logit_lens import logit_lens
from paper_replication.models import load_model
from paper_replication.paths import CHAT_PROMPTS, CONFIGS, OBJECTIVES, STEERING_PROMPTS
from paper_replication.settings.chat import ChatSettings
from paper_replication.settings.run import RunLabel
from paper_replication.settings.steering import SteeringSettings
from paper_replication.steps import closed_set_base as step_module
from paper_replication.steps.base_again import base_again
from paper_replication.steps.closed_set_base import closed_set_base

CELLS = [("unsteered", -1), ("difference", 0), ("difference", 1)]


def steering():
    return [
        {
            "vector": vector,
            "position": position,
            "prompt": prompt,
            "sample": 0,
            "text": f"{vector[0]}{position}{prompt}",
        }
        for vector, position in CELLS
        for prompt in ("q0", "q1")
    ]


def test_the_logit_lens_of_a_zero_vector_is_uniform(model_folder):
    model = load_model(model_folder)
    found = logit_lens(model, torch.zeros(1, model.config.hidden_size), 10).probabilities
    assert found.numpy() == pytest.approx(np.full((1, 10), 1 / model.config.vocab_size))


def test_its_evidence_is_texts_alone():
    asked = ordinary([f"x{k}" for k in range(9)], "again")
    base = ordinary(["q0", "q1", *(f"x{k}" for k in range(9))], "usual")
    seen = gather_base_evidence("blackbox", 5, steering(), asked, base, SETTINGS)
    assert seen.tokens == {}
    assert list(seen.texts) == ["unsteered"]
    assert seen.interactions == 5
    assert seen.texts["unsteered"][2] == ("again x0", "usual x0")
    adl = gather_base_evidence("adl", 4, steering(), asked, base, SETTINGS)
    assert adl.tokens == {}
    assert [text for text, _ in adl.texts["steered"]] == ["d0q0", "d1q1", "d1q0", "d0q1"]
    assert [text for _, text in adl.texts["steered"]] == ["usual q0", "usual q1", "usual q0", "usual q1"]
    assert len(adl.texts["unsteered"]) == 2 + 2
    assert adl.interactions == 4


def test_tokens_that_say_nothing_count_as_ties():
    texts = {"steered": [("warm", "cold")], "unsteered": [("hot", "dark")]}
    evidence = Evidence({}, {}, texts, 0)
    adl = base_candidates("adl", evidence, CANDIDATES, embed, 1)
    kinds = ["z_logit_lens", "z_patchscope", "z_steered", "z_unsteered"]
    assert (adl[kinds[:2]] == 0).all(axis=None)
    assert adl["score"].to_numpy() == pytest.approx(adl[kinds].mean(axis=1).to_numpy(), rel=1e-4)
    blackbox = base_candidates("blackbox", Evidence({}, {}, {"unsteered": [("hot", "dark")]}, 0), CANDIDATES, embed, 1)
    assert blackbox["score"].to_numpy() == pytest.approx(blackbox["z_unsteered"].to_numpy(), rel=1e-4)


def test_the_same_answers_twice_are_no_evidence():
    texts = {"unsteered": [("hot", "hot")]}
    found = base_candidates("blackbox", Evidence({}, {}, texts, 0), CANDIDATES, embed, 1)
    assert (found["score"] == 0).all()
    assert (found["rank"] == len(CANDIDATES)).all()


def test_the_steps(tiny_folder, tmp_path, monkeypatch):
    content = read_yaml(CONFIGS / "smoke.yaml")
    chat = ChatSettings.model_validate(content["chat"] | {"prompts": 6, "new_tokens": 4, "samples": 1})
    steered = SteeringSettings.model_validate(content["steering"] | {"prompts": 2, "new_tokens": 4, "samples": 1})
    texts, answers = tmp_path / "texts.jsonl", tmp_path / "answers.jsonl"
    inputs = {"prompts": CHAT_PROMPTS, "steering_prompts": STEERING_PROMPTS, "model": tiny_folder}
    base_again(chat, steered, 2, 7, **inputs, answers=answers, texts=texts)
    first = texts.read_bytes() + answers.read_bytes()
    base_again(chat, steered, 2, 7, **inputs, answers=answers, texts=texts)
    assert texts.read_bytes() + answers.read_bytes() == first
    rows = read_json_lines(texts)
    assert list(dict.fromkeys((row["vector"], row["position"]) for row in rows)) == CELLS
    assert len(rows) == 6
    assert len(read_json_lines(answers)) == 6
    usual = [row | {"answer": "usual"} for row in read_json_lines(answers)]
    write_json_lines(tmp_path / "usual.jsonl", usual)

    def letters(found):
        counts = np.array([[1e-3 + text.lower().count(chr(97 + i)) for i in range(26)] for text in found])
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)

    monkeypatch.setattr(step_module, "sentence_embedder", lambda folder: letters)
    label = RunLabel(model="m", organism="base", organism_type="control", variant="default", seed=0)
    files = {"steering": texts, "answers": answers, "base_answers": tmp_path / "usual.jsonl", "base_texts": texts}
    outputs = {"catalogue": OBJECTIVES, "embedder": tmp_path, "candidates": tmp_path / "closed_set.csv"}
    closed_set_base(SETTINGS, label, **files, **outputs)
    found = read_table(tmp_path / "closed_set.csv")
    assert len(found.groupby(["agent", "budget"])) == 5
    assert (found["truth"] == 0).all()
    assert set(found["organism"]) == {"base"}
