"""What users of both agents' results rely on: the columns and rows of `agent.csv`, its summary, and both figures."""

import numpy as np
import pytest
from agent_rows import grades, runs, table
from evidence_samples import candidates, control
from matplotlib import pyplot as plt

from paper_replication.agent.results import COLUMNS, NO_LLM, of_grades, of_identification, with_shares
from paper_replication.agent.summary import summarise
from paper_replication.errors import UserError
from paper_replication.figures import agent as agent_figures
from paper_replication.figures import agent_false_positives
from paper_replication.figures.style import house_style
from paper_replication.files import read_table, write_table
from paper_replication.names import METHODS
from paper_replication.statistics import bootstrap_mean, wilson
from paper_replication.steps.agent_false_positives_figure import agent_false_positives_figure
from paper_replication.steps.agent_figure import agent_figure
from paper_replication.steps.agent_table import agent_table

FIRST = ["model", "organism", "organism_type", "agent", "interactions", "run", "judge", "metric", "value"]
FIRST += ["ci_low", "ci_high"]


def values(rows, organism, agent="adl", interactions=0):
    own = rows[(rows["organism"] == organism) & (rows["agent"] == agent) & (rows["interactions"] == interactions)]
    return own.set_index("metric")["value"].to_dict()


# The table


def test_the_first_columns_are_those_that_users_rely_on():
    found = table()
    assert list(found)[:11] == FIRST
    assert list(found) == COLUMNS
    assert not found.duplicated([*FIRST[:8], "variant", "seed"]).any()
    assert found["value"].notna().all()


def test_identification_by_hand():
    found = of_identification(runs())
    # No LLM judges: the judge is the method, whose display name says that it is an embedding.
    assert set(found["judge"]) == set(METHODS) == {"embedding_closed_set"}
    assert set(found["agent_model"]) == {NO_LLM}
    assert set(found["run"]) == {0}
    oven = values(found, "oven", "blackbox", 50)
    assert oven == pytest.approx(
        {"rank": 3, "reciprocal_rank": 1 / 3, "top_1": 0, "top_5": 1, "near_1": 1, "similarity": 1}
        | {"best_similarity": 3, "margin": 1, "threshold": 2.8, "found": 1, "interactions_used": 50}
        | {"chance_top_1": 1 / 3, "chance_top_5": 1, "chance_reciprocal_rank": (1 + 1 / 2 + 1 / 3) / 3}
    )
    null = values(found, "null_b")
    assert {"best_similarity", "threshold", "false_positive"} <= set(null)
    assert null["false_positive"] == 1
    assert not {"rank", "top_1", "similarity", "found"} & set(null)
    ranked, limit = found[found["metric"] == "rank"], found[found["metric"] == "threshold"]
    assert set(ranked["n"]) == {3}
    controls = limit.set_index("organism")["n"].to_dict()
    assert controls == {"oven": 2, "moon": 2, "oven_true": 2, "null_a": 1, "null_b": 1, "base": 2}


def test_an_llms_runs_by_hand():
    found = of_grades(grades(), seed=0)
    one = found[(found["organism"] == "oven") & (found["interactions"] == 5) & (found["run"] == 1)].set_index("metric")
    assert set(one["judge"]) == {"g"}
    assert set(one["agent_model"]) == {"a"}
    expected = {"grade": 1.5, "at_least_2": 0.5, "at_least_4": 0, "interactions_used": 5, "submitted": 1}
    expected |= {"input_tokens": 10, "output_tokens": 2, "cost_usd": 0.5}
    expected |= {"grader_input_tokens": 5, "grader_output_tokens": 1, "grader_cost_usd": 0.5}
    assert one["value"].to_dict() == expected
    # Over the two grades of this answer.
    assert tuple(one.loc["at_least_2", ["ci_low", "ci_high"]]) == pytest.approx(wilson(1, 2))
    assert tuple(one.loc["grade", ["ci_low", "ci_high"]]) == (1, 2)
    assert one.loc[["grade", "cost_usd"], "n"].tolist() == [2, 1]
    assert one.loc["cost_usd", ["ci_low", "ci_high"]].isna().all()
    # Unknown costs have no row, and nothing is claimed of a twin.
    assert "cost_usd" not in values(found, "moon", interactions=5)
    assert not {"at_least_2", "false_positive"} & set(values(found, "oven_true", interactions=5))


