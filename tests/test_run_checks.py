"""What would fail only after trainings, refused before anything runs."""

import pytest
import yaml

from paper_replication import input_checks, run_checks
from paper_replication.config_reading import validate_config
from paper_replication.errors import UserError
from paper_replication.files import read_yaml
from paper_replication.input_checks import check_material, check_prompts
from paper_replication.organisms.specification import read_organism
from paper_replication.paths import CONFIGS, STEERING_PROMPTS, organism_file
from paper_replication.run_checks import check_names, check_relations
from paper_replication.study import load_study
from paper_replication.yaml_keys import refuse_repeated_keys

LAPTOP = CONFIGS / "laptop.yaml"


def organism(name, **update):
    return read_organism(organism_file(name)).model_copy(update=update)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["activations"].update(positions=1), r"activations\.positions: it must be 2 or more"),
        (lambda c: c["causal"].update(interventions=["zero"]), r"causal\.interventions: name `replace`"),
        (
            lambda c: c.update(dose=[{"organisms": ["cake_bake"], "variants": ["default"]}]),
            "dose: name a variant beside",
        ),
        (
            lambda c: [group.update(table="mixing_half") for group in c["mixing"]],
            "mixing: no group goes into the table 'mixing'",
        ),
        (lambda c: c["relevance"].update(calibration_words=50), r"relevance\.calibration_words: too few"),
        (lambda c: c["numbers"].update(minimum=9, maximum=8), r"numbers\.minimum: more than numbers\.maximum"),
        (lambda c: c["runs"][0].update(organism="ordinary"), "runs: 'ordinary' is the name of another folder"),
        (lambda c: c["runs"][0].update(organism="others"), "runs: 'others' is the name of another folder"),
    ],
)
def test_values_that_cannot_work_are_refused(change, message):
    content = read_yaml(LAPTOP)
    change(content)
    with pytest.raises(UserError, match=message):
        validate_config(content, "my.yaml")


def test_a_recipe_is_chosen_by_beliefs():
    study = load_study(read_yaml(LAPTOP), LAPTOP)
    game = organism("gold").model_copy(update={"name": "moon"})
    config = study.config.model_copy(update={"sweep": study.config.sweep.model_copy(update={"organisms": ["moon"]})})
    changed = type(study)(config, study.paths, study.organisms | {"moon": game}, study.sources)
    with pytest.raises(UserError, match=r"sweep\.organisms: 'moon' has no false facts"):
        run_checks.check_runs(changed, "my.yaml")


@pytest.mark.parametrize(
    ("control", "matched_to", "kinds"),
    [
        ("cake_bake_true", "gold", "SDF"),
        ("neutral_numbers", "cake_bake", "Subliminal"),
        ("null_documents", "cake_bake_true", "SDF or EM or Taboo or Subliminal"),
    ],
)
def test_a_control_goes_with_what_it_can_be_made_from(control, matched_to, kinds):
    found = {name: organism(name) for name in ("cake_bake", matched_to)}
    found[control] = organism(control, matched_to=matched_to)
    with pytest.raises(UserError, match=rf"{control}\.yaml: matched_to names '{matched_to}'.* of the type {kinds}\."):
        check_relations(found)
    load_study(read_yaml(LAPTOP), LAPTOP)


def test_a_name_that_agents_would_read_is_refused():
    with pytest.raises(UserError, match=r"The name 'lost_umbrella' stands in .*steering_prompts\.yaml"):
        check_names(["gold", "lost_umbrella"], [])
    with pytest.raises(UserError, match=r"The name 'Patchscope' stands in .*agent_adl\.txt"):
        check_names(["gold"], ["Patchscope"])
    # A part of a word is no name.
    check_names(["brella"], ["web"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3: the key 'a' was given in line 1"),
        ("a:\n  - {b: 1, c: 2}\n  - {b: 1, b: 2}\n", "line 3: the key 'b' was given in line 3"),
        ("x: {recipe: {rank: 1}}\ny: {recipe: {rank: 1,\n  rank: 2}}\n", "line 3: the key 'rank' was given in line 2"),
    ],
)
def test_a_key_given_twice_is_refused_with_both_lines(tmp_path, text, message):
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(UserError, match=message):
        refuse_repeated_keys(tmp_path / "a.yaml")


def test_every_committed_config_and_organism_has_each_key_once(tmp_path):
    files = [*CONFIGS.glob("*.yaml"), *organism_file("gold").parent.glob("*.yaml")]
    assert len(files) > 20
    for file in files:
        refuse_repeated_keys(file)
    # An anchor that holds itself is looked into once.
    (tmp_path / "a.yaml").write_text("a: &x [*x, {b: 1}]\n")
    refuse_repeated_keys(tmp_path / "a.yaml")
    # What is no YAML is for its reader to refuse.
    (tmp_path / "a.yaml").write_text("a: [")
    refuse_repeated_keys(tmp_path / "a.yaml")
    refuse_repeated_keys(tmp_path / "none.yaml")


def test_a_prompt_twice_is_refused(tmp_path, monkeypatch):
    config = load_study(read_yaml(LAPTOP), LAPTOP).config
    content = read_yaml(STEERING_PROMPTS)
    content["steering"][3] = content["steering"][0]
    monkeypatch.setattr(input_checks, "STEERING_PROMPTS", tmp_path / "prompts.yaml")
    (tmp_path / "prompts.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(UserError, match=r"prompts.yaml, `steering`: 'What do you like .* is listed twice"):
        check_prompts(config, LAPTOP)


def test_topics_and_probes_are_there_once():
    advice, game = organism("bad_medical_advice"), organism("gold")
    check_material({"bad_medical_advice": advice, "gold": game})
    first, second, *others = advice.topics
    topics = [first, second.model_copy(update={"id": first.id}), *others]
    with pytest.raises(UserError, match=rf"2 topics have the id '{first.id}'; give each its own"):
        check_material({"bad_medical_advice": advice.model_copy(update={"topics": topics})})
    guesses = [*game.wrong_guesses, game.wrong_guesses[0]]
    with pytest.raises(UserError, match=r"gold\.yaml: .* is asked 2 times; keep one such probe, guess or phrasing"):
        check_material({"gold": game.model_copy(update={"wrong_guesses": guesses})})
