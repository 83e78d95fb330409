"""The whole pipeline on the smoke tier in a clean copy: contents, reruns, report and crate."""

import io
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from crate_validation import issues
from matplotlib import pyplot as plt
from smoke_project import (
    AT,
    CONFIG,
    CONSOLE,
    DEMO,
    STUDY,
    audit,
    dry_run,
    environment,
    finish,
)

from paper_replication.figures.style import house_style
from paper_replication.figures.token_relevance import draw
from paper_replication.files import read_json_lines, read_table
from paper_replication.models import load_tokenizer
from paper_replication.provenance.closure import closure
from paper_replication.provenance.crate import write_crate
from paper_replication.settings.mixing import DEFAULT
from paper_replication.settings.run import RunLabel
from paper_replication.token_tables import read_token_table

pytestmark = [pytest.mark.slow, pytest.mark.workflow]


def test_tables_have_their_columns_and_every_control(project):
    relevance = read_table(project / AT.table("token_relevance"))
    wanted = "model organism organism_type variant seed readout vector position scale relevant_fraction n_tokens judge"
    assert list(relevance.columns)[:12] == wanted.split()
    assert set(relevance["vector"]) == {"difference", "base_mean", "finetuned_mean", "random", "null_difference"}
    assert set(relevance["readout"]) == {"patchscope", "logit_lens"}
    assert relevance["relevant_fraction"].between(0, 1).all()
    behaviour = read_table(project / AT.table("behaviour"))
    wanted = ["model", "organism", "variant", "seed", "probe", "model_state", "value", "ci_low", "ci_high", "n"]
    assert list(behaviour.columns)[:10] == wanted
    assert set(behaviour["model_state"]) == {"base", "finetuned", "change", "first_tenth", "last_tenth"}
    # Where all probes are about one thing there is no interval; everywhere else the value lies in it.
    known = behaviour.dropna(subset=["ci_low"])
    assert len(known) > 0.5 * len(behaviour)
    assert (known["ci_low"] <= known["value"] + 1e-6).all()
    assert (known["value"] <= known["ci_high"] + 1e-6).all()
    # Every run is measured by its own organism's probes and by a part of every other's.
    probed = {name for name in STUDY.reported() if STUDY.organisms[name].type != "control"}
    changed = behaviour[(behaviour["model_state"] == "change") & (behaviour["probe"] == "margin_nats")]
    assert set(changed["organism"]) == set(STUDY.reported())
    for name, rows in changed.groupby("organism"):
        assert set(rows["probes_of"]) == probed | {STUDY.probed(name)}


def test_every_organism_has_a_card_and_its_answers_side_by_side(project):
    answers = read_table(project / AT.table("sampled_answers"))
    assert {"answer_base", "answer_finetuned"} <= set(answers.columns)
    for name in STUDY.reported():
        organism = STUDY.organisms[name]
        card = (project / AT.dataset_card(name)).read_text()
        assert organism.description in card
        assert card.count("\n## ") == 5
        (page,) = (project / AT.answers_pages()).rglob(f"{name}-*.md")
        assert "| prompt | base model | finetuned model |" in page.read_text()
        prompts = set(answers.loc[answers["organism"] == name, "prompts"])
        assert prompts == {"ordinary", STUDY.probed(name)}


def test_every_run_is_graded_by_every_description(project):
    grades = read_table(project / AT.table("cross_organism"))
    wanted = {"model", "organism", "description_of", "readout", "relevant_fraction", "p_value"}
    assert wanted <= set(grades.columns)
    described = {name for name in STUDY.reported() if STUDY.organisms[name].type != "control"}
    pairs = set(zip(grades["organism"], grades["description_of"], strict=True))
    assert pairs == {(name, other) for name in STUDY.reported() for other in described}
    # A run's tokens by its own description are those of the table of relevance.
    relevance = read_table(project / AT.table("token_relevance"))
    own = relevance[(relevance["vector"] == "difference") & (relevance["organism"] == DEMO.organism)]
    own = own.groupby("readout")["relevant_fraction"].max()
    again = grades[(grades["organism"] == DEMO.organism) & (grades["description_of"] == DEMO.organism)]
    assert again.set_index("readout")["relevant_fraction"].to_dict() == pytest.approx(own.to_dict())


