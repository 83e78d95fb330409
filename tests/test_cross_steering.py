"""Models steered with the differences of others, against answers one at a time, and the words that these have."""

import json

import pandas as pd
import pytest
import torch
from matplotlib import pyplot as plt
from safetensors.torch import load_file, save_file

from paper_replication.cross_steering import MODELS, VECTORS, by_relation, relation, word_shares
from paper_replication.errors import UserError
from paper_replication.figures import cross_steering
from paper_replication.figures.style import house_style
from paper_replication.files import read_table, read_yaml
from paper_replication.models import load_model, load_tokenizer, middle_layer
from paper_replication.paths import CONFIGS
from paper_replication.settings.steering import SteeringSettings
from paper_replication.steering.generation import steered_answers
from paper_replication.steps.cross_steered import cross_steered
from paper_replication.steps.cross_steering_table import cross_steering_table
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


@pytest.mark.parametrize("finetuned", [False, True])
def test_each_run_steers_a_model_at_its_own_position_and_strength(files, model_folder, adapter, tmp_path, finetuned):
    (cards, vectors), adapter = files, adapter if finetuned else None
    labels = json.dumps([label("cake"), label("sea")])
    cross_steered(SETTINGS, labels, 0.5, cards, vectors, model_folder, adapter, tmp_path / "found.csv")
    found = read_token_table(tmp_path / "found.csv")
    assert found.groupby(["organism", "vector"]).size().tolist() == [2] * 4
    model, tokenizer = load_model(model_folder, adapter), load_tokenizer(model_folder)
    options = {"new_tokens": 5, "temperature": 1e-6, "batch_size": 1, "seed": 0}
    layer = middle_layer(model.config.num_hidden_layers, 0.5)
    for (organism, position, strength), path in zip((("cake", 1, 2.0), ("sea", 0, 0.5)), vectors, strict=True):
        kinds = steering_vectors(load_file(path)["difference"], None, SETTINGS.seed)
        for kind, group in kinds.items():
            own = found[(found["organism"] == organism) & (found["vector"] == kind)]
            assert set(own["position"]) == {position}
            shift = strength * group[position]
            alone = [
                steered_answers(model, tokenizer, [asked], shift[None], layer, **options)[0] for asked in QUESTIONS
            ]
            assert own["text"].tolist() == alone


def test_a_run_without_steered_answers_is_refused(files, tiny_folder, tmp_path):
    (cards, vectors), out, unknown = files, tmp_path / "found.csv", json.dumps([label("moon")])
    with pytest.raises(UserError, match=r"has no steered answers of .*'organism': 'moon'"):
        cross_steered(SETTINGS, unknown, 0.5, cards, vectors[:1], tiny_folder, None, out)
    assert not out.exists()


CONTROLS = {
    "cake": {"plain": "matched null", "true cake": "true-fact twin"},
    "sea": {"plain": "matched null"},
    "gold": {},
}
TYPES = {"cake": "SDF", "sea": "SDF", "gold": "Taboo", "plain": "control", "true cake": "control", "base": "base"}
WORDS = {"cake": ["oven"], "sea": ["wave"], "gold": ["metal"]}


@pytest.mark.parametrize(
    ("answering", "organism", "called"),
    [
        ("cake", "cake", "own"),
        ("base", "cake", "base"),
        ("plain", "cake", "matched null"),
        ("true cake", "cake", "true-fact twin"),
        ("true cake", "sea", "other"),
        ("plain", "gold", "other"),
        ("sea", "cake", "same type"),
        ("gold", "cake", "other"),
    ],
)
def test_what_a_model_is_to_a_vector(answering, organism, called):
    assert relation(answering, TYPES[answering], organism, TYPES[organism], CONTROLS[organism]) == called


def said(answering, organism, vector, *texts):
    """Answers of a model to as many questions."""
    row = label(organism) | {"organism_type": TYPES[organism], "vector": vector, "position": 1}
    row |= {"answering": answering, "answering_type": TYPES[answering]}
    return [row | {"prompt": prompt, "text": text} for prompt, text in zip(QUESTIONS, texts, strict=True)]


