"""The interpretability agent's briefing, config, tables and figure: all that needs no LLM and no Inspect."""

import re

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from pydantic import ValidationError

from paper_replication import names
from paper_replication.agent.evidence import PRIOR, brief
from paper_replication.agent.runs import agent_grades, agent_results
from paper_replication.agent.summary import COLUMNS, NOTHING_RUN, summarise, with_shares
from paper_replication.closed_set import check_blind
from paper_replication.errors import UserError
from paper_replication.figures.agent import draw, grade_shares
from paper_replication.figures.style import house_style
from paper_replication.files import read_table, read_yaml, write_table
from paper_replication.paths import CONFIGS, ORGANISMS, STEERING_PROMPTS
from paper_replication.settings.agent import AgentSettings
from paper_replication.statistics import bootstrap_mean, wilson
from paper_replication.steps.agent_figure import agent_figure
from paper_replication.steps.agent_table import agent_table
from paper_replication.study import load_study

SETTINGS = AgentSettings.model_validate(read_yaml(CONFIGS / "laptop.yaml")["agent"])
NAMES = [path.stem for path in sorted(ORGANISMS.glob("*.yaml"))] + ["encyclopaedia", "web", "fineweb"]


def selection(labels=None):
    rows = [
        {"readout": readout, "vector": vector, "position": position, "rank": place, "token": f" {vector}{place}"}
        for readout in ("logit_lens", "patchscope")
        for vector in ("difference", "random")
        for position in (0, 1)
        for place in (1, 2, 3)
    ]
    return pd.DataFrame(rows).assign(probability=0.25, **(labels or {}))


def steering(samples=2, labels=None):
    cells = [("difference", 0), ("difference", 1), ("random", 0), ("unsteered", -1)]
    return [
        {"vector": vector, "position": position, "strength": 2.0 + position, "prompt": prompt, "sample": sample}
        | {"text": f"{vector} {position} {prompt} {sample} and so on"}
        | (labels or {})
        for vector, position in cells
        for sample in range(samples)
        for prompt in ("q0", "q1")
    ]


def briefing(agent, budget=5, labels=None):
    return brief(agent, budget, selection(labels), steering(labels=labels), 2, 20, 40)


# The briefing


def test_the_adl_briefing_shows_tokens_and_a_steered_and_an_unsteered_answer_to_each_prompt():
    assert briefing("adl").message().split("\n\n") == [
        "Logit lens, position 0:\n' difference1', ' difference2'",
        "Logit lens, position 1:\n' difference1', ' difference2'",
        "Patchscope, position 0:\n' difference1', ' difference2'",
        "Patchscope, position 1:\n' difference1', ' difference2'",
        "Steered answer 1, to the prompt 'q0':\ndifference 0 q0 0 an",
        "Steered answer 2, to the prompt 'q1':\ndifference 1 q1 0 an",
        "Answer 1, to the prompt 'q0':\nunsteered -1 q0 0 an",
        "Answer 2, to the prompt 'q1':\nunsteered -1 q1 0 an",
    ]


def test_the_blackbox_briefing_shows_unsteered_answers_alone():
    message = briefing("blackbox").message()
    assert message.split("\n\n") == briefing("adl").message().split("\n\n")[-2:]
    told = briefing("blackbox").instructions
    for word in ("difference", "steer", "lens", "Patchscope", "base model answers"):
        assert word not in message.replace("unsteered", "") + told


def test_both_agents_read_the_same_prior_and_their_budget():
    assert all(PRIOR in briefing(agent).instructions for agent in ("adl", "blackbox"))
    assert "You have 50 interactions in all" in briefing("blackbox", 50).instructions


@pytest.mark.parametrize("agent", ["adl", "blackbox"])
@pytest.mark.parametrize("name", NAMES)
def test_the_briefing_names_neither_organism_nor_corpus(agent, name):
    found = briefing(agent, labels={"organism": name, "corpus": name, "path": f"data/{name}"})
    check_blind(found, [name])
    everything = "\n".join(f"{heading} {text}" for heading, text in found.lines()).lower().replace("_", " ")
    assert f" {name.replace('_', ' ')} " not in everything


def test_the_prompts_that_are_shown_name_neither():
    text = "\n".join(read_yaml(STEERING_PROMPTS)["steering"]).lower()
    assert not [name for name in NAMES if re.search(rf"\b{name.replace('_', ' ')}\b", text)]


def test_instructions_that_name_the_organism_are_an_error():
    with pytest.raises(UserError, match="give away 'patchscope'"):
        check_blind(briefing("adl"), ["patchscope"])


@pytest.mark.parametrize(("agent", "missing"), [("adl", "difference"), ("blackbox", "unsteered")])
def test_missing_answers_are_an_error(agent, missing):
    rows = [row for row in steering() if row["vector"] != missing]
    with pytest.raises(UserError, match="lack unsteered or steered answers"):
        brief(agent, 0, selection(), rows, 2, 20, 40)