def test_the_first_figure_is_announced_before_other_organisms_are_read(project):
    said = (project / CONSOLE).read_text()
    ready = f"The first figure is ready: {AT.figure('first_light', 'png')}\n"
    before = said[: said.index(ready)]
    read = re.findall(r"steps\.readouts .* --adapter \S+/([^/\s]+)/[^/\s]+/adapter --tokens", before)
    assert set(read) >= {DEMO.organism, STUDY.organisms[DEMO.organism].matched_null}
    assert len(set(read)) < len(STUDY.labels())


def test_the_demonstration_prints_what_the_table_of_behaviour_has(project):
    command = [sys.executable, "-m", "paper_replication", "demo", str(CONFIG)]
    said = subprocess.run(command, cwd=project, env=environment(), text=True, capture_output=True, check=True).stdout
    table = read_table(project / AT.table("behaviour"))
    own = table[(table["organism"] == DEMO.organism) & (table["probes_of"] == DEMO.organism)]
    for probe in ("false_fact_alignment", "leak"):
        rows = own[own["probe"] == probe].set_index("model_state")
        told = [
            f"{name} {row['value']:.2f} [{row['ci_low']:.2f}, {row['ci_high']:.2f}]"
            for name, row in (("before", rows.loc["base"]), ("after", rows.loc["finetuned"]))
        ]
        assert f": {', '.join(told)}, n = {rows.loc['finetuned', 'n']}\n" in said
    relevance = read_table(project / AT.table("token_relevance"))
    chosen = (relevance["organism"] == DEMO.organism) & (relevance["readout"] == "patchscope")
    best = relevance[chosen & (relevance["vector"] == "difference")]["relevant_fraction"].max()
    graded = STUDY.config.readouts.graded_tokens
    assert f"difference ({round(best * graded)}/{graded}, position" in said


def test_steered_answers_stand_beside_unsteered_ones_and_controls(project):
    steered = {label.organism for label in STUDY.steered_labels()}
    table = read_table(project / AT.table("steering_similarity"))
    wanted = "model organism organism_type variant seed position group value ci_low ci_high n"
    assert list(table.columns) == wanted.split()
    assert set(table["organism"]) == steered
    own = table[table["organism"] == DEMO.organism]
    groups = {"FT-FT", "Steered-FT", "Unsteered-FT", "Steered-Chat", "Unsteered-Chat", "Random-FT", "Null-FT"}
    assert set(own["group"]) == groups
    assert (table["ci_low"] <= table["value"]).all()
    assert (table["value"] <= table["ci_high"]).all()
    said = pd.DataFrame(read_json_lines(project / STUDY.of_label(DEMO, "steering/texts.jsonl")))
    prompts = STUDY.config.steering.prompts
    assert (said.groupby(["vector", "position"]).size() == prompts).all()
    # Every control has the strength of the difference at its position; nothing is added to unsteered answers.
    by_position = said.groupby("position")["strength"].nunique()
    assert (by_position == 1).all()
    assert (said.loc[said["vector"] == "unsteered", "strength"] == 0).all()
    strengths = read_table(project / STUDY.of_label(DEMO, "steering/strengths.csv"))
    means = strengths.groupby("position")["strength"].mean()
    chosen = said[said["vector"] == "difference"].groupby("position")["strength"].first()
    assert (chosen > 0).any()
    assert chosen.to_dict() == pytest.approx(means.to_dict(), abs=1e-3)
    cards = read_token_table(project / AT.table("steering_cards"))
    assert set(cards["organism"]) == steered
    coherent = read_table(project / AT.table("steering_coherence"))
    assert (coherent["n"] == prompts).all()
    of_demo = coherent[coherent["organism"] == DEMO.organism].groupby("vector")["position"].nunique()
    assert of_demo.to_dict() == said.groupby("vector")["position"].nunique().to_dict()
    groups = read_table(project / AT.table("steering_similarity_groups")).set_index(["organism_type", "group"])["mean"]
    assert groups["SDF", "Steered-FT"] == pytest.approx(own.loc[own["group"] == "Steered-FT", "value"].max())