def test_one_grade_has_no_interval():
    one = of_grades(grades()[lambda rows: rows["grader_repeat"] == 0], seed=0)
    assert one[["ci_low", "ci_high"]].isna().all(axis=None)


def test_what_a_grade_means():
    found = with_shares(grades()).set_index("organism")
    assert found.loc["null_a", "false_positive"].tolist() == [0, 0, 1, 1]
    assert found.loc["null_a", ["at_least_2", "at_least_4"]].isna().all(axis=None)
    assert found.loc["oven_true", ["at_least_2", "false_positive"]].isna().all(axis=None)
    assert found.loc["oven", "at_least_4"].tolist()[:4] == [1, 1, 0, 0]


# The summary


def summary_of(found):
    keys = ["agent", "interactions", "judge", "organism_type", "metric"]
    return summarise(found, seed=0).set_index(keys).sort_index()


def test_the_summary_of_identification_by_hand():
    found = summary_of(table(llm=False))
    judge = "embedding_closed_set"
    first = found.loc[("adl", 0, judge, "all", "top_1")]
    # The twin is not counted among the organisms.
    assert (first["value"], first["n"]) == (1, 2)
    assert first["chance"] == pytest.approx(1 / 3)
    assert first["ci_low"] == pytest.approx(2 / (2 + 1.959964**2))
    asked = found.loc[("blackbox", 50, judge)]
    assert asked.loc[("all", "top_1"), "value"] == 0.5
    assert asked.loc[("SDF", "top_1"), ["value", "n"]].tolist() == [0, 1]
    assert asked.loc[("all", "reciprocal_rank"), "value"] == pytest.approx((1 + 1 / 3) / 2)
    assert asked.loc[("all", "rank"), ["value", "chance"]].tolist() == [2, 2]
    assert found.loc[("adl", 0, judge, "control", "false_positive"), ["value", "n"]].tolist() == [0.5, 2]
    # One of two draws of the base model's answers is above every control.
    assert found.loc[("adl", 0, judge, "base", "false_positive"), ["value", "n"]].tolist() == [0.5, 2]
    # Identified by ADL alone: one of two. Of two organisms all draws lie between 0 and 1.
    row = found.loc[("adl", 0, judge, "all", "top_1_difference")]
    assert row[["value", "ci_low", "ci_high", "n"]].tolist() == [0.5, 0, 1, 2]
    assert row["minus"] == "blackbox, 50 interactions"
    assert found.loc[("adl", 0, judge, "SDF", "top_1_difference"), "value"] == 1
    assert found["reported"].isna().all()
    assert ("adl", 5, judge, "all", "top_1_difference") not in found.index


def test_the_summary_of_grades_by_hand():
    found = summary_of(table())
    adl = found.loc[("adl", 5, "g")]
    # Of oven 3 of 4 grades are at least 2, and 2 at least 4; of moon none.
    assert adl.loc[("all", "at_least_2"), ["value", "reported"]].tolist() == [3 / 8, 0.91]
    assert adl.loc[("all", "at_least_4"), ["value", "reported"]].tolist() == [1 / 4, 0.30]
    assert tuple(adl.loc[("all", "at_least_2"), ["ci_low", "ci_high"]]) == pytest.approx(wilson(0.75, 2))
    assert adl.loc[("SDF", "at_least_2"), "value"] == 0.75
    assert np.isnan(adl.loc[("SDF", "at_least_2"), "reported"])
    grade = adl.loc[("all", "grade")]
    assert grade["value"] == (3 + 1) / 2
    expected = bootstrap_mean(np.array([3.0, 1.0]), np.array(["oven", "moon"]))
    assert tuple(grade[["ci_low", "ci_high"]]) == pytest.approx(expected)
    assert adl.loc[("control", "false_positive"), ["value", "n"]].tolist() == [0.5, 1]
    assert adl.loc[("all", "cost_usd"), ["value", "n"]].tolist() == [0.5, 1]
    # Without interactions, less the black box with 50: oven 1/2 - 0, moon 3/4 - 1/4.
    row = found.loc[("adl", 0, "g", "all", "at_least_2_difference")]
    assert row[["value", "ci_low", "ci_high"]].tolist() == [0.5, 0.5, 0.5]


