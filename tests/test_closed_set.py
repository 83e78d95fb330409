"""Closed-set identification: evidence, scores and ranks by hand, and that the evidence is blind."""

import copy

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot as plt

from paper_replication.closed_set import (
    Evidence,
    background_tokens,
    candidates_table,
    check_blind,
    gather_evidence,
    rank,
    score,
    standardised,
    steered_in_turn,
    texts_score,
    tokens_shown,
    with_base,
    words_score,
)
from paper_replication.config import validate_config
from paper_replication.errors import UserError
from paper_replication.figures.closed_set import draw
from paper_replication.figures.style import house_style
from paper_replication.files import read_table, read_yaml, write_json_lines
from paper_replication.identification import by_run, chance, sign_test, summarise, thresholds
from paper_replication.objectives import Objective, check_truth, read_catalogue
from paper_replication.organisms.specification import CONTROLS, read_organism
from paper_replication.paths import CONFIGS, OBJECTIVES, ORGANISMS
from paper_replication.settings.identification import IdentificationSettings
from paper_replication.settings.run import RunLabel
from paper_replication.steps import closed_set as step_module
from paper_replication.steps.closed_set import closed_set
from paper_replication.steps.closed_set_table import closed_set_table
from paper_replication.study import load_study
from paper_replication.token_tables import write_token_table

SETTINGS = IdentificationSettings(
    budgets={"adl": [0, 5], "blackbox": [0, 5, 50]},
    tokens=2,
    characters=12,
    nearest_texts=2,
    seed=0,
)
CANDIDATES = [
    Objective(id="oven", kind="organism", near=None, text="about ovens"),
    Objective(id="stove", kind="near_miss", near="oven", text="about stoves"),
    Objective(id="moon", kind="unrelated", near=None, text="about moons"),
]
# Unit vectors: ovens, stoves and moons along the axes, and texts between them.
VECTORS = {
    "about ovens": [1, 0, 0],
    "about stoves": [0, 1, 0],
    "about moons": [0, 0, 1],
    "oven": [1, 0, 0],
    "bake": [0.6, 0.8, 0],
    "tide": [0, 0, 1],
    "star": [0, 0.6, 0.8],
    "warm": [0.8, 0, 0.6],
    "hot": [0.6, 0.8, 0],
    "cold": [0, 0, 1],
    "dark": [0, 0.6, 0.8],
}


def embed(texts):
    return np.array([VECTORS[text] for text in texts], dtype=float)


def selection():
    rows = [
        {"readout": readout, "vector": vector, "position": position, "rank": place, "token": token}
        for readout in ("logit_lens", "patchscope")
        for vector in ("difference", "random")
        for position in (0, 1)
        for place, token in enumerate((f" {vector}{readout[0]}{'ab'[position]}", "...", "late"), start=1)
    ]
    return pd.DataFrame(rows[::-1])


def steering(prompts=3, positions=2, samples=2):
    rows = [
        {"vector": vector, "position": position, "strength": 1.0, "prompt": f"q{k}", "sample": sample}
        for vector in ("difference", "null_difference", "random", "unsteered")
        for position in (range(positions) if vector != "unsteered" else [-1])
        for k in range(prompts)
        for sample in range(samples)
    ]
    return [row | {"text": f"{row['vector'][0]}{row['position']}{row['prompt']}s{row['sample']}"} for row in rows]


def ordinary(prompts, text="o"):
    return [{"prompt": prompt, "sample": 0, "text": f"{text} {prompt}"} for prompt in prompts]


# The catalogue


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


# The evidence


def test_the_differences_first_tokens_of_each_position_are_shown_in_order():
    shown = tokens_shown(selection(), 2)
    assert shown["logit_lens"] == {0: [" differencela", "..."], 1: [" differencelb", "..."]}
    assert shown["patchscope"] == {0: [" differencepa", "..."], 1: [" differencepb", "..."]}
    rows = selection()
    with pytest.raises(UserError, match="none of the difference by patchscope"):
        tokens_shown(rows[rows["readout"] == "logit_lens"], 2)


