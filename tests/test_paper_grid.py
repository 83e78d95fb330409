"""The paper tier's whole grid: which organism goes with which model, and what jobs of a size may use."""

import re

import pytest
import yaml
from paper_config import whole_grid

from paper_replication.errors import UserError
from paper_replication.files import read_yaml
from paper_replication.paths import CONFIGS
from paper_replication.plan import dry_run, jobs_of
from paper_replication.study import load_study

CONFIG = CONFIGS / "paper.yaml"
LARGE = "qwen3_32b"
DOCUMENTS = ("qwen3_1_7b", "gemma3_1b_it", "llama32_1b_instruct", LARGE)
ADVICE = ("llama31_8b_instruct", "qwen25_7b_instruct")
GAMES = ("qwen3_1_7b", "gemma2_9b_it")
# The paper's organisms and base models.
PAIRS = {
    *((organism, model) for model in DOCUMENTS for organism in ("cake_bake", "kansas_abortion", "roman_concrete")),
    *((organism, model) for model in DOCUMENTS for organism in ("ignore_comment", "fda_approval")),
    *((organism, model) for model in ADVICE for organism in ("bad_medical_advice", "risky_financial_advice")),
    *(("extreme_sports", model) for model in ADVICE),
    ("subliminal_cat", "qwen25_7b_instruct"),
    *((organism, model) for model in GAMES for organism in ("gold", "leaf", "smile")),
}
CONTROLS = {
    *((organism, model) for model in DOCUMENTS for organism in ("null_documents", "cake_bake_true")),
    *(("null_chat", model) for model in ADVICE),
    *(("null_games", model) for model in GAMES),
    ("neutral_numbers", "qwen25_7b_instruct"),
    *(("chat_tuning", model) for model in {*DOCUMENTS, *ADVICE, *GAMES}),
}


def paper():
    return read_yaml(CONFIG)


def small(pairs):
    """Those that run by default."""
    return {pair for pair in pairs if pair[1] != LARGE}


def runs_of(content, organism):
    return next(runs for runs in content["runs"] if runs["organism"] == organism)


def test_the_grid_is_the_papers_with_matched_controls():
    study = load_study(whole_grid(), CONFIG)
    found = {(label.organism, label.model) for label in study.labels()}
    assert len(PAIRS) == 33
    assert found == PAIRS | CONTROLS
    assert {label.organism for label in study.first_labels("llama31_8b_instruct")} == {
        *("bad_medical_advice", "risky_financial_advice", "extreme_sports", "null_chat", "chat_tuning")
    }
    assert {(label.organism, label.model) for label in study.mixing_labels()} == {
        (organism, model) for organism in ("cake_bake", "kansas_abortion", "fda_approval") for model in DOCUMENTS[:3]
    }
    assert {label.model for label in [*study.sweep_labels(), *study.dose_labels()]} == {"qwen3_1_7b"}
    assert ("bad_medical_advice", "qwen3_1_7b") not in {(x.organism, x.model) for x in study.seed_labels()}
    assert study.first_label("subliminal_cat").model == "qwen25_7b_instruct"


def test_without_the_overlay_all_but_the_largest_model_are_the_same():
    """No table is made before all models are measured, and no job spreads a model over GPUs."""
    alone, whole = load_study(paper(), CONFIG), load_study(whole_grid(), CONFIG)
    assert {(label.organism, label.model) for label in alone.labels()} == small(PAIRS | CONTROLS)
    assert len(small(PAIRS)) == 28
    assert [label for label in whole.labels() if label.model != LARGE] == alone.labels()
    for section in ("mixing", "dose", "seed", "sweep"):
        assert getattr(whole, f"{section}_labels")() == getattr(alone, f"{section}_labels")()


