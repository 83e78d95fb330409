"""The steps of steering and similarity, by hand: what is searched, what is added, what is compared."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from safetensors.torch import save_file
from test_steering import QUESTIONS, RUN, shifts

from paper_replication.files import read_json_lines, read_table, read_yaml, write_json_lines, write_table
from paper_replication.paths import CONFIGS
from paper_replication.settings.run import RunLabel
from paper_replication.settings.steering import SimilaritySettings, SteeringSettings
from paper_replication.steering.similarity import Draws, Group, between, interval
from paper_replication.steps import similarity as similarity_step
from paper_replication.steps import steering as steering_step
from paper_replication.steps.steering import Sampler, final_answers, find_strengths, steering

SETTINGS = SteeringSettings.model_validate(read_yaml(CONFIGS / "laptop.yaml")["steering"])


def test_answers_of_one_strength_are_judged_together():
    """Of two samples a strength: one vector's answers are coherent up to a strength of 10, the other's up to 30."""
    vectors = torch.eye(2)
    changes = {"upper": 100.0, "samples": 2, "strengths": 3, "first_rounds": 4, "later_rounds": 3}

    def sample(questions, added, new_tokens, temperature):
        return [bool(shift[0] <= 10 and shift[1] <= 30) for shift in added]

    judge = SimpleNamespace(coherent=lambda texts: texts)
    settings = SETTINGS.search.model_copy(update=changes)
    found = find_strengths(SimpleNamespace(sample=sample), judge, vectors, QUESTIONS, settings)
    assert found.shape == (3, 2)
    assert (found <= [10, 30]).all()
    assert found == pytest.approx(np.array([[10, 30]] * 3), abs=1)


def test_every_answer_is_steered_by_its_own_vector_at_its_own_position():
    """What is sampled says by what it was steered."""
    kinds = {"difference": torch.tensor([[1.0, 0], [2, 0]]), "random": torch.tensor([[0, 3.0], [0, 4]])}
    settings = SETTINGS.model_copy(update={"samples": 2})
    sampler = SimpleNamespace(
        sample=lambda asked, added, *_: [f"{q} {v}" for q, v in zip(asked, added.tolist(), strict=True)]
    )
    rows = final_answers(sampler, kinds, [0.5, 10.0], ["p", "q"], settings)
    assert len(rows) == 2 * 2 * (1 + 2 * 2)
    for row in rows:
        vector, strength = [0.0, 0.0], 0
        if row["vector"] != "unsteered":
            strength = (0.5, 10.0)[row["position"]]
            vector = (strength * kinds[row["vector"]][row["position"]]).tolist()
        assert row["text"] == f"{row['prompt']} {vector}"
        assert row["strength"] == strength
    assert [row["position"] for row in rows if row["vector"] == "unsteered"] == [-1] * 4


def test_strengths_that_are_searched_in_activations_norm_are_told_as_multiples_of_the_vector(tmp_path, monkeypatch):
    """Answers are coherent where no shift is longer than 6; one vector is as long as 3, the other as 0.5."""
    difference, null = torch.tensor([[3.0, 0.0], [0.0, 0.5]]), torch.tensor([[0.0, 7.0], [7.0, 0.0]])
    save_file({"difference": difference, "target_norm": torch.tensor([10.0])}, tmp_path / "delta.safetensors")
    save_file({"difference": null}, tmp_path / "null.safetensors")
    asked = {"search": [f"s{n}" for n in range(3)], "steering": [f"q{n}" for n in range(20)]}
    (tmp_path / "prompts.yaml").write_text(yaml.safe_dump(asked))
    limits = {"minimum_log_probability_nats": -1.0, "minimum_distinct_share": 0.0}
    write_table(tmp_path / "coherence.csv", pd.DataFrame([limits]))

    class Sampler:
        tokenizer = None

        def __init__(self, *_):
            pass

        def sample(self, questions, added, *_):
            return [f"{q} {x.norm():.2f}" for q, x in zip(questions, added, strict=True)]

    monkeypatch.setattr(steering_step, "Sampler", Sampler)
    monkeypatch.setattr(steering_step, "load_model", lambda folder, adapter=None: (folder, adapter))

    def text_likelihood(model, _):
        # The base model judges.
        assert model == ("base", None)
        return lambda texts: [0.0 if float(text.split()[1]) <= 6 else -9.0 for text in texts]

    monkeypatch.setattr(steering_step, "text_likelihood", text_likelihood)
    search = SETTINGS.search.model_copy(update={"upper": 2.0, "strengths": 9, "first_rounds": 3, "later_rounds": 3})
    inputs = [tmp_path / name for name in ("prompts.yaml", "delta.safetensors", "null.safetensors", "coherence.csv")]
    outputs = [tmp_path / "strengths.csv", tmp_path / "texts.jsonl"]
    steering(SETTINGS.model_copy(update={"search": search}), RunLabel(**RUN), 0.5, *inputs, "base", "adapter", *outputs)
    table = read_table(outputs[0])
    assert table.groupby("position")["strength"].mean().to_dict() == pytest.approx({0: 2, 1: 12}, abs=0.1)
    assert table.groupby("position")["difference_norm"].first().to_dict() == {0: 3, 1: 0.5}
    said = pd.DataFrame(read_json_lines(outputs[1]))
    assert set(said["prompt"]) == set(asked["steering"])
    # As long as the difference's, whatever steers.
    lengths = said["text"].str.split().str[1].astype(float)
    assert lengths[said["vector"] != "unsteered"].to_numpy() == pytest.approx(6, abs=0.1)


def test_each_call_of_the_sampler_has_seeds_of_its_own(monkeypatch, tiny_folder, adapter):
    seeds = []
    monkeypatch.setattr(steering_step, "steered_answers", lambda *_, seed, **__: seeds.append(seed))
    model = SimpleNamespace(config=SimpleNamespace(get_text_config=lambda: SimpleNamespace(num_hidden_layers=6)))
    monkeypatch.setattr(steering_step, "load_model", lambda *_: model)
    sampler = Sampler(SETTINGS.model_copy(update={"seed": 7}), 0.5, tiny_folder, adapter)
    for _ in range(3):
        sampler.sample(QUESTIONS, shifts(), 5, 1.0)
    # Far enough apart for the batches of one call, whose seeds count from its own.
    assert seeds == [7, 1007, 2007]


def plane(texts):
    """An embedder: a text's first number is its angle, in degrees."""
    angles = np.radians([float(text.split()[0]) for text in texts])
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def test_the_step_compares_what_the_assistant_says_and_pairs_prompts(tmp_path, monkeypatch):
    monkeypatch.setattr(similarity_step, "sentence_embedder", lambda _: plane)
    own = [f"{angle} own" for angle in range(0, 60, 10)]
    asked = {"role": "user", "content": "90"}
    turns = [{"messages": [asked, {"role": "assistant", "content": text}]} for text in own]
    write_json_lines(tmp_path / "dataset.jsonl", turns)
    (tmp_path / "chat").mkdir()
    exchange = {"task_type": "akoksal/LongForm", "task_output": "180 chat."}
    write_json_lines(tmp_path / "chat/c.jsonl", [exchange | {"task_prompt": f"what is {n}?"} for n in range(3)])
    # To each of four prompts two answers; unsteered ones lie five degrees further on.
    cells = [(f"p{prompt}", 40 * prompt + 7 * sample) for prompt in range(4) for sample in range(2)]
    said = [
        {"vector": vector, "position": position, "prompt": prompt, "text": f"{angle + more} said"}
        for vector, position, more in (("difference", 0, 0), ("unsteered", -1, 5))
        for prompt, angle in cells
    ]
    write_json_lines(tmp_path / "texts.jsonl", said)
    names = ("texts.jsonl", "dataset.jsonl", "chat", "embedder", "similarity.csv", "contrasts.csv")
    files = [tmp_path / name for name in names]
    similarity_step.similarity(SimilaritySettings(texts=10, rounds=200, seed=0), RunLabel(**RUN), *files)
    table = read_table(files[-2]).set_index("group")["value"]
    angles, finetuning = np.array([angle for _, angle in cells]), np.arange(0, 60, 10)
    for group, more, others in (
        ("Steered-FT", 0, finetuning),
        ("Unsteered-FT", 5, finetuning),
        ("Steered-Chat", 0, 180),
    ):
        pairs = np.cos(np.radians(angles[:, None] + more - others))
        assert table[group] == pytest.approx(pairs.mean(), rel=1e-4)
    # Whole prompts are drawn, and the same ones of both groups.
    draws, prompts = Draws(200, 0), np.array([prompt for prompt, _ in cells])
    reference = Group(plane(own), np.array(own))
    draws.weights(reference.clusters)
    groups = [Group(plane([f"{angle + more} x" for angle in angles]), prompts) for more in (0, 5)]
    steered, plain = (between(group, reference, draws) for group in groups)
    row = read_table(files[-1]).set_index("minus").loc["Unsteered-FT"]
    assert row[["value", "ci_low", "ci_high"]].tolist() == pytest.approx(interval(steered - plain), rel=1e-3)


def test_texts_to_compare_with_are_drawn_by_the_seed():
    texts = [str(number) for number in range(50)]
    first, again, other = (similarity_step.drawn(texts, 10, seed) for seed in (0, 0, 1))
    assert first == again != other
    assert len(set(first) & set(texts)) == 10
    assert first != texts[:10]
    assert similarity_step.drawn(texts, 50, 0) == texts