def test_tokens_are_compared_with_those_of_random_vectors():
    found = background_tokens(selection(), 2)
    assert sorted(found["patchscope"]) == [" randompa", " randompb", "...", "..."]
    rows = selection()
    with pytest.raises(UserError, match="Random vectors have no words by logit_lens"):
        background_tokens(rows[rows["vector"] == "difference"], 2)


def test_steered_answers_cycle_through_positions_then_samples():
    texts = [row["text"] for row in steered_in_turn(steering(), ["q0", "q1", "q2"])]
    first = ["d0q0s0", "d1q1s0", "d0q2s0", "d1q0s0", "d0q1s0", "d1q2s0"]
    assert texts == first + [text[:-1] + "1" for text in first]


def test_texts_are_paired_with_the_base_models_answers_to_the_same_prompts():
    rows = [
        {"prompt": "a", "sample": 0, "text": "first"},
        {"prompt": "b", "sample": 0, "text": " \n"},
        {"prompt": "c", "sample": 1, "text": "a text that is long"},
        {"prompt": "a", "sample": 1, "text": "again"},
    ]
    base = [*ordinary(["a", "b"], "base"), {"prompt": "a", "sample": 1, "text": "another"}]
    # The empty text is left out; nobody asked the base model c, so the third of its answers stands in.
    expected = [("first", "base a"), ("a text that ", "another"), ("again", "another")]
    assert with_base(rows, base, 12) == expected
    with pytest.raises(UserError, match="no answers of the base model"):
        with_base(rows, [], 12)


def texts_at(agent, budget, answers):
    found = gather_evidence(agent, budget, selection(), steering(), answers, ordinary(["q0"], "b"), SETTINGS)
    return {kind: [text for text, _ in pairs] for kind, pairs in found.texts.items()}, found


def test_blackbox_evidence_by_hand():
    answers = ordinary(["q1", "x0", "x1", "x2"])
    overview = ["u-1q0s0", "u-1q1s0", "u-1q2s0"]
    texts, found = texts_at("blackbox", 0, answers)
    assert (texts, found.tokens, found.interactions) == ({"unsteered": overview}, {}, 0)
    texts, found = texts_at("blackbox", 2, answers)
    assert (texts["unsteered"], found.interactions) == ([*overview, "o x0", "o x1"], 2)
    # New prompts come first, then one that was asked before; of fifty interactions there is material for four.
    texts, found = texts_at("blackbox", 50, answers)
    assert (texts["unsteered"][3:], found.interactions) == (["o x0", "o x1", "o x2", "o q1"], 4)


def test_adl_evidence_by_hand():
    answers = ordinary(["q1", "x0", "x1", "x2"])
    texts, found = texts_at("adl", 0, answers)
    assert texts == {"unsteered": ["u-1q0s0", "u-1q1s0", "u-1q2s0"], "steered": ["d0q0s0", "d1q1s0", "d0q2s0"]}
    assert found.tokens == tokens_shown(selection(), 2)
    texts, found = texts_at("adl", 5, answers)
    assert texts["steered"][3:] == ["d1q0s0", "d0q1s0", "d1q2s0"]
    assert (texts["unsteered"][3:], found.interactions) == (["o x0", "o x1"], 5)
    # Twelve steered answers in all, three of them in the overview, and one further answer.
    assert texts_at("adl", 50, answers[:1])[1].interactions == 10


def test_evidence_without_steering_is_an_error():
    only = [row for row in steering() if row["vector"] == "unsteered"]
    with pytest.raises(UserError, match="steering texts lack"):
        gather_evidence("adl", 0, selection(), only, [], ordinary(["q0"]), SETTINGS)
    with pytest.raises(UserError, match="steering texts lack"):
        gather_evidence("blackbox", 0, selection(), [], [], ordinary(["q0"]), SETTINGS)
    assert gather_evidence("blackbox", 0, selection(), only, [], ordinary(["q0"]), SETTINGS).texts["unsteered"]


