"""The committed laptop results: the recipe is the sweep's choice, every link of every figure verifies."""

from pathlib import Path

import pytest

from paper_replication.files import read_table, read_yaml
from paper_replication.paths import CONFIGS, Paths
from paper_replication.provenance.audit import BROKEN, audit, render
from paper_replication.provenance.reproduce import configs_of
from paper_replication.study import load_study

AT = Paths("laptop")
CONFIG = CONFIGS / "laptop.yaml"
PUBLISHED = sorted(path for path in Path(AT.figures).rglob("*") if path.suffix in {".pdf", ".png", ".csv"})


def test_the_default_recipe_is_the_one_that_the_sweep_chose():
    study = load_study(read_yaml(CONFIG), CONFIG)
    table = read_table(Path(AT.table("recipe_sweep")))
    chosen = table[table["chosen"] == 1].iloc[0]
    label = study.labels([study.config.demo])[0]
    recipe = study.recipe(label).model_dump()
    recipe |= {f"documents_{key}": value for key, value in study.documents(label).model_dump().items()}
    for key, value in recipe.items():
        assert chosen[key] == (pytest.approx(value) if isinstance(value, float) else value), key
    assert not set(study.config.sweep.organisms) & set(study.reported())
    assert set(table["organism"]) == set(study.config.sweep.organisms)


def test_at_most_one_in_fifty_random_tokens_counts_as_relevant():
    calibration = read_table(Path(AT.table("judge_calibration")))
    assert (calibration["n_held_out_tokens"] >= 3000).all()
    assert (calibration["held_out_tokens_ci_high"] <= 0.02).all()


def test_results_are_committed():
    assert {path.suffix for path in PUBLISHED} == {".pdf", ".png", ".csv"}


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.name)
def test_every_published_result_verifies(path):
    report = audit(path)
    # Stale is no fault of a result: the code has moved on, and `audit` says which.
    assert report.verdict != BROKEN, render(report, path)


def test_results_of_the_second_family_are_made_again_with_its_config():
    families = CONFIGS / "laptop_families.yaml"
    assert configs_of(AT.figure("families", "pdf")) == (CONFIG, families)
    assert configs_of(AT.figure("token_relevance", "pdf")) == (CONFIG,)