def test_seeds_are_averaged_and_not_counted_as_organisms():
    found = summary_of(table(seeds=(0, 1), llm=False))
    first = found.loc[("adl", 0, "embedding_closed_set", "all", "top_1")]
    assert first["n"] == 2
    null = found.loc[("adl", 0, "embedding_closed_set", "control", "false_positive")]
    # Of two controls with two seeds each.
    assert null[["value", "n"]].tolist() == [0, 4]


# The steps


@pytest.fixture
def parts(tmp_path):
    """A run's ranked candidates a file, and an LLM's grades."""
    for name, rows in {
        "oven": candidates("oven", [3, 1, 2], truth="oven"),
        "null": control("null_a", 2.5),
        "base": control("base", 2),
    }.items():
        write_table(tmp_path / f"{name}.csv", rows)
    write_table(tmp_path / "grades.csv", grades())
    return tmp_path


def test_the_step_gathers_both_agents(parts):
    outputs = {"table": parts / "agent.csv", "summary": parts / "agent_summary.csv"}
    ranked = [parts / f"{name}.csv" for name in ("oven", "null", "base")]
    agent_table(0, ranked, [], **outputs)
    assert set(read_table(outputs["table"])["agent_model"]) == {NO_LLM}
    agent_table(0, ranked, [parts / "grades.csv"], **outputs)
    found = read_table(outputs["table"])
    assert set(found["agent_model"]) == {NO_LLM, "a"}
    assert set(read_table(outputs["summary"])["judge"]) == {"embedding_closed_set", "g"}
    first = outputs["summary"].read_bytes()
    agent_table(0, ranked, [parts / "grades.csv"], **outputs)
    assert outputs["summary"].read_bytes() == first
    with pytest.raises(UserError, match="are controls"):
        agent_table(0, ranked[1:], [], **outputs)


# The figures


def drawn(module, found, inspect):
    with house_style():
        figure = module.draw(found, summarise(found, seed=0))
        seen = inspect(figure)
        text = figure.get_suptitle().replace("\n", " ")
        plt.close(figure)
    return seen, text


def ranks_and_grades(figure):
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    marks = [
        [list(np.ravel(line.get_xdata())) for line in axes.lines if line.get_marker() == "o" and line.get_zorder() == 4]
        for axes in figure.axes[:2]
    ]
    dashed = [line.get_xdata()[0] for line in figure.axes[1].lines if line.get_linestyle() == "--"]
    legend = [text.get_text().replace("\n", " ") for text in figure.axes[1].get_legend().get_texts()]
    texts = [[text.get_text() for text in axes.texts] for axes in figure.axes]
    diamonds = [[float(line.get_xdata()[0]) for line in axes.lines if line.get_marker() == "D"] for axes in figure.axes]
    return titles, labels, marks, dashed, legend, texts, diamonds, figure.get_supxlabel()


def test_the_figure_without_an_llm_is_of_ranks_and_says_that_they_are_no_grades():
    found, text = drawn(agent_figures, table(llm=False), ranks_and_grades)
    titles, labels, marks, dashed, legend, texts, _, note = found
    assert titles == ["Offline ranks, ADL evidence", "Offline ranks, black box evidence"]
    assert labels == ["oven", "moon", "oven true"]
    assert np.ravel(marks[0]).tolist() == [1] * 6
    assert np.ravel(marks[1]).tolist() == [3, 1, 1] * 3
    assert dashed == [2.0]
    shares = [f"i = {n}: first 50% [9, 91], first five 100% [34, 100]" for n in (0, 5, 50)]
    assert legend == [f"{of_n}; moon first for 2 of 2 controls" for of_n in shares]
    assert texts[1] == ["chance", "SDF\nn = 1", "Taboo\nn = 1", "twin, not\ncounted"]
    assert "No language model reads it, and a rank is no grade" in text
    assert "shares of n = 2 organisms" in text
    assert "Not comparable" in note
    assert "ADL, i = 5: 91% / 30%" in note
    assert "Chance (first 33.3%, first five 100.0%)" in text
    assert "less those of the black box, 50 interactions: +0.50 [0.00, 1.00] of all" in text
    assert "paper " not in " ".join(np.concatenate(texts))