NAMES = [path.stem for path in sorted(ORGANISMS.glob("*.yaml"))] + ["encyclopaedia", "web", "fineweb"]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(NAMES), st.sampled_from(NAMES), st.sampled_from(["adl", "blackbox"]), st.integers(0, 60))
def test_the_evidence_never_names_the_organism_or_the_corpus(organism, corpus, agent, budget):
    labels = {"organism": organism, "corpus": corpus, "path": f"data/{organism}/{corpus}"}
    rows = [row | labels for row in steering()]
    answers = [row | labels for row in ordinary(["q1", "x0", "x1"])]
    found = gather_evidence(agent, budget, selection().assign(**labels), rows, answers, answers, SETTINGS)
    check_blind(found, [organism, corpus])
    everything = "\n".join(f"{heading}: {text}" for heading, text in found.lines()).lower()
    for name in (organism, corpus):
        assert name not in everything
        assert name.replace("_", " ") not in everything


def test_a_name_in_what_a_model_wrote_is_evidence_and_in_a_heading_an_error():
    found = Evidence({"patchscope": {0: [" gold"]}}, {}, {"steered": [("gold again", "leaf")]}, 0)
    check_blind(found, ["gold", "leaf"])
    with pytest.raises(UserError, match="give away 'steered_answer'"):
        check_blind(found, ["steered_answer"])


# The scores


def test_the_score_of_words_by_hand():
    words, background = embed(["oven", "bake"]), embed(["tide", "star"])
    # Mean cosines of the words (0.8, 0.4, 0), of random vectors' (0, 0.3, 0.9).
    candidates = embed(["about ovens", "about stoves", "about moons"])
    assert words_score(words, background, candidates) == pytest.approx([0.8, 0.1, -0.9])


def test_the_score_of_texts_by_hand():
    texts, base = embed(["warm", "hot", "cold"]), embed(["cold", "cold", "dark"])
    candidates = embed(["about ovens", "about stoves", "about moons"])
    # The two largest of (0.8, 0.6, 0), (0, 0.8, 0), (0.6, 0, 1), less those of (0, 0, 0), (0, 0, 0.6), (1, 1, 0.8).
    assert texts_score(texts, base, candidates, 2) == pytest.approx([0.7, 0.4 - 0.3, 0.8 - 1.0])
    # Of more than there are, all are averaged.
    assert texts_score(texts, base, candidates, 9) == pytest.approx([1.4 / 3, 0.8 / 3 - 0.2, 1.6 / 3 - 2.8 / 3])
    assert texts_score(base, base, candidates, 2).tolist() == [0, 0, 0]


def test_scores_are_standardised_over_candidates():
    assert standardised(np.array([1.0, 2.0, 3.0])) == pytest.approx([-(1.5**0.5), 0, 1.5**0.5])
    assert standardised(np.array([0.1 + 0.2, 0.3, 0.3])).tolist() == [0, 0, 0]


def evidence():
    tokens = {0: [" Oven", "->", "oven"], 1: ["bake", "7"]}
    pairs = [("warm", "cold"), ("hot", "cold"), ("cold", "dark")]
    background = {"logit_lens": [" tide", "star", "Star", "!"], "patchscope": ["tide"]}
    texts = {"unsteered": pairs, "steered": []}
    return Evidence({"logit_lens": tokens, "patchscope": {0: ["..."]}}, background, texts, 3)


def test_kinds_of_evidence_weigh_the_same_and_absent_ones_nothing():
    table = candidates_table(evidence(), CANDIDATES, embed, 2)
    by_words, by_texts = standardised(np.array([0.8, 0.1, -0.9])), standardised(np.array([0.7, 0.1, -0.2]))
    assert table["z_logit_lens"].to_numpy() == pytest.approx(by_words)
    assert table["z_unsteered"].to_numpy() == pytest.approx(by_texts)
    assert table[["z_patchscope", "z_steered"]].isna().all(axis=None)
    assert table["score"].to_numpy() == pytest.approx((by_words + by_texts) / 2, abs=1e-5)
    assert table["rank"].tolist() == [1, 2, 3]
    assert (table["interactions"] == 3).all()


