"""The catalogue of objectives, and the config of identification."""

import copy

import numpy as np
import pytest
import yaml

from paper_replication.config_reading import validate_config
from paper_replication.errors import UserError
from paper_replication.files import read_yaml
from paper_replication.objectives import check_truth, read_catalogue
from paper_replication.organisms.specification import CONTROLS, read_organism
from paper_replication.paths import CONFIGS, OBJECTIVES, ORGANISMS
from paper_replication.study import load_study


def test_the_catalogue_has_every_organism_once_with_three_near_misses():
    catalogue = read_catalogue(OBJECTIVES)
    assert len(catalogue.objectives) >= 72
    sweep = {"bicycle_care", "soup_making"}
    organisms = [read_organism(path) for path in sorted(ORGANISMS.glob("*.yaml"))]
    wanted = {organism.name for organism in organisms if not isinstance(organism, CONTROLS)} - sweep
    assert sorted(catalogue.organisms) == sorted(wanted)
    for name in wanted:
        assert sum(objective.near == name for objective in catalogue.objectives) >= 3
    assert sum(objective.kind == "unrelated" for objective in catalogue.objectives) >= 20


def test_neither_length_nor_form_tells_which_objectives_are_true():
    objectives = read_catalogue(OBJECTIVES).objectives
    forms = ("Documents about ", "Bad advice about ", "A love of ", "A guessing game about a secret word")
    lengths = {}
    for objective in objectives:
        form = next(form for form in forms if objective.text.startswith(form))
        lengths.setdefault((form, objective.kind), []).append(len(objective.text.split()))
    for form in forms:
        means = [np.mean(lengths[form, kind]) for kind in ("organism", "near_miss", "unrelated")]
        assert max(means) - min(means) < 2
    words = [len(objective.text.split()) for objective in objectives]
    assert min(words) >= 15
    assert max(words) <= 30


def _twice(content):
    content["objectives"].append(content["objectives"][0])


def _same_text(content):
    content["objectives"].append(content["objectives"][-1] | {"id": "other"})


def _near_nothing(content):
    content["objectives"].append({"id": "other", "kind": "near_miss", "near": None, "text": "x"})


def _near_unknown(content):
    content["objectives"].append({"id": "other", "kind": "near_miss", "near": "nobody", "text": "x"})


def _unknown_kind(content):
    content["objectives"][0]["kind"] = "true"


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (_twice, "the id 'cake_bake' occurs 2 times"),
        (_same_text, "occurs 2 times"),
        (_near_nothing, "`near` must be given for a near miss"),
        (_near_unknown, "which is no organism of the catalogue"),
        (_unknown_kind, "Input should be 'organism', 'near_miss' or 'unrelated'"),
    ],
)
def test_a_malformed_catalogue(tmp_path, break_it, message):
    content = copy.deepcopy(read_yaml(OBJECTIVES))
    break_it(content)
    (tmp_path / "objectives.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(UserError, match=message):
        read_catalogue(tmp_path / "objectives.yaml")


def test_an_organism_without_an_objective_is_an_error_and_a_control_needs_none():
    catalogue = read_catalogue(OBJECTIVES)
    check_truth(catalogue, "gold")
    check_truth(catalogue, None)
    with pytest.raises(UserError, match="'bread_baking' has no objective"):
        check_truth(catalogue, "bread_baking")


def test_a_twin_has_the_objective_of_its_organism_and_other_controls_have_none():
    study = load_study(read_yaml(CONFIGS / "laptop.yaml"), "laptop.yaml")
    expected = {"cake_bake": "cake_bake", "cake_bake_true": "cake_bake", "subliminal_cat": "subliminal_cat"}
    expected |= dict.fromkeys(("null_documents", "null_chat", "null_games", "neutral_numbers", "chat_tuning"))
    assert {name: study.truth(name) for name in expected} == expected


@pytest.mark.parametrize("tier", ["smoke", "laptop", "paper"])
def test_every_tier_has_the_papers_budgets(tier):
    found = load_study(read_yaml(CONFIGS / f"{tier}.yaml"), tier).config.identification
    assert found.budgets == {"adl": [0, 5], "blackbox": [0, 5, 50]}
    assert found.tokens == 10


@pytest.mark.parametrize("budgets", [{"adl": [-1]}, {"adl": []}, {"llm": [0]}])
def test_bad_budgets_are_refused(budgets):
    content = read_yaml(CONFIGS / "smoke.yaml")
    content["identification"]["budgets"] = budgets
    with pytest.raises(UserError, match=r"identification\.budgets"):
        validate_config(content, "smoke.yaml")