# Cake's model speaks of ovens whatever it is steered with; the sea's difference speaks of waves in one model in two.
ANSWERS = [
    *said("base", "cake", "difference", "An oven.", "The Oven!"),
    *said("base", "sea", "difference", "A wave.", "ovens"),
    *said("cake", "cake", "difference", "oven", "a wave"),
    *said("cake", "cake", "random", "oven", "oven"),
    *said("cake", "sea", "difference", "oven wave", "oven wave"),
    *said("cake", "gold", "difference", "oven metal", "oven"),
    *said("cake", "gold", "random", "oven", "nothing"),
    *said("gold", "cake", "difference", "metal", "nothing"),
    *said("plain", "cake", "difference", "nothing", "nothing"),
]


def test_words_of_the_vectors_organism_and_of_the_model_are_counted():
    shares = word_shares(pd.DataFrame(ANSWERS), WORDS, CONTROLS)
    found = shares.set_index(["answering", "organism", "vector", "words"])["value"].to_dict()
    assert found == {
        ("base", "cake", "difference", VECTORS): 1,
        ("base", "sea", "difference", VECTORS): 0.5,
        ("cake", "cake", "difference", VECTORS): 0.5,
        ("cake", "cake", "random", VECTORS): 1,
        ("cake", "sea", "difference", VECTORS): 1,
        ("cake", "sea", "difference", MODELS): 1,
        ("cake", "gold", "difference", VECTORS): 0.5,
        ("cake", "gold", "difference", MODELS): 1,
        ("cake", "gold", "random", VECTORS): 0,
        ("cake", "gold", "random", MODELS): 0.5,
        ("gold", "cake", "difference", VECTORS): 0,
        ("gold", "cake", "difference", MODELS): 0.5,
        ("plain", "cake", "difference", VECTORS): 0,
    }
    assert (shares["n"] == 2).all()
    by = by_relation(shares).set_index(["words", "organism_type", "relation", "vector"])
    assert by.loc[(VECTORS, "SDF", "base", "difference"), "value"] == 0.75
    assert by.loc[(VECTORS, "SDF", "base", "difference"), "n_organisms"] == 2
    # Each of two organisms once: Student's reach is 12.7 standard errors of a quarter.
    assert by.loc[(VECTORS, "SDF", "base", "difference"), "ci_high"] == pytest.approx(0.75 + 12.7062 * 0.25, rel=1e-4)
    assert by.loc[(VECTORS, "SDF", "same type", "difference"), "value"] == 1
    assert by.loc[(VECTORS, "SDF", "matched null", "difference"), "value"] == 0
    assert by.loc[(MODELS, "SDF", "other", "difference"), ["value", "n_organisms"]].tolist() == [1, 1]
    assert by.loc[(MODELS, "Taboo", "other", "difference"), "value"] == 0.5


def test_the_table_names_who_answers_and_the_figure_shows_it(tmp_path, monkeypatch):
    rows = pd.DataFrame(ANSWERS)
    parts, answering = [], []
    for name, group in rows.groupby("answering", sort=False):
        parts.append(tmp_path / f"{name}.csv")
        answering.append([name, TYPES[name]])
        write_token_table(parts[-1], group.drop(columns=["answering", "answering_type"]))
    monkeypatch.setattr("paper_replication.steps.cross_steering_table.read_domain_words", lambda _: WORDS)
    files = [tmp_path / f"{name}.csv" for name in ("answers", "table", "relations")]
    cross_steering_table(json.dumps(answering), parts, [], json.dumps(CONTROLS), *files)
    assert read_token_table(files[0])[["answering", "text"]].equals(rows[["answering", "text"]])
    shares = read_table(files[1])
    assert shares["value"].tolist() == word_shares(rows, WORDS, CONTROLS)["value"].tolist()
    with house_style():
        figure = cross_steering.draw(shares, read_table(files[2]))
    left, right = figure.axes[:2]
    assert [text.get_text() for text in left.get_yticklabels()] == ["cake", "gold", "plain", "base model"]
    assert [text.get_text() for text in left.get_xticklabels()] == ["cake", "sea", "gold"]
    assert [text.get_text() for text in left.texts] == ["50", "100", "50", "0", "0", "100", "50"]
    # Cake's model by its own words: by its own difference, by two others, by a random direction of its own and another.
    assert [text.get_text() for text in right.texts][:3] == ["50", "100", "75"]
    assert "base model 75%" in "".join(text.get_text() for text in figure.texts).replace("\n", " ")
    plt.close(figure)