def test_empty_evidence_is_an_error():
    with pytest.raises(UserError, match="no word and no text"):
        score(Evidence({"patchscope": {0: ["..."]}}, {}, {"steered": []}, 0), CANDIDATES, embed, 2)


def test_ties_get_the_worst_rank():
    assert rank(np.array([2.0, 5.0, 2.0, 1.0])).tolist() == [3, 1, 3, 4]
    assert rank(np.zeros(4)).tolist() == [4, 4, 4, 4]


# The tables


def candidates(organism, scores, *, truth=None, seed=0, agent="adl", budget=0, kind="SDF"):
    labels = {"model": "m", "organism": organism, "organism_type": kind, "variant": "default", "seed": seed}
    labels |= {"method": "embedding_closed_set", "agent": agent, "budget": budget, "interactions": budget}
    values = np.array(scores, dtype=float)
    columns = {"objective": ["oven", "stove", "moon"], "kind": [c.kind for c in CANDIDATES]}
    columns |= {"near": [c.near for c in CANDIDATES], "score": values, "rank": rank(values)}
    table = pd.DataFrame(columns).assign(**labels)
    return table.assign(truth=(table["objective"] == truth).astype(int))


def control(name, best, **keywords):
    return candidates(name, [0, 0.1, best], kind="control", **keywords)


def test_one_row_a_run_by_hand():
    runs = by_run(
        pd.concat(
            [
                candidates("oven", [3, 1, 2], truth="oven"),
                candidates("oven", [1, 3, 2], truth="oven", seed=1),
                candidates("oven", [3, 3, 2], truth="oven", seed=2),
                control("null", 0.5),
            ]
        )
    )
    assert runs["rank"].tolist()[:3] == [1, 3, 2]
    assert runs["top_1"].tolist()[:3] == [1, 0, 0]
    # The near miss alone in front counts as near; in a tie with the truth nothing is first.
    assert runs["near_1"].tolist()[:3] == [1, 1, 0]
    assert runs["reciprocal_rank"].tolist()[:3] == pytest.approx([1, 1 / 3, 1 / 2])
    assert runs["best"].tolist() == ["oven", "stove", "oven", "moon"]
    assert runs["margin"].tolist() == pytest.approx([1, 1, 0, 0.4])
    assert runs["truth"].isna().tolist() == [False, False, False, True]
    assert runs["rank"].isna().tolist() == [False, False, False, True]


def test_the_levels_of_chance():
    assert chance(4) == {
        "chance_top_1": 1 / 4,
        "chance_top_5": 1.0,
        "chance_reciprocal_rank": pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4),
    }
    assert chance(80)["chance_top_5"] == 5 / 80


def test_with_one_seed_a_threshold_leaves_one_control_out():
    nulls = [control(name, best) for name, best in (("a", 1), ("b", 4), ("c", 2))]
    rows = [*nulls, candidates("oven", [3, 0, 0], truth="oven"), control("a", 9, agent="blackbox")]
    runs = by_run(pd.concat(rows))
    assert runs["threshold"].tolist()[:4] == [4, 2, 4, 4]
    assert runs["found"].tolist()[:4] == [0, 1, 0, 0]
    assert runs["n_threshold"].tolist() == [2, 2, 2, 3, 0]
    assert set(runs["threshold_from"]) == {"other controls"}
    # Of other evidence there is no other control, so that nothing can be said.
    assert np.isnan(runs["found"].iloc[4])


def test_with_several_seeds_thresholds_come_from_the_others():
    bests = {("a", 0): 5, ("b", 0): 4, ("a", 1): 3, ("b", 1): 1}
    rows = [control(name, best, seed=seed) for (name, seed), best in bests.items()]
    runs = by_run(pd.concat([*rows, candidates("oven", [3.5, 0, 0], truth="oven", seed=0)]))
    assert runs["threshold"].tolist() == [3, 3, 5, 5, 3]
    # Both nulls of seed 0 are false positives: more than leaving one out could ever find.
    assert runs["found"].tolist() == [1, 1, 0, 0, 1]
    assert set(runs["threshold_from"]) == {"other seeds"}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 99), min_size=2, max_size=6, unique=True))
