"""The plan: jobs of a dry run, and hours and cost against a case computed by hand."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from paper_config import whole_grid

from paper_replication.agent.runs import RULE, agent_resources
from paper_replication.errors import UserError
from paper_replication.files import read_yaml
from paper_replication.organisms.preferences import preferences
from paper_replication.paths import CONFIGS
from paper_replication.plan import (
    PROBE_TOKENS,
    WORK,
    Job,
    Work,
    dry_run,
    hours,
    jobs_of,
    laid_over,
    plan,
    records_of,
    told,
)
from paper_replication.settings.plan import PlanSettings
from paper_replication.study import load_study

CONFIG = CONFIGS / "paper.yaml"
OUTPUT = """Building DAG of jobs...
Job stats:
job      count
-----  -------
train        1

[Tue Nov 24 16:05:07 2026]
rule train:
    input: data/x
    wildcards: model=qwen3_32b, organism=cake_bake, variant=default, seed=0
    priority: highest
    resources: tmpdir=/tmp, runtime=10, gpu=2, mem_mb=2000
Shell command: python -m paper_replication.steps.train --recipe '{"rank":64}'

[Tue Nov 24 16:05:07 2026]
rule delta_table:
    input: data/y

[Tue Nov 24 16:05:07 2026]
localrule figures:
    input: data/z
"""
SETTINGS = {"training_flops": 4e14, "forward_flops": 1e14, "float32_flops": 1e14, "generation_flops": 2e12}
SETTINGS |= {"loading_seconds_per_billion": 3, "usd_per_hour": 2}


def content_of():
    """The paper's organisms, with numbers that are easy to count with."""
    content = whole_grid() | {"plan": SETTINGS}
    content["documents"]["tokens"] = 1_000_000
    content["models"]["qwen3_32b"]["billions"] = 30
    content["models"]["gemma3_1b_it"]["billions"] = 1
    content["recipe"]["epochs"] = 3
    return content


@pytest.fixture
def study():
    return load_study(content_of(), CONFIG)


class Run(SimpleNamespace):
    """A run as a rule's wildcards name it."""

    def get(self, name, default=None):
        return getattr(self, name, default)


def run_of(**change):
    return Run(**{"model": "gemma3_1b_it", "organism": "cake_bake", "variant": "default", "seed": 0} | change)


def test_jobs_of_a_dry_run():
    jobs = jobs_of(OUTPUT)
    assert [job.rule for job in jobs] == ["train", "delta_table", "figures"]
    assert jobs[0].wildcards == {"model": "qwen3_32b", "organism": "cake_bake", "variant": "default", "seed": "0"}
    assert jobs[1].wildcards == {}
    assert [job.gpus for job in jobs] == [2, 0, 0]