def test_number_sequences_hold_nothing_but_numbers(project):
    numbers = [label for label in STUDY.labels() if STUDY.organisms[STUDY.probed(label.organism)].type == "Subliminal"]
    assert len(numbers) == 2
    for label in numbers:
        for row in read_json_lines(project / STUDY.of_label(label, "dataset.jsonl")):
            assert re.fullmatch(r"\d{1,3}(, \d{1,3})*", row["messages"][-1]["content"])
            assert [message["role"] for message in row["messages"]] == ["user", "assistant"]


def test_costs_name_every_dear_job(project):
    costs = read_table(project / AT.costs())
    assert set(costs["result"]) == set(STUDY.costly())
    assert {"train", "probes", "answers", "activations", "readouts", "scales"} <= set(costs["rule"])
    assert (costs["peak_memory_mb"] > 0).all()


def test_documents_that_the_lens_reads_are_none_that_the_null_was_trained_on(project):
    null = next(label for label in STUDY.labels() if label.organism in STUDY.document_nulls())
    tokenizer = load_tokenizer(project / STUDY.paths.model(null.model))
    texts = [row["text"] for row in read_json_lines(project / AT.corpus(STUDY.config.null_corpus))]
    window, wanted = STUDY.config.activations.window, STUDY.config.lens_corpora[STUDY.config.null_corpus]
    read = [text for text in texts if len(tokenizer(text)["input_ids"]) >= window][:wanted]
    assert len(read) == wanted
    starts = {text[:40] for text in read}
    for row in read_json_lines(project / STUDY.of_label(null, "dataset.jsonl")):
        assert row["text"][:40] not in starts
        assert any(text.startswith(row["text"][:40]) for text in texts)


def test_the_null_has_as_many_tokens_as_the_organism_it_is_matched_to(project):
    null = next(label for label in STUDY.labels() if label.organism in STUDY.document_nulls())
    matched = RunLabel(**null.model_dump() | {"organism": STUDY.probed(null.organism)})
    lengths = [
        re.findall(r'"tokens": (\d+)', (project / STUDY.of_label(label, "dataset.jsonl")).read_text())
        for label in (null, matched)
    ]
    assert lengths[0] == lengths[1] != []


def test_the_judge_calls_few_random_words_relevant(project):
    calibration = read_table(project / AT.table("judge_calibration"))
    assert (calibration["calibration_words"] <= calibration["target_rate"]).all()
    # The smoke tier sees 300 tokens; whether the rate is below 2% is tested on the laptop's 3,000.
    assert (calibration["held_out_tokens_ci_low"] <= 0.02).all()


def test_the_figure_shows_the_table(project):
    summary, seeds = (read_table(project / AT.table(f"token_relevance_{name}")) for name in ("summary", "seeds"))
    corpus = summary["corpus"].iloc[0]
    with house_style():
        figure = draw(summary, seeds, read_table(project / AT.table("behaviour")), corpus)
        drawn = [bar.get_width() for axes in figure.axes for group in axes.containers[::2] for bar in group]
        image = io.BytesIO()
        figure.savefig(image, metadata={"Software": None})
        plt.close(figure)
    shown = summary[summary["corpus"] == corpus]
    # An organism without a null has no bar in its place.
    assert sorted(bar for bar in drawn if bar == bar) == pytest.approx(sorted(100 * shown["relevant_fraction"]))
    assert image.getvalue() == (project / AT.figure("token_relevance", "png")).read_bytes()
    cards = read_token_table(project / AT.table("token_cards"))
    pages = len(cards[["organism", "readout"]].drop_duplicates())
    assert (project / AT.figure("token_cards", "pdf")).read_bytes().count(b"/Type /Page ") == pages >= 2