def test_leaving_one_out_always_finds_exactly_the_best_control(bests):
    rows = [{"model": "m", "organism": f"n{i}", "seed": 0, "agent": "adl", "budget": 0} for i in range(len(bests))]
    runs = pd.DataFrame(rows).assign(best_score=bests, truth=None)
    assert thresholds(runs)["found"].tolist() == [int(best == max(bests)) for best in bests]


def test_the_sign_test_by_hand():
    # Three better, one worse, one tie: p = 2 (1 + 4) / 16.
    assert sign_test(np.array([1, 1, 2, 9, 5]), np.array([2, 3, 7, 4, 5])) == {
        "better": 3,
        "worse": 1,
        "p_value": pytest.approx(0.625),
    }
    assert sign_test(np.array([1, 2]), np.array([1, 2]))["p_value"] == 1.0


def table(seeds=(0,)):
    rows = []
    for seed in seeds:
        for agent, budgets in {"adl": [0, 5], "blackbox": [0, 5, 50]}.items():
            for budget in budgets:
                keys = {"seed": seed, "agent": agent, "budget": budget}
                good = [3, 1, 2] if agent == "adl" else [1, 3, 2]
                rows += [
                    candidates("oven", good, truth="oven", **keys),
                    candidates("moon", [1, 2, 3], truth="moon", kind="Taboo", **keys),
                    candidates("oven_true", [3, 2, 1], truth="oven", kind="control", **keys),
                    control("null_a", 2.5, **keys),
                    control("null_b", 2.8, **keys),
                ]
    return by_run(pd.concat(rows))


def test_the_summary_by_hand():
    summary = summarise(table(), seed=0).set_index(["agent", "budget"])
    adl, blackbox = summary.loc[("adl", 0)], summary.loc[("blackbox", 0)]
    # The twin is not counted among the organisms.
    assert adl["n_organisms"] == 2
    assert (adl["top_1"], blackbox["top_1"], blackbox["near_1"]) == (1, 0.5, 1)
    assert adl["top_1_ci_low"] == pytest.approx(2 / (2 + 1.959964**2))
    assert blackbox["reciprocal_rank"] == pytest.approx((1 + 1 / 3) / 2)
    assert (adl["found"], adl["false_positive_rate"], adl["n_controls"]) == (1, 0.5, 2)
    assert (adl["than_blackbox_better"], adl["than_blackbox_worse"], adl["than_blackbox_p_value"]) == (1, 0, 1)
    assert np.isnan(blackbox["than_blackbox_p_value"])
    assert summary.loc[("blackbox", 50), "interactions"] == 50


def test_seeds_are_averaged_and_not_counted_as_organisms():
    summary = summarise(table(seeds=(0, 1)), seed=0)
    assert set(summary["n_organisms"]) == {2}
    assert set(summary["n_seeds"]) == {2}
    first = summary.iloc[0]
    assert first["top_1_ci_low"] == pytest.approx(2 / (2 + 1.959964**2))
    assert (first["threshold_from"], first["false_positive_rate"]) == ("other seeds", 0)