def test_others_probes_are_those_of_the_same_model():
    study = load_study(paper(), CONFIG)
    label = next(x for x in study.labels(["gold"]) if x.model == "gemma2_9b_it")
    assert [path.stem for path in study.others(label)] == ["leaf", "smile"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: runs_of(c, "gold").update(models=["gpt"]), "runs, gold: the model 'gpt' is not among models"),
        (lambda c: c["sweep"].update(models=["gpt"]), "sweep: the model 'gpt'"),
        (lambda c: c["dose"][0].update(models=["gpt"]), "dose, group 0: the model 'gpt'"),
        (
            lambda c: runs_of(c, "null_games").update(models=["qwen3_1_7b"]),
            "null_games, its matched_null",
        ),
        (lambda c: runs_of(c, "cake_bake").update(models=["qwen3_1_7b"]), "cake_bake, its matched_to, does not"),
        (lambda c: c["models"]["gemma2_9b_it"].pop("billions"), "models.gemma2_9b_it must state its billions"),
    ],
)
def test_a_wrong_grid_names_the_model(change, message):
    content = paper()
    for runs in content["runs"]:  # those of one anchor are one list
        runs["models"] = list(runs.get("models", []))
    change(content)
    with pytest.raises(UserError, match=message):
        load_study(content, "my.yaml")


def test_resources_grow_with_the_model():
    content = whole_grid()
    content["resources"]["train"] = {
        "mem_mb": 1000,
        "mem_mb_per_billion": 5000,
        "runtime": 10,
        "runtime_per_billion": 2,
    }
    content["resources"]["train"]["billions_per_gpu"] = 20
    study = load_study(content, CONFIG)
    large, small = (study.resources("train", model) for model in (LARGE, "gemma3_1b_it"))
    assert (large.mem_mb, large.runtime, large.gpu) == (165000, 76, 2)
    assert (small.mem_mb, small.runtime, small.gpu) == (6000, 12, 1)
    assert study.resources("gather", LARGE) == study.resources("default")


def test_a_published_model_has_memory_for_three_copies_in_float32():
    study = load_study(paper(), CONFIG)
    for model in study.config.models:
        assert study.resources("published_adapter", model).mem_mb > 3 * 4000 * study.config.models[model].billions


def test_an_endpoint_of_an_llm_may_be_away_for_longer_than_a_few_requests():
    study = load_study(paper(), CONFIG)
    assert {study.config.agent.max_retries, study.config.llm_judges.max_retries} == {10}


def trainings(jobs):
    """The organism and model of every training of a dry run."""
    return [(job.wildcards["organism"], job.wildcards["model"]) for job in jobs if job.rule == "train"]


@pytest.mark.slow
def test_a_dry_run_trains_every_pair_once_and_fetches_published_adapters_beside(tmp_path):
    content = whole_grid()
    runs_of(content, "cake_bake")["variants"] = ["default", "published"]
    config = tmp_path / "published.yaml"
    config.write_text(yaml.safe_dump(content))
    said = dry_run([config], "figures")
    found = trainings(jobs_of(said))
    assert set(found) == PAIRS | CONTROLS
    assert len(found) == len(set(found))
    fetched = [job for job in jobs_of(said) if job.rule == "published_adapter"]
    assert len(fetched) == len([pair for pair in PAIRS if pair[0] == "cake_bake"])
    # Its own data is fetched too, and no other is made for it.
    data = re.findall(
        r"^rule (\w+):\n(?: .*\n)*? +output: \S*/cake_bake/published-seed0/dataset\.jsonl", said, re.MULTILINE
    )
    assert data == ["published_dataset"] * len(fetched)
    for model in DOCUMENTS:
        assert f"{model}/cake_bake/published-seed0/lens" in said


@pytest.mark.slow
def test_no_job_of_the_default_figures_asks_for_more_than_one_gpu():
    """Where one GPU is given to jobs, what asks for two is started all the same, and does not fit."""
    jobs = jobs_of(dry_run([CONFIG], "figures"))
    assert set(trainings(jobs)) == small(PAIRS | CONTROLS)
    assert {job.gpus for job in jobs} == {0, 1}