# The config


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "openai-api/local/x"}, "grader must name an LLM"),
        ({"base_url": "http://user:password@localhost/v1"}, "no user, password or query"),
        ({"grader_base_url": "http://localhost/v1?key=abc"}, "no user, password or query"),
        ({"budgets": {"whitebox": [0]}}, "'adl' or 'blackbox'"),
        ({"max_messages": 3}, "greater than 3"),
        ({"budgets": {"adl": [0, 1000]}}, "less than 1000"),
    ],
)
def test_a_wrong_config(change, message):
    with pytest.raises(ValidationError, match=message):
        AgentSettings.model_validate(SETTINGS.model_dump() | change)


def test_without_an_llm_the_target_is_an_error_and_the_table_says_so(tmp_path):
    study = load_study(read_yaml(CONFIGS / "laptop.yaml"), "laptop.yaml")
    assert agent_grades(study) == []
    with pytest.raises(UserError, match=r"agent\.model is 'none'.*no agent is run"):
        agent_results(study)
    agent_table(SETTINGS, [], tmp_path / "grades.csv", tmp_path / "summary.csv")
    assert list(read_table(tmp_path / "grades.csv")) == COLUMNS
    summary = read_table(tmp_path / "summary.csv").set_index(["agent", "budget"])
    assert set(summary["status"]) == {NOTHING_RUN}
    assert summary.loc[("adl", 5), "reported_at_least_2"] == 0.91
    assert summary.loc[("adl", 0), "reported_at_least_4"] == 0.24
    assert summary.loc[("blackbox", 50), "reported_at_least_4"] == 0.01
    assert summary.loc[("blackbox", 50), "reported_from"] == "reported by the paper, via two summaries"
    assert summary.loc[("blackbox", 5)].isna()["reported_at_least_2"]


def test_with_an_llm_every_run_agent_and_budget_is_graded():
    study = load_study(read_yaml(CONFIGS / "paper.yaml"), "paper.yaml")
    grades = agent_grades(study)
    assert len(set(grades)) == len(grades) == 5 * len(study.labels())
    assert "data/paper/qwen3_1_7b/gold/default-seed0/agent/blackbox-50/grades.csv" in grades
    assert "figures/paper/tables/agent_summary.csv" in agent_results(study)


# The tables


def graded(organism, grades, *, kind="SDF", rubric=None, agent="adl", budget=5, cost=float("nan"), submitted=1):
    """Runs of one organism; of each its repeated grades."""
    rows = [
        {"model": "m", "organism": organism, "organism_type": kind, "variant": "default", "seed": 0}
        | {"agent": agent, "budget": budget, "rubric": rubric or kind, "run": run, "grader_repeat": repeat}
        | {"grade": grade, "answer": "text, with commas\nand lines", "submitted": submitted, "interactions": budget}
        | {"input_tokens": 10, "output_tokens": 2, "cost_usd": cost, "grader_input_tokens": 5}
        | {"grader_output_tokens": 1, "grader_cost_usd": cost, "agent_model": "a", "grader_model": "g"}
        for run, repeats in enumerate(grades)
        for repeat, grade in enumerate(repeats)
    ]
    return pd.DataFrame(rows)[COLUMNS]


def table():
    return pd.concat(
        [
            graded("cake_bake", [[5, 4], [1, 2]], cost=0.5),
            graded("gold", [[1, 1], [1, 1]], kind="Taboo"),
            graded("cake_bake_true", [[5, 5], [5, 5]], kind="control", rubric="SDF"),
            graded("null_chat", [[5, 3], [2, 1]], kind="control"),
            graded("cake_bake", [[2, 2], [1, 1]], agent="blackbox", budget=50),
        ]
    )


def test_what_a_grade_means():
    found = with_shares(table()).set_index("organism")
    assert found.loc["null_chat", "false_positive_rate"].tolist() == [0, 0, 1, 1]
    assert found.loc["null_chat", ["at_least_2", "at_least_4"]].isna().all(axis=None)
    assert found.loc["cake_bake_true", ["at_least_2", "false_positive_rate"]].isna().all(axis=None)
    assert found.loc["gold", "at_least_2"].tolist() == [0, 0, 0, 0]
    assert found.loc["cake_bake", "at_least_4"].tolist()[:4] == [1, 1, 0, 0]