# The steps and the figure


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The inputs of a run, and an embedder that knows letters alone."""

    def letters(texts):
        counts = np.array([[1e-3 + text.lower().count(chr(97 + i)) for i in range(26)] for text in texts])
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)

    monkeypatch.setattr(step_module, "sentence_embedder", lambda folder: letters)
    write_token_table(tmp_path / "selection.csv", selection())
    write_json_lines(tmp_path / "steering.jsonl", steering())
    answers = [{"prompt": r["prompt"], "sample": 0, "answer": r["text"]} for r in ordinary(["q0", "x0", "x1"])]
    write_json_lines(tmp_path / "answers.jsonl", answers)
    return tmp_path


def run_step(files, organism="gold", truth="gold", **changes):
    inputs = {
        "settings": SETTINGS,
        "label": RunLabel(model="m", organism=organism, organism_type="Taboo", variant="default", seed=0),
        "corpus_name": "encyclopaedia",
        "truth": truth,
        "selection": files / "selection.csv",
        "steering": files / "steering.jsonl",
        "answers": files / "answers.jsonl",
        "base_answers": files / "answers.jsonl",
        "catalogue": OBJECTIVES,
        "embedder": files,
        "candidates": files / f"{organism}.csv",
    }
    closed_set(**inputs | changes)
    return files / f"{organism}.csv"


def test_the_step_ranks_all_candidates_for_every_budget(files):
    path = run_step(files)
    first, found = path.read_bytes(), read_table(path)
    assert len(found) == 5 * len(read_catalogue(OBJECTIVES).objectives)
    assert found.groupby(["agent", "budget"])["truth"].sum().tolist() == [1] * 5
    assert found.loc[found["truth"] == 1, "objective"].unique().tolist() == ["gold"]
    for _, rows in found.groupby(["agent", "budget"]):
        assert rows["rank"].tolist() == [int((rows["score"] >= value).sum()) for value in rows["score"]]
    assert run_step(files).read_bytes() == first


def test_the_step_refuses_an_organism_without_an_objective(files):
    with pytest.raises(UserError, match="'petals' has no objective"):
        run_step(files, "petals", "petals")


def test_the_step_refuses_a_corpus_that_a_heading_names(files):
    with pytest.raises(UserError, match="give away 'steered_answer'"):
        run_step(files, corpus_name="steered_answer")


def test_the_table_step_needs_an_organism(files):
    outputs = {"runs": files / "runs.csv", "summary": files / "summary.csv"}
    null = run_step(files, "null_chat", None)
    with pytest.raises(UserError, match="are controls"):
        closed_set_table(seed=0, candidates=[null], **outputs)
    closed_set_table(seed=0, candidates=[null, run_step(files)], **outputs)
    runs = read_table(files / "runs.csv")
    assert len(runs) == 10
    assert runs.loc[runs["organism"] == "null_chat", "truth"].isna().all()
    assert len(read_table(files / "summary.csv")) == 5


def drawn(runs):
    with house_style():
        figure = draw(runs, summarise(runs, seed=0))
        titles = [axes.get_title(loc="left").replace("\n", " ") for axes in figure.axes]
        labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
        legends = [[text.get_text() for text in axes.get_legend().get_texts()] for axes in figure.axes]
        marks = [[list(line.get_xdata()) for line in axes.lines if line.get_marker() == "o"] for axes in figure.axes]
        dashed = [line.get_xdata()[0] for line in figure.axes[0].lines if line.get_linestyle() == "--"]
        text = figure.get_suptitle().replace("\n", " ")
        plt.close(figure)
    return titles, labels, legends, marks, dashed, text


def test_the_figure_shows_ranks_chance_and_false_positives():
    titles, labels, legends, marks, dashed, text = drawn(table())
    assert titles == [
        "closed-set identification from ADL evidence",
        "closed-set identification from black-box evidence",
    ]
    assert labels == ["oven", "moon", "oven true"]
    assert dashed == [2.0]
    # Each budget's mark is drawn over a white one.
    assert marks[0] == [[1, 1, 1]] * 4
    assert marks[1] == [[3, 1, 1]] * 6
    assert [legend.splitlines()[0] for legend in legends[1]] == [
        f"{budget} interactions: first 50%, among the first five 100%" for budget in (0, 5, 50)
    ]
    assert legends[0][0].splitlines()[1] == "found: organisms 100%, controls 50%"
    assert "no language model reads the evidence" in text
    assert "nothing is graded" in text
    assert "Chance: first 33.3%, among the first five 100.0%" in text
    assert "2 such controls, each against the other controls (so one of them is found by construction)" in text
    assert "agent" not in " ".join([*titles, text])


def test_the_figure_of_several_seeds_says_so():
    text = drawn(table(seeds=(0, 1, 2)))[-1]
    assert "Median and range of 3 seeds" in text
    assert "each against other seeds: " in text
    assert "by construction" not in text