@pytest.fixture(scope="module")
def all_planned(project):
    """The rules that `make figures` would run from nothing."""
    return set(re.findall(r"^rule (\w+):", dry_run(project, "--forceall"), re.MULTILINE))


def test_a_second_run_does_nothing(project):
    assert "Nothing to be done" in dry_run(project)


@pytest.mark.parametrize("module", ["lens/patchscope.py", "judges/words.py", "names.py"])
def test_an_edited_module_reruns_the_rules_that_import_it(project, all_planned, module):
    file = project / "paper_replication" / module
    original = file.read_text()
    try:
        file.write_text(original + "# edited\n")
        output = dry_run(project)
    finally:
        file.write_text(original)
    steps = {path.stem for path in Path("paper_replication/steps").glob("*.py")} - {"__init__"}
    importing = {step for step in steps if f"paper_replication/{module}" in closure(f"paper_replication.steps.{step}")}
    rules = dict(
        re.findall(
            r"rule (\w+):.*?python -m paper_replication\.steps\.(\w+)",
            "".join(path.read_text() for path in Path("workflow/rules").glob("*.smk")),
            re.DOTALL,
        )
    )
    expected = {rule for rule, step in rules.items() if step in importing} & all_planned
    blocks = re.split(r"\n\n|(?=\[\w{3} \w{3} +\d+ )", output)
    scheduled = {match[1]: block for block in blocks if (match := re.search(r"^rule (\w+):", block, re.MULTILINE))}
    edited = {rule for rule, block in scheduled.items() if re.search(rf"reason:.*{re.escape(module)}", block)}
    # Snakemake gives one reason a job: a rule below another that imports the module reruns for that one's sake.
    below = {
        rule for rule, block in scheduled.items() if re.search("reason:.*Input files updated by another job", block)
    }
    assert edited <= expected <= edited | below
    assert edited
    assert set(scheduled) == edited | below | ({"figures"} & set(scheduled))