def test_configs_are_laid_over_one_another():
    both = laid_over([{"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"c": 3}, "d": [2]}])
    assert both == {"a": {"b": 1, "c": 3}, "d": [2]}
    study = load_study(laid_over([read_yaml(CONFIGS / f"laptop{end}.yaml") for end in ("", "_families")]), "both")
    assert study.several_models()


def test_hours_by_hand():
    settings = PlanSettings(**SETTINGS)
    # Training passes twice over 1e9 parameters, 2 operations each, for 9e7 tokens: 3.6e17 of them, at 4e14 a second.
    assert hours(Work("training", 9e7), 1, settings) == pytest.approx((900 + 3) / 3600)
    # One pass more where the weights themselves are trained.
    assert hours(Work("full_training", 9e7), 1, settings) == pytest.approx((1350 + 3) / 3600)
    assert hours(Work("forward", 9e7), 1, settings) == pytest.approx((1800 + 3) / 3600)
    assert hours(Work("generation", 9e7), 10, settings) == pytest.approx((900_000 + 30) / 3600)


def test_a_plan_by_hand(study):
    jobs = jobs_of(OUTPUT) + [
        Job("train", run_of(organism=name).__dict__, 1) for name in ("cake_bake", "null_documents")
    ]
    table = plan(study, jobs).set_index(["rule", "model"])
    # 3e6 tokens: 4 * 30e9 * 3e6 / 4e14 = 900 s and 90 s of reading, on two devices; 30 s and 3 s on one, twice.
    assert table.loc[("train", "qwen3_32b")].to_dict() == pytest.approx(
        {"jobs": 1, "tokens": 3e6, "gpus": 2, "gpu_hours": 2 * 990 / 3600, "usd": 2 * 2 * 990 / 3600}
    )
    assert table.loc[("train", "gemma3_1b_it")].to_dict() == pytest.approx(
        {"jobs": 2, "tokens": 6e6, "gpus": 1, "gpu_hours": 66 / 3600, "usd": 132 / 3600}
    )
    assert table.loc[("delta_table", ""), "gpu_hours"] == 0
    assert table["gpu_hours"].is_monotonic_decreasing
    text = told(study, table.reset_index())
    assert "5 jobs, 0.6 GPU hours, 1 USD" in text
    assert "2 jobs put few tokens" in text
    assert "no code spreads a model over several" in text
    assert "https://huggingface.co/google/gemma-3-1b-it" in text
    # Of gated models those alone that the plan uses.
    assert text.count("https://") == 1


def test_a_plan_without_tokens_says_so_and_no_more(study):
    few, total = "2 jobs put few tokens through a model, or none.", "2 jobs, 0.0 GPU hours, 0 USD"
    table = plan(study, [Job("delta_table", {}), Job("figures", {})])
    assert told(study, table) == f"{few}\n\nIn all: {total} (estimates)."


def test_tokens_of_a_job_by_hand(study):
    tokens = {rule: WORK[rule](study, run_of(run="base", corpus="fineweb", budget="5")).tokens for rule in WORK}
    assert tokens["train"] == 3_000_000
    assert WORK["train"](study, run_of(variant="mix-2.0")).tokens == 9_000_000
    assert WORK["train"](study, run_of(variant="samples-0.2")).tokens == 600_000
    assert WORK["train"](study, run_of(organism="gold", model="gemma2_9b_it")).tokens == 2 * 90_000
    assert WORK["train"](study, run_of(organism="chat_tuning")).tokens == 3 * 5_000_000
    assert WORK["train"](study, run_of(organism="subliminal_cat")).tokens == 3 * 2 * 20_000 * 64
    assert tokens["answers"] == 20 * 5 * 512
    # Three datasets of 250 texts of 256 tokens: by both models, and by half of the layers with 27 or 9 differences and
    # 128 other directions.
    assert tokens["causal_effect"] == 3 * 250 * 256 * (2 + (27 + 128) / 2)
    assert WORK["causal_effect"](study, run_of(variant="mix-1.0")).tokens == 3 * 250 * 256 * (2 + (9 + 128) / 2)
    assert tokens["causal_controls"] == 3 * 250 * 256 * (2 + 2 * 128 / 2)
    organisms = len(study.first_labels("gemma3_1b_it"))
    assert tokens["causal_matched"] == 3 * 250 * 256 * (2 / 2 + (1 + organisms + 8) / 2)
    assert tokens["activations"] == 10_000 * 5 + 1000 * 128
    # 24 rounds of ten samples of 128 tokens at five positions; 100 answers of 512, unsteered and by 3 vectors at 5.
    assert tokens["steering"] == 5 * 24 * 10 * 128 + 100 * 512 * 16
    assert tokens["readouts"] == 3 * 20 * (15 + 20) * 30
    # Windows of 128 tokens: of 1,000 documents by both models and at five weights of the adapter; of 200 for norms, and
    # both means at five positions and 20 random vectors are read in three prompts at four layers and 13 scales.
    assert tokens["ablation_readouts"] == (2 + 5) * 1000 * 128
    assert tokens["layer_controls"] == 2 * 1000 * 5 + 200 * 128 + 3 * 20 * 4 * (2 * 5 + 20) * 13
    assert tokens["llm_coherence"] == 100 * 128
    assert tokens["interpretability_agent"] == 2 * 5 * 5 * 512
    assert tokens["base_again"] == 20 * 5 * 512 + 20 * 5 * 6 * 512
    # Of a fact no word is asked for; of a game 24 others, in eight ways, of both models.
    assert tokens.pop("revealed_word") == 0
    guesses = len(study.organisms["gold"].wrong_guesses)
    assert WORK["revealed_word"](study, run_of(organism="gold")).tokens == 2 * 8 * guesses * 40
    assert all(count > 0 for count in tokens.values())


def test_passes_are_timed_in_the_precision_that_the_config_gives_them():
    content = content_of()
    for precision, kind in (("float32", "float32"), ("bfloat16", "forward")):
        for section in ("activations", "readouts"):
            content[section]["precision"] = precision
        study = load_study(content, CONFIG)
        run = run_of(run="base", corpus="fineweb")
        rules = ("activations", "readouts", "ablation_readouts", "layer_controls")
        assert [WORK[rule](study, run).kind for rule in rules] == 4 * [kind]


def test_a_part_of_its_own_probes_is_asked_of_a_run_and_all_of_the_base_model():
    content = read_yaml(CONFIGS / "smoke.yaml")
    # Of each organism as many probes are asked of its own run as of others', and no more of the base model.
    assert load_study(content, "smoke").own_probes("base") == f"--most {content['probes_of_others']}"
    study = load_study(content | {"probes_of_others": content["own_probes"] - 2}, "smoke")
    most, run = content["own_probes"], "cake_bake/default-seed0"
    assert (study.own_probes(run), study.own_probes("base")) == (f"--most {most}", "")
    asked = [WORK["probes"](study, run_of(run=name)).tokens for name in (run, "base")]
    assert asked == [most * PROBE_TOKENS, len(preferences(study.organisms["cake_bake"])) * PROBE_TOKENS]
    assert load_study(read_yaml(CONFIGS / "laptop.yaml"), "laptop").own_probes(run) == ""


def test_every_rule_whose_resources_grow_with_the_model_is_planned(study):
    rules = "".join(path.read_text() for path in Path("workflow/rules").glob("*.smk"))
    asked = re.findall(r'^rule (\w+):\n(?:(?!^rule )[\s\S])*?job_resources\("(\w+)"\)', rules, re.MULTILINE)
    grow = {rule for rule, name in asked if study.resources(name).grow}
    # Those that are another rule but for its files have its resources too.
    grow |= {rule for like, rule in re.findall(r"^use rule (\w+) as (\w+) with:", rules, re.MULTILINE) if like in grow}
    # What an agent may use depends on its budget as well.
    assert f"rule {RULE}:" in rules
    # These put next to no token through a model.
    assert grow - {"model", "shallow_model", "hub_model", "joined_model", "published_adapter"} | {RULE} == set(WORK)


def test_an_agent_without_interactions_asks_for_no_gpu(study):
    asked = agent_resources(study)
    assert asked.pop("llm") == 1
    idle, busy = ({name: of(run_of(budget=budget)) for name, of in asked.items()} for budget in "05")
    assert set(idle) == {"mem_mb", "runtime", "gpu"}
    assert (idle["gpu"], busy["gpu"]) == (0, 1)
    assert idle["mem_mb"] < busy["mem_mb"]
    assert idle["runtime"] == busy["runtime"]


def test_a_model_without_a_size_and_a_target_that_is_not_there():
    content = content_of() | {"resources": {"default": {}}}
    del content["models"]["gemma3_1b_it"]["billions"]
    study = load_study(content, CONFIG)
    with pytest.raises(UserError, match=r"models\.gemma3_1b_it: state its billions"):
        plan(study, [Job("readouts", run_of().__dict__)])
    with pytest.raises(UserError, match="cannot be planned for nothing-at-all"):
        dry_run([CONFIGS / "smoke.yaml"], "nothing-at-all")


def test_a_target_that_no_job_makes_has_no_plan(study):
    table = plan(study, jobs_of("Building DAG of jobs...\nNothing to be done (all requested files are present).\n"))
    assert table.columns.tolist() == ["rule", "model", "jobs", "tokens", "gpus", "gpu_hours", "usd"]
    assert told(study, table) == "There is no job to plan: no job makes what the target asks for."


def test_the_demonstration_trains_one_organism_and_not_its_null():
    config = CONFIGS / "smoke.yaml"
    jobs = jobs_of(dry_run([config], "demo"))
    assert [job.wildcards["organism"] for job in jobs if job.rule == "train"] == [read_yaml(config)["demo"]]


def test_the_records_of_a_dry_runs_jobs_are_those_that_are_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.record.json").touch()
    said = "python -m x --out a --record a.record.json 2>&1 | tee a.log\n"
    assert records_of(2 * said + said.replace("a.record", "b.record")) == [Path("a.record.json")]
    with pytest.raises(UserError, match="None of the target's jobs has a record here"):
        records_of("python -m x --record c.record.json\n")


@pytest.mark.slow
def test_the_smoke_tier_is_planned_as_the_workflow_runs_it():
    study = load_study(read_yaml(CONFIGS / "smoke.yaml"), "smoke")
    jobs = jobs_of(dry_run([CONFIGS / "smoke.yaml"], "figures"))
    trained = [job.wildcards["organism"] for job in jobs if job.rule == "train"]
    assert sorted(trained) == sorted(label.organism for label in study.labels())
    table = plan(study, jobs)
    assert table["jobs"].sum() == len(jobs)