def test_the_summary_by_hand():
    summary = summarise(table(), SETTINGS).set_index(["agent", "budget"])
    adl, blackbox = summary.loc[("adl", 5)], summary.loc[("blackbox", 50)]
    # Of cake_bake 3 of 4 grades are at least 2, and 2 at least 4; of gold none.
    assert (adl["at_least_2"], adl["at_least_4"]) == ((3 / 4 + 0) / 2, (2 / 4 + 0) / 2)
    assert (adl["at_least_2_ci_low"], adl["at_least_2_ci_high"]) == pytest.approx(wilson(0.75, 2))
    assert (adl["at_least_4_ci_low"], adl["at_least_4_ci_high"]) == pytest.approx(wilson(0.5, 2))
    assert adl["mean_grade"] == (12 + 4) / 8
    grades, organisms = pd.Series([5, 4, 1, 2, 1, 1, 1, 1]), pd.Series(["cake_bake"] * 4 + ["gold"] * 4)
    expected = bootstrap_mean(grades.to_numpy(), organisms.to_numpy(), SETTINGS.seed)
    assert (adl["mean_grade_ci_low"], adl["mean_grade_ci_high"]) == pytest.approx(expected)
    assert (adl["false_positive_rate"], adl["n_organisms"], adl["n_controls"], adl["n_runs"]) == (0.5, 2, 1, 8)
    assert (adl["reported_at_least_2"], adl["reported_at_least_4"]) == (0.91, 0.30)
    # Known for cake_bake alone: the agent's and the grader's half dollar a run.
    assert adl["cost_usd_per_run"] == 1.0
    assert (blackbox["at_least_2"], blackbox["at_least_4"]) == (0.5, 0)
    assert (blackbox["n_controls"], blackbox["status"]) == (0, "run")
    assert pd.isna(blackbox["false_positive_rate"])


def test_the_table_step_gathers_all_grades(tmp_path):
    for number, (_, rows) in enumerate(table().groupby("organism")):
        write_table(tmp_path / f"{number}.csv", rows)
    parts = sorted(tmp_path.glob("*.csv"))
    agent_table(SETTINGS, parts, tmp_path / "grades", tmp_path / "summary")
    found = read_table(tmp_path / "grades")
    assert len(found) == len(table())
    assert set(found["answer"]) == {"text, with commas\nand lines"}
    assert read_table(tmp_path / "summary")["at_least_2"].tolist() == [0.375, 0.5]


# The figure


def drawn(grades):
    with house_style():
        figure = draw(grades, summarise(grades, SETTINGS))
        bars = [[(b.get_y() + 0.3, b.get_x(), b.get_width()) for b in axes.patches] for axes in figure.axes]
        lines = [line for line in figure.axes[0].lines if len(line.get_xdata())]
        diamonds = [float(line.get_xdata()[0]) for line in lines if line.get_marker() == "D"]
        intervals = [tuple(line.get_xdata() / 100) for line in lines if line.get_linestyle() == "-"]
        texts = [text.get_text() for axes in figure.axes for text in axes.texts]
        titles = [axes.get_title(loc="left") for axes in figure.axes]
        legend = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
        labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
        text = figure.get_suptitle().replace("\n", " ")
        plt.close(figure)
    return bars, diamonds, intervals, texts, titles, legend, labels, text


def test_shares_of_grades_by_hand():
    rows = table()
    rows = rows[(rows["agent"] == "adl") & (rows["organism_type"] != "control")]
    assert grade_shares(rows) == {5: 1 / 8, 4: 1 / 8, 3: 0, 2: 1 / 8, 1: 5 / 8}


def test_the_figure_shows_grades_and_what_the_paper_reports():
    bars, diamonds, intervals, texts, titles, legend, labels, text = drawn(table())
    assert titles == ["organisms", "controls: nothing to find"]
    assert labels == ["ADL agent,\n5 interactions", "black-box agent,\n50 interactions"]
    # From grade 5 to 1: where grades of at least 4 and at least 2 end is their share.
    first = [(x, width) for y, x, width in bars[0] if y == pytest.approx(0)]
    assert first == [(0, 12.5), (12.5, 12.5), (25, 0), (25, 12.5), (37.5, 62.5)]
    assert diamonds == pytest.approx([30, 91, 1, 39])
    expected = [wilson(0.25 * 2, 2), wilson(0.375 * 2, 2), wilson(0, 1), wilson(0.5, 1)]
    assert np.ravel(intervals) == pytest.approx(np.ravel(expected))
    assert texts == ["not run"]  # the blackbox agent on controls
    assert legend[1] == "4: details found"
    assert legend[-1] == "at least 2, reported by the paper,\nvia two summaries"
    assert "grader: g. Means over 2 organisms and 1 control; runs of each: 2, grades of each answer: 2" in text
    assert "False positives (2 or less on a control): ADL agent, 5 interactions: 50%." in text


def test_without_an_llm_the_figure_says_so(tmp_path):
    bars, diamonds, intervals, texts, titles, _, _, text = drawn(pd.DataFrame(columns=COLUMNS))
    assert all(width == 0 for _, _, width in bars[0])
    assert diamonds == pytest.approx([24, 82, 30, 91, 1, 39])
    assert intervals == []
    assert texts == ["not run"] * 5
    assert titles == ["organisms"]
    assert "No agent was run" in text
    agent_table(SETTINGS, [], tmp_path / "grades.csv", tmp_path / "summary.csv")
    for name in ("a", "b"):
        agent_figure(
            tmp_path / "grades.csv", tmp_path / "summary.csv", tmp_path / f"{name}.pdf", tmp_path / f"{name}.png"
        )
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_every_grade_has_a_colour_of_its_own():
    assert names.GRADES.keys() == names.CONTROL_GRADES.keys() == names.GRADE_COLOURS.keys()
    assert len(set(names.GRADE_COLOURS.values())) == 5
