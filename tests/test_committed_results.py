"""The committed results: the recipe is the sweep's choice, links verify, commands are what the config gives."""

import itertools
import re
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml

from paper_replication.files import read_table, read_yaml
from paper_replication.paths import CONFIGS, Paths, organism_file, prompt_file
from paper_replication.plan import laid_over
from paper_replication.provenance.audit import BROKEN, audit, render
from paper_replication.provenance.chain import command_for, configs_of, read_chain
from paper_replication.provenance.record import read_record
from paper_replication.study import load_study

AT, AGAIN, GENTLE, WEB = (Paths(f"laptop{end}") for end in ("", "_again", "_gentle", "_web"))
CONFIG = CONFIGS / "laptop.yaml"
OVERLAYS = ("families", "larger", "again", "gentle", "web")
FAMILIES, LARGER, SECOND, LESS, OTHER_TEXT = (CONFIGS / f"laptop_{name}.yaml" for name in OVERLAYS)


@pytest.mark.parametrize("configs", [(CONFIG,), (CONFIG, LESS)])
def test_the_default_recipe_is_the_one_that_the_sweep_chose(configs):
    study = load_study(laid_over([read_yaml(config) for config in configs]), configs[-1])
    table = read_table(Path(study.paths.table("recipe_sweep")))
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


@pytest.mark.parametrize(
    ("folder", "tables", "figures"),
    [(AT.figures, 25, 25), (AGAIN.figures, 25, 1), (GENTLE.figures, 10, 1), (WEB.figures, 2, 1)],
)
def test_every_published_result_verifies(folder, tables, figures):
    report = audit(folder)
    # Stale is no fault of a result: the code has moved on, and `audit` says which.
    assert report.verdict != BROKEN, render(report, folder)
    published = Counter(path.suffix for path in Path(folder).rglob("*"))
    assert published[".csv"] >= tables
    assert min(published[suffix] for suffix in (".pdf", ".png")) >= figures


def test_results_of_further_models_are_made_again_with_their_config():
    assert configs_of([AT.figure("families", "pdf")]) == (CONFIG, FAMILIES)
    assert configs_of([AT.table("larger_model_changes")]) == (CONFIG, LARGER)
    # The same model, but in a tier of its own.
    assert configs_of([f"{AT.data}/qwen25_coder_0_5b_instruct/base/model"]) == (CONFIG, LARGER)
    assert configs_of([GENTLE.table("gentle")]) == (CONFIG, LESS)
    assert configs_of([WEB.table("mixing")]) == (CONFIG, OTHER_TEXT)
    assert configs_of([AT.figure("token_relevance", "pdf")]) == (CONFIG,)
    rests_on = read_chain([AT.figure("families", "pdf")]).makers
    assert configs_of(path for path in rests_on if "families" not in path) == (CONFIG, FAMILIES)
    both = f" --configfile {CONFIG} {FAMILIES}"
    table, delta = AT.table("families_tokens"), f"{AT.data}/gemma3_270m/cake_bake/default-seed0/lens/delta.csv"
    assert command_for(table, again=True) == f"snakemake --cores all {table} --forcerun {table}{both}"
    assert command_for(delta) == f"snakemake --cores all {delta}{both}"
    assert command_for(AT.table("delta")) == f"snakemake --cores all {AT.table('delta')}"


def test_a_model_that_another_config_adds_is_made_with_both():
    both = (CONFIGS / "paper.yaml", CONFIGS / "paper_32b.yaml")
    model = "data/paper/qwen3_32b/base/model"
    assert configs_of([model]) == both
    assert command_for(model) == f"snakemake --cores all {model} --configfile {both[0]} {both[1]}"
    assert configs_of(["data/paper/qwen3_1_7b/base/model"]) == both[:1]


def test_a_config_of_another_tier_adds_nothing(tmp_path, monkeypatch):
    for tier in ("laptop", "laptop_mine"):
        (tmp_path / f"{tier}.yaml").write_text(f"tier: {tier}\nmodels: {{small: {{hub: a/b}}}}\n")
    monkeypatch.setattr("paper_replication.provenance.chain.CONFIGS", tmp_path)
    assert configs_of(["data/laptop/small/base"]) == (tmp_path / "laptop.yaml",)


def commands(targets: list[str], *configs: Path) -> dict[str, list[str]]:
    """What every job of some targets runs, by its record: variables that are set before a command are left out."""
    # As on a CPU that has instructions for bfloat16, by which committed results were made.
    fast = ["--config", "without_bfloat16=bfloat16"]
    dry = [sys.executable, "-m", "snakemake", "-n", "--forceall", "--cores", "1", *targets, *fast, "--configfile"]
    said = subprocess.run([*dry, *map(str, configs)], capture_output=True, text=True, check=True)
    found = {}
    for shown in re.split("^Shell command: ", said.stdout + said.stderr, flags=re.MULTILINE)[1:]:
        words = shlex.split(shown.split(" 2>&1 | tee ")[0])
        if "--record" in words:
            found[words[words.index("--record") + 1]] = words[words.index("python") :]
    return found


