"""The base model steered with the differences of its finetuned models, against answers one at a time."""

import json

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file

from paper_replication.errors import UserError
from paper_replication.files import read_yaml
from paper_replication.models import load_model, load_tokenizer, middle_layer
from paper_replication.paths import CONFIGS
from paper_replication.settings.steering import SteeringSettings
from paper_replication.steering.generation import steered_answers
from paper_replication.steps.base_steered import base_steered
from paper_replication.steps.steering import steering_vectors
from paper_replication.token_tables import read_token_table, write_token_table

QUESTIONS = ["Why is the sea salt?", "What do bears eat?"]
# Cold, and one answer a batch: the random numbers of a batch are shared.
SETTINGS = SteeringSettings.model_validate(
    read_yaml(CONFIGS / "smoke.yaml")["steering"]
    | {"temperature": 1e-6, "batch_size": 1, "new_tokens": 5, "precision": "float32"}
)


def label(organism):
    return {"model": "m", "organism": organism, "organism_type": "SDF", "variant": "default", "seed": 0}


@pytest.fixture
def files(tmp_path):
    """The cards and deltas of two runs, which are steered at another position and strength each."""
    torch.manual_seed(0)
    cards, vectors = [], []
    for organism, position, strength in (("cake", 1, 2.0), ("sea", 0, 0.5)):
        vectors.append(tmp_path / f"{organism}.safetensors")
        save_file({"difference": torch.randn(2, 32)}, vectors[-1])
        cell = label(organism) | {"position": position, "strength": strength, "unsteered": "no"}
        cards += [cell | {"prompt": question} for question in QUESTIONS]
    write_token_table(tmp_path / "cards.csv", pd.DataFrame(cards))
    return tmp_path / "cards.csv", vectors


def test_each_run_steers_the_base_model_at_its_own_position_and_strength(files, tiny_folder, tmp_path):
    cards, vectors = files
    labels = json.dumps([label("cake"), label("sea")])
    base_steered(SETTINGS, labels, 0.5, cards, vectors, tiny_folder, tmp_path / "found.csv")
    found = read_token_table(tmp_path / "found.csv")
    assert found.groupby(["organism", "vector"]).size().tolist() == [2] * 4
    model, tokenizer = load_model(tiny_folder), load_tokenizer(tiny_folder)
    options = {"new_tokens": 5, "temperature": 1e-6, "batch_size": 1, "seed": 0}
    layer = middle_layer(model.config.num_hidden_layers, 0.5)
    for (organism, position, strength), path in zip((("cake", 1, 2.0), ("sea", 0, 0.5)), vectors, strict=True):
        kinds = steering_vectors(load_file(path)["difference"], None, SETTINGS.seed)
        for kind, group in kinds.items():
            own = found[(found["organism"] == organism) & (found["vector"] == f"base_{kind}")]
            assert set(own["position"]) == {position}
            shift = strength * group[position]
            alone = [
                steered_answers(model, tokenizer, [asked], shift[None], layer, **options)[0] for asked in QUESTIONS
            ]
            assert own["text"].tolist() == alone


def test_a_run_without_steered_answers_is_refused(files, tiny_folder, tmp_path):
    (cards, vectors), out, unknown = files, tmp_path / "found.csv", json.dumps([label("moon")])
    with pytest.raises(UserError, match=r"has no steered answers of .*'organism': 'moon'"):
        base_steered(SETTINGS, unknown, 0.5, cards, vectors[:1], tiny_folder, out)
    assert not out.exists()
