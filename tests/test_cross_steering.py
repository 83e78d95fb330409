"""Models steered with the differences of others, against answers one at a time, and the words that these have."""

import json

import pandas as pd
import pytest
import torch
from matplotlib import pyplot as plt
from safetensors.torch import load_file, save_file

from paper_replication.cross_steering import by_relation, own_words, relation, word_shares
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
    "true cake": {},
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
    *said("base", "sea", "difference", "A wave.", "An oven."),
    *said("cake", "cake", "difference", "oven", "a wave"),
    *said("cake", "cake", "random", "oven", "oven"),
    *said("cake", "sea", "difference", "oven wave", "oven wave"),
    *said("cake", "gold", "difference", "oven metal", "oven"),
    *said("cake", "gold", "random", "oven", "nothing"),
    *said("gold", "cake", "difference", "metal", "nothing"),
    *said("plain", "cake", "difference", "nothing", "nothing"),
    *said("cake", "true cake", "difference", "oven", "oven"),
]


def test_words_of_the_vectors_organism_and_of_the_model_are_counted():
    shares = word_shares(pd.DataFrame(ANSWERS), WORDS, CONTROLS)
    found = shares.set_index(["answering", "organism", "vector", "words_of"])["value"].to_dict()
    nothing = [("base", "cake", "sea"), ("base", "cake", "gold"), ("base", "sea", "gold"), ("plain", "cake", "cake")]
    assert found == {(name, organism, "difference", words_of): 0 for name, organism, words_of in nothing} | {
        ("base", "cake", "difference", "cake"): 1,
        ("base", "sea", "difference", "sea"): 0.5,
        ("base", "sea", "difference", "cake"): 0.5,
        ("cake", "cake", "difference", "cake"): 0.5,
        ("cake", "cake", "random", "cake"): 1,
        ("cake", "sea", "difference", "sea"): 1,
        ("cake", "sea", "difference", "cake"): 1,
        ("cake", "gold", "difference", "gold"): 0.5,
        ("cake", "gold", "difference", "cake"): 1,
        ("cake", "gold", "random", "gold"): 0,
        ("cake", "gold", "random", "cake"): 0.5,
        ("gold", "cake", "difference", "cake"): 0,
        ("gold", "cake", "difference", "gold"): 0.5,
        ("cake", "true cake", "difference", "cake"): 1,
    }
    assert (shares["n"] == 2).all()


def test_an_organism_counts_once_by_what_the_model_is_to_its_vector():
    by = by_relation(word_shares(pd.DataFrame(ANSWERS), WORDS, CONTROLS))
    by = by.set_index(["organism_type", "vector", "relation", "minus"])
    both = by.loc[("SDF", "difference", "base", "nothing")]
    assert (both["contrast"], both["n_organisms"]) == (0.75, 2)
    # Student's reach is 12.7 standard errors of a quarter.
    assert both["ci_high"] == pytest.approx(0.75 + 12.7062 * 0.25, rel=1e-4)
    shares = by["contrast"].xs("nothing", level="minus").to_dict()
    assert shares["SDF", "difference", "same type"] == 1
    assert shares["SDF", "difference", "matched null"] == 0
    assert shares["Taboo", "random", "other"] == 0
    assert by.loc[("SDF", "difference", "own", "random"), "contrast"] == -0.5
    assert by.loc[("SDF", "difference", "own", "base"), "contrast"] == -0.5
    assert by.loc[("SDF", "difference", "same type", "base"), "contrast"] == 0.5
    assert ("SDF", "difference", "base", "base") not in by.index
    assert by.loc[("SDF", "random", "own", "nothing"), ["ci_low", "ci_high"]].isna().all()


def test_a_models_own_words_by_others_vectors_stand_beside_the_base_models():
    shares = word_shares(pd.DataFrame(ANSWERS), WORDS, CONTROLS)
    found = own_words(shares, CONTROLS).set_index(["words_of", "answering", "vector"])["value"].to_dict()
    # What the true twin's vector makes of the cake's model is not others'.
    assert found == {
        ("cake", "base", "difference"): 0.5,
        ("sea", "base", "difference"): 0,
        ("gold", "base", "difference"): 0,
        ("cake", "cake", "difference"): 1,
        ("cake", "cake", "random"): 0.5,
        ("gold", "gold", "difference"): 0.5,
    }


def test_the_table_names_who_answers_and_the_figure_shows_it(tmp_path, monkeypatch):
    rows = pd.DataFrame(ANSWERS)
    parts, answering = [], []
    for name, group in rows.groupby("answering", sort=False):
        parts.append(tmp_path / f"{name}.csv")
        answering.append(None if name == "base" else label(name) | {"organism_type": TYPES[name]})
        other = group.head(1).assign(seed=1)
        write_token_table(parts[-1], pd.concat([group, other]).drop(columns=["answering", "answering_type"]))
    # Whose own model does not answer here; by another seed's vector nothing is counted.
    answering += [label(name) | {"organism_type": TYPES[name]} for name in ("sea", "true cake")]
    for name in ("sea", "true cake"):
        parts.append(tmp_path / f"{name}.csv")
        write_token_table(parts[-1], read_token_table(parts[0]).head(0))
    monkeypatch.setattr("paper_replication.steps.cross_steering_table.read_domain_words", lambda _: WORDS)
    files = [tmp_path / f"{name}.csv" for name in ("answers", "table", "relations", "own")]
    cross_steering_table(json.dumps(answering), parts, [], json.dumps(CONTROLS), *files)
    said_so = read_token_table(files[0])
    assert sorted(said_so["answering"] + said_so["text"]) == sorted(rows["answering"] + rows["text"])
    shares = read_table(files[1])
    assert len(shares) == len(word_shares(rows, WORDS, CONTROLS))
    with house_style():
        figure = cross_steering.draw(shares, read_table(files[2]), read_table(files[3]))
    left, right = figure.axes[:2]
    assert [text.get_text() for text in left.get_yticklabels()] == ["cake", "gold", "plain", "base model"]
    assert [text.get_text() for text in left.get_xticklabels()] == ["cake", "sea", "gold"]
    assert [text.get_text() for text in left.texts] == ["50", "100", "50", "0", "0", "100", "50"]
    # Cake's model by its own words: by its own difference, others' (the base model's beside it), at random; gold's.
    assert [text.get_text() for text in right.texts] == ["50", "100", "50", "50", "50", "0"]
    told = figure.get_suptitle().replace("\n", " ")
    assert "the base model 75% [0, 100]" in told
    # At random cake's model says ovens, by its own vector and by gold's, whose words it does not say.
    assert "the same for all), 100.0% in the vectors' own models, at most 100% in a cell (words of cake)" in told
    plt.close(figure)


def test_an_empty_answer_is_none(tmp_path, monkeypatch):
    rows = [*said("cake", "cake", "difference", "An oven.", ""), *said("cake", "cake", "random", "", "no")]
    rows = pd.DataFrame(rows)
    write_token_table(tmp_path / "part.csv", rows.drop(columns=["answering", "answering_type"]))
    monkeypatch.setattr("paper_replication.steps.cross_steering_table.read_domain_words", lambda _: WORDS)
    files = [tmp_path / f"{name}.csv" for name in ("answers", "table", "relations", "own")]
    cross_steering_table(json.dumps([label("cake")]), [tmp_path / "part.csv"], [], json.dumps(CONTROLS), *files)
    assert len(read_token_table(files[0])) == 4
    assert read_table(files[1]).set_index("vector")[["value", "n"]].T.to_dict("list") == {
        "difference": [1, 1],
        "random": [0, 1],
    }