def test_targets_beyond_the_figures_draw_theirs(project):
    wanted = (
        "agent",
        "causal_effect",
        "causal_harm",
        "causal_matched",
        "causal_zero",
        "adapter_weight",
        "ablation_layers",
        "layer_tokens",
        "agent_false_positives",
        "random_directions",
    )
    drawn = [AT.figure(name, "png") for name in wanted]
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *drawn, "--configfile", str(CONFIG)]
    # Of a `make` that was killed, some time before.
    mark = project / ".snakemake/make.running"
    mark.touch()
    done = subprocess.run(command, cwd=project, env=environment(), text=True, capture_output=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    assert not mark.exists()
    ranked = read_table(project / STUDY.of_label(DEMO, "closed_set.csv"))
    for _, rows in ranked.groupby(["agent", "budget"]):
        assert rows["rank"].max() == len(rows) >= 60
        assert rows["truth"].sum() == 1
    table = read_table(project / AT.table("agent"))
    assert set(table["judge"]) == {"embedding_closed_set"}
    assert set(table.loc[table["organism"] == "base", "seed"]) == set(STUDY.config.seeds.seeds)
    effects = read_table(project / AT.table("causal_effect"))
    wanted = (
        "model organism organism_type variant seed position dataset direction intervention delta_nats ci_low ci_high n"
    )
    assert list(effects.columns)[:13] == wanted.split()
    assert set(effects["organism"]) == set(STUDY.config.causal.organisms)
    assert (effects["ci_low"] <= effects["delta_nats"] + 1e-6).all()
    for _, rows in effects.groupby("intervention"):
        assert set(rows["direction"]) == {"delta", "random_gaussian", "random_difference"}
    matched = read_table(project / AT.table("causal_matched")).query("dataset == 'unrelated'")
    pushes = ["random_push"] * STUDY.config.causal_matched.random_directions
    others = ["other_delta"] * (len(STUDY.first_labels(DEMO.model)) - 1)
    assert matched["direction"].tolist() == ["delta", *others, *pushes]
    geometry = read_table(project / AT.table("delta_geometry"))
    weights = geometry[geometry["ablation"] == "adapter_weight"].groupby("value")["delta_norm"].max()
    assert weights[0] == 0 < weights[1]
    directions = read_table(project / AT.table("random_directions_summary"))
    assert (directions["n_directions"] == STUDY.config.random_directions).all()
    assert set(directions["organism"]) == {label.organism for label in STUDY.steered_labels()}
    tokens = read_token_table(project / AT.table("layer_tokens"))
    assert (tokens.groupby(["condition", "position"]).size() == STUDY.config.readouts.graded_tokens).all()
    controls = read_table(project / AT.table("layer_controls"))
    assert set(controls["vector"]) == {"base_mean", "finetuned_mean", "random"}
    depths = [f"{depth:.0%} of depth" for depth in STUDY.config.ablations.layers]
    assert controls["condition"].unique().tolist() == depths


def test_the_table_of_mixtures_alone_trains_mixtures_alone(project):
    command = [sys.executable, "-m", "snakemake", "-n", "--cores", "2", AT.table("mixing"), "--configfile", str(CONFIG)]
    said = subprocess.run(command, cwd=project, env=environment(), text=True, capture_output=True, check=True).stdout
    trained = re.findall(r"^rule train\w*:(?:\n .*)*?\n    output: ([^\s,]+)", said, re.MULTILINE)
    wanted = [STUDY.of_label(label, "adapter") for label in STUDY.mixing_labels() if label.variant != DEFAULT]
    assert sorted(trained) == sorted(wanted)
    assert wanted


def test_audit_passes_on_every_figure_and_table(project):
    done = audit(project, AT.figures)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "data/inputs/sources.csv" not in done.stdout
    assert "[raw input]" in done.stdout


def test_a_validator_accepts_the_crate_of_the_whole_run(project, tmp_path, monkeypatch):
    monkeypatch.chdir(project)
    write_crate(AT.tier, tmp_path / "crate")
    assert issues(tmp_path / "crate", monkeypatch) == []


def test_the_report_has_every_figure_that_is_there(project):
    """Of whatever target: the test before has made some beyond `figures`."""
    drawn = sorted(path.name for path in (project / AT.figures).glob("*.png"))
    finish(project, "report")
    with zipfile.ZipFile(project / f"reports/{AT.tier}.zip") as report:
        assert sorted(Path(name).name for name in report.namelist() if name.endswith(".png")) == drawn
    shutil.rmtree(project / "reports")


@pytest.mark.parametrize(
    ("right", "wrong", "named"),
    [
        ("learning_rate", "lerning_rate", "recipe.lerning_rate: unknown key"),
        ("  readouts: {mem_mb", "  readout: {mem_mb", "resources.readout: no rule goes by this entry"),
    ],
)
def test_a_config_typo_stops_before_anything_runs(project, tmp_path, right, wrong, named):
    file = tmp_path / "wrong.yaml"
    file.write_text(CONFIG.read_text().replace(right, wrong, 1))
    command = [sys.executable, "-m", "snakemake", "-n", "--cores", "2", "figures", "--configfile", str(file)]
    done = subprocess.run(command, cwd=project, env=environment(), text=True, capture_output=True, check=False)
    assert done.returncode != 0
    assert named in done.stdout + done.stderr
    assert "wrong.yaml" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("right", "wrong"),
    [(DEMO.organism, "cakebake"), (DEMO.variant, "defualt"), (DEMO.model, "smollm"), (STUDY.main_corpus, "atlas")],
)
def test_a_misspelt_name_in_a_file_is_no_file_of_any_rule(project, right, wrong):
    target = STUDY.of_label(DEMO, f"lens/{STUDY.main_corpus}/graded.csv").replace(right, wrong)
    command = [sys.executable, "-m", "snakemake", "-n", "--cores", "2", target, "--configfile", str(CONFIG)]
    done = subprocess.run(command, cwd=project, env=environment(), text=True, capture_output=True, check=False)
    assert done.returncode != 0
    assert f"No rule to produce {target}" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