def test_the_figure_with_an_llm_marks_what_the_paper_reports_beside_grades_alone():
    (titles, _, _, _, _, texts, diamonds, note), text = drawn(agent_figures, table(), ranks_and_grades)
    assert note == ""
    assert titles[2:] == ["LLM: grade 2 or more (domain found)", "LLM: grade 4 or more (details found)"]
    assert diamonds[:2] == [[], []]
    assert diamonds[2] == pytest.approx([82, 91, 39])
    assert diamonds[3] == pytest.approx([24, 30, 1])
    assert texts[2] == ["paper 82%", "paper 91%", "paper 39%"]
    assert texts[3] == ["paper 24%", "paper 30%", "paper 1%"]
    assert "LLM agent: a; grader: g; 2 organisms, runs of each: 2, grades of each answer: 2" in text


def false_positives(figure):
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    marks = [
        (float(line.get_xdata()[0]), int(line.get_ydata()[0]), line.get_markerfacecolor() != "white")
        for line in figure.axes[0].lines
        if line.get_marker() == "o"
    ]
    return titles, labels, marks


def test_the_figure_of_false_positives_holds_every_score_against_its_threshold():
    (titles, labels, marks), text = drawn(agent_false_positives, table(llm=False), false_positives)
    assert titles[0] == "ADL, i = 0\nbase: 1 of 2\ncontrols: 1 of 2\norganisms: 2 of 2\nof these right: 2"
    assert len(titles) == 5
    assert labels == ["base against base", "null a", "null b", "oven", "moon"]
    assert marks == [
        (2.9, 0, True), (1.1, 0, False), (2.5, 1, False), (2.8, 2, True), (3, 3, True), (3, 4, True),
    ]  # fmt: skip
    assert "so that the best control is above it by construction (2 runs of controls)" in text
    assert "Base against base: 2 draws" in text


def test_an_organism_that_is_taken_for_another_is_half_full():
    def halves(figure):
        marks = [line for axes in figure.axes for line in axes.lines if line.get_fillstyle() == "left"]
        titles = [axes.get_title(loc="left") for axes in figure.axes]
        return titles, [(float(line.get_xdata()[0]), int(line.get_ydata()[0])) for line in marks]

    (titles, marks), _ = drawn(agent_false_positives, table(llm=False), halves)
    # By the black box's evidence another candidate is first for the oven, at every number of interactions.
    assert marks == 3 * [(3, 3)]
    assert [title.splitlines()[-1] for title in titles] == 2 * ["of these right: 2"] + 3 * ["of these right: 1"]


def test_the_figure_of_false_positives_has_an_llms_runs_below():
    (titles, _, _), text = drawn(agent_false_positives, table(), false_positives)
    assert len(titles) == 10
    assert titles[6] == "ADL, i = 5\ncontrols: 0.5 of 1"
    assert "has not been run on base against base" in text
    (_, _, _), text = drawn(agent_false_positives, table(seeds=(0, 1), llm=False), false_positives)
    assert "the best score of controls of other seeds (4 runs of controls)" in text


def test_the_figures_are_the_same_bytes_twice(tmp_path):
    write_table(tmp_path / "agent.csv", table())
    write_table(tmp_path / "summary.csv", summarise(table(), seed=0))
    for step in (agent_figure, agent_false_positives_figure):
        for name in ("a", "b"):
            step(tmp_path / "agent.csv", tmp_path / "summary.csv", tmp_path / f"{name}.pdf", tmp_path / f"{name}.png")
        assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_each_score_has_its_own_threshold_beside_it():
    def limits(figure):
        lines = [(found.get_linewidth()[0], found.get_segments()[0]) for found in figure.axes[0].collections]
        short = [(float(ends[0, 0]), round(ends[:, 1].mean())) for width, ends in lines if width == 1.1]
        return short, [ends[:, 0].tolist() for width, ends in lines if width == 0.5]

    (found, joined), _ = drawn(agent_false_positives, table(llm=False), limits)
    # Two draws of the base model, the null that scores less, the one that scores more, two organisms.
    assert found == [(2.8, 0), (2.8, 0), (2.8, 1), (2.5, 2), (2.8, 3), (2.8, 4)]
    assert joined == [[2.8, 2.9], [1.1, 2.8], [2.5, 2.8], [2.5, 2.8], [2.8, 3], [2.8, 3]]
