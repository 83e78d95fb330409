"""Closed-set identification over runs: one row a run and thresholds by hand, and the step."""

import numpy as np
import pandas as pd
import pytest
from evidence_samples import SETTINGS, candidates, control, ordinary, selection, steering
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from paper_replication.errors import UserError
from paper_replication.files import read_table, write_json_lines
from paper_replication.identification import by_run, chance, thresholds
from paper_replication.objectives import read_catalogue
from paper_replication.paths import OBJECTIVES
from paper_replication.settings.run import RunLabel
from paper_replication.steps import closed_set as step_module
from paper_replication.steps.closed_set import closed_set
from paper_replication.token_tables import write_token_table

# The tables


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
    assert runs["similarity"].tolist()[:3] == [3, 1, 3]
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


def test_the_base_model_sets_no_threshold_and_is_held_against_all_controls():
    rows = [control("a", 1), control("b", 4), control("base", 5, seed=1), control("base", 3, seed=2)]
    runs = by_run(pd.concat([*rows, candidates("oven", [4.5, 0, 0], truth="oven")]))
    assert runs["threshold"].tolist() == [4, 1, 4, 4, 4]
    assert runs["found"].tolist() == [0, 1, 1, 0, 1]
    assert runs["threshold_from"].tolist() == ["other controls"] * 2 + ["all controls"] * 2 + ["other controls"]


# The step


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
        "base_texts": files / "steering.jsonl",
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
        assert rows["rank"].tolist() == rankdata(-rows["score"], method="max").tolist()
    assert run_step(files).read_bytes() == first


def test_the_step_refuses_an_organism_without_an_objective(files):
    with pytest.raises(UserError, match="'petals' has no objective"):
        run_step(files, "petals", "petals")


def test_the_step_refuses_a_corpus_that_a_heading_names(files):
    with pytest.raises(UserError, match="give away 'steered_answer'"):
        run_step(files, corpus_name="steered_answer")
