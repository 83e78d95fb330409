"""Closed-set identification over runs: tables and tests by hand, the steps, the figure."""

import numpy as np
import pandas as pd
import pytest
from evidence_samples import CANDIDATES, SETTINGS, ordinary, selection, steering
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot as plt

from paper_replication.closed_set import (
    rank,
)
from paper_replication.errors import UserError
from paper_replication.figures.closed_set import draw
from paper_replication.figures.style import house_style
from paper_replication.files import read_table, write_json_lines
from paper_replication.identification import by_run, chance, sign_test, summarise, thresholds
from paper_replication.objectives import read_catalogue
from paper_replication.paths import OBJECTIVES
from paper_replication.settings.run import RunLabel
from paper_replication.steps import closed_set as step_module
from paper_replication.steps.closed_set import closed_set
from paper_replication.steps.closed_set_table import closed_set_table
from paper_replication.token_tables import write_token_table

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
    # Identified by ADL: both; by the black box that asked most: one. Of two organisms all draws lie between 0 and 1.
    assert (adl["than_most_asked_top_1"], adl["than_most_asked_ci_low"], adl["than_most_asked_ci_high"]) == (0.5, 0, 1)
    assert np.isnan(blackbox["than_most_asked_top_1"])
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