@pytest.mark.slow
def test_every_committed_result_was_made_by_the_command_that_its_config_gives_today():
    today = commands(["families"], CONFIG, FAMILIES) | commands(["larger_model"], CONFIG, LARGER)
    today |= commands(["all", "readings"], CONFIG)
    today |= commands(["again", "mixing", "readings"], CONFIG, SECOND) | commands(["gentle", "readings"], CONFIG, LESS)
    today |= commands(["mixing"], CONFIG, OTHER_TEXT)
    folders = (paths for tier in (AT, AGAIN, GENTLE, WEB) for paths in (tier.data, tier.figures))
    records = sorted(str(path) for folder in folders for path in Path(folder).rglob("*.record.json"))
    assert len(records) > 1000
    assert not [record for record in records if record not in today], "no target makes these"
    made = {record: shlex.split(read_record(Path(record))["context"]["command"]) for record in records}
    assert not [record for record in records if made[record] != today[record]], "made by another command"


def test_a_run_that_was_made_in_two_places_has_the_same_results():
    """By another commit, in another folder, on another day: what it says when it is steered, too."""
    web, again = (load_study(laid_over([read_yaml(CONFIG), read_yaml(own)]), own) for own in (OTHER_TEXT, SECOND))
    plain = web.mixing_labels()[0]
    for name in (
        "metrics.csv",
        "steering/contrasts.csv",
        "steering/texts.jsonl",
        f"lens/{web.main_corpus}/selection.csv",
    ):
        ours, theirs = (Path(study.of_label(plain, name)).read_bytes() for study in (web, again))
        assert ours == theirs, name


@pytest.mark.slow
def test_jobs_that_ask_an_llm_are_given_the_files_of_their_own_run(tmp_path):
    """No result of theirs is committed, whose command could be compared."""
    llm = "openai-api/local/x"
    overlay = tmp_path / "llm.yaml"
    overlay.write_text(yaml.safe_dump({"agent": {"model": llm, "grader": llm}, "llm_judges": {"model": llm}}))
    found = commands(["agent", "llm_judges"], CONFIG.with_name("smoke.yaml"), overlay)
    study = load_study(read_yaml(CONFIG.with_name("smoke.yaml")), "smoke")
    [run], [matched] = study.labels(["cake_bake"]), study.labels(["null_documents"])
    place, null = study.of_label(run, ""), study.of_label(matched, "")

    def options(result):
        words = found[f"{place}{result}.record.json"]
        return dict(itertools.pairwise(words))

    lens = f"{place}lens/{study.main_corpus}/"
    for agent, budget in (("adl", "5"), ("blackbox", "0"), ("blackbox", "50")):
        asked = options(f"agent/{agent}-{budget}/log.eval")
        assert (asked["--evidence"], asked["--budget"]) == (agent, budget)
        assert asked["--instructions"] == str(prompt_file(f"agent_{agent}"))
        assert asked["--selection"] == f"{lens}selection.csv"
        assert asked["--steering"] == f"{place}steering/texts.jsonl"
        assert asked["--vectors"] == f"{lens}delta.safetensors"
        assert asked["--adapter"] == f"{place}adapter"
        assert asked["--organism"] == str(organism_file("cake_bake"))
    assert options("llm_judges/scales.csv")["--selection"] == f"{lens}selection.csv"
    assert options("llm_judges/scales.csv")["--tokens"] == f"{lens}tokens.csv"
    assert options("llm_judges/graded.csv")["--graded"] == f"{lens}graded.csv"
    # What LLMs alone judge goes by the scales that they chose, of the null as well.
    alone = options("llm_judges/relevance.csv")
    assert alone["--selection"] == f"{place}llm_judges/selection.csv"
    assert alone["--null-selection"] == f"{null}llm_judges/selection.csv"
    assert alone["--dataset"] == f"{place}dataset.jsonl"


@pytest.mark.slow
def test_committed_results_count_as_done_after_what_the_readme_says(tmp_path):
    """One moment for all: by `touch` without a time, figures would be older than their tables."""
    readme = " ".join(Path("workflow/README.md").read_text().split())
    said = re.search(r"`(touch README.md; git ls-files data figures \| xargs touch [^`]+)`", readme)[1]
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", ".", str(clone)], check=True)
    subprocess.run(["bash", "-c", said], cwd=clone, check=True)

    def planned(*words):
        dry = [sys.executable, "-m", "snakemake", "-n", "--cores", "1", *words]
        done = subprocess.run(dry, cwd=clone, capture_output=True, text=True, check=True)
        return done.stdout + done.stderr

    assert "Nothing to be done" in planned("all", "--configfile", str(CONFIG))
    assert "Nothing to be done" in planned("again", "--configfile", str(CONFIG), str(SECOND))
    assert "Nothing to be done" in planned("gentle", "--configfile", str(CONFIG), str(LESS))
    # A figure, and tables, that it says are made again from what is committed of each run.
    again = re.findall(r"snakemake --cores 1 (\S+) -R (\w+)", readme)
    assert len(again) == 5
    for table, rule in again:
        assert re.findall(r"^rule (\w+):", planned(table, "-R", rule), re.MULTILINE) == [rule]
