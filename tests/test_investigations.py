"""Briefings that are read outside the pipeline: what they tell, how answers are graded, and the figure."""

import json
import re

import pandas as pd
import pytest
from error_bars import ends
from matplotlib import pyplot as plt

from paper_replication.briefings import in_its_place
from paper_replication.errors import UserError
from paper_replication.figures.investigations import draw
from paper_replication.figures.style import house_style
from paper_replication.files import read_table, read_yaml, write_json_lines
from paper_replication.investigations import graded, read_investigations, sum_of
from paper_replication.paths import CONFIGS, prompt_file
from paper_replication.plan import laid_over
from paper_replication.statistics import wilson
from paper_replication.steps.briefing import briefing
from paper_replication.steps.investigations import investigations
from paper_replication.steps.investigations_figure import investigations_figure
from paper_replication.study import load_study
from paper_replication.token_tables import read_token_table, write_token_table

POSITIONS, PROMPTS = (0, 1), ("Why rivers?", "What of a box?")
SAID = {"unsteered": "A river.", "difference": "An oven.", "random": "Moss.", "null_difference": "A battle."}


def tokens(own):
    """Two tokens a position, of the difference and of random vectors, which have an index and no position."""
    rows = [
        {
            "readout": readout,
            "vector": vector,
            "index": 0,
            "position": position,
            "rank": rank,
            "token": f" {word}{rank}",
        }
        for readout in ("logit_lens", "patchscope")
        for vector, word in {"difference": own, "finetuned_mean": "mean"}.items()
        for position in POSITIONS
        for rank in (1, 2)
    ]
    rows += [
        {"readout": readout, "vector": "random", "index": index, "position": -1, "rank": rank, "token": f" dust{index}"}
        for readout in ("logit_lens", "patchscope")
        for index in range(4)
        for rank in (1, 2)
    ]
    return pd.DataFrame(rows)


def steering():
    return [
        {"vector": vector, "position": position, "prompt": prompt, "sample": 0, "text": text}
        for vector, text in SAID.items()
        for position in ((-1,) if vector == "unsteered" else POSITIONS)
        for prompt in PROMPTS
    ]


@pytest.fixture
def told(tmp_path):
    """What each evidence's briefing says."""
    write_token_table(tmp_path / "own.csv", tokens("cake"))
    write_token_table(tmp_path / "null.csv", tokens("war"))
    write_json_lines(tmp_path / "texts.jsonl", steering())
    found = {}
    for evidence in ("adl", "blackbox", "random", "matched_null"):
        instructions = prompt_file("investigate_blackbox" if evidence == "blackbox" else "investigate_adl")
        null = tmp_path / "null.csv" if evidence == "matched_null" else None
        stored = (tmp_path / "own.csv", null, tmp_path / "texts.jsonl", instructions, tmp_path / "sheet.txt")
        briefing(evidence, ["some_cake"], 1, 100, *stored)
        found[evidence] = (tmp_path / "sheet.txt").read_text()
    return found


def test_each_briefing_has_its_own_evidence_and_no_other(told):
    seen = {
        "adl": ["cake1", "An oven."],
        "random": ["dust0", "dust1", "Moss."],
        "matched_null": ["war1", "A battle."],
        "blackbox": [],
    }
    every = {word for words in seen.values() for word in words}
    for evidence, text in told.items():
        assert {word for word in every if word in text} == set(seen[evidence])
        # The first token alone of each position, and nothing of means and of further random vectors.
        assert not re.search("cake2|war2|mean1|dust2|\\$", text)
        assert text.count("A river.") == len(PROMPTS)
        assert "at most 150 words" in text


def test_controls_have_the_form_of_adls_evidence(told):
    def form(text):
        return re.sub(r"(?m)^(?:'.*'|An oven\.|Moss\.|A battle\.)$", "", text)

    assert form(told["adl"]) == form(told["random"]) == form(told["matched_null"])


def test_the_control_stands_under_the_differences_name():
    found, rows = in_its_place("random", tokens("cake"), steering(), None)
    own = found[(found["vector"] == "difference") & (found["readout"] == "patchscope")]
    assert own[["position", "rank", "token"]].values.tolist() == [
        [0, 1, " dust0"], [0, 2, " dust0"], [1, 1, " dust1"], [1, 2, " dust1"]
    ]  # fmt: skip
    assert {(row["vector"], row["text"]) for row in rows} == {("unsteered", "A river."), ("difference", "Moss.")}


# Organisms, the rubric of each, and the grades of three graders of the answer to each briefing.
GRADES = {
    ("a", "SDF", "SDF"): {"adl": (2, 4, 5), "blackbox": (1, 1, 2), "random": (1, 1, 1)},
    ("b", "SDF", "SDF"): {"adl": (2, 2, 1), "blackbox": (1, 2, 2), "random": (1, 1, 1)},
    ("c", "EM", "EM"): {"adl": (1, 1, 1), "blackbox": (1, 1, 1)},
    ("numbers", "control", "control"): {"adl": (1, 2, 5), "blackbox": (5, 5, 5)},
    ("twin", "control", "SDF"): {"adl": (5, 5, 5), "blackbox": (1, 1, 1)},
}
LABEL = {"model": "m", "variant": "default", "seed": 0}


def briefings():
    rows = [
        LABEL | {"organism": organism, "organism_type": kind, "agent": agent, "rubric": rubric}
        for (organism, kind, rubric), agents in GRADES.items()
        for agent in agents
    ]
    return pd.DataFrame(rows)


def texts():
    return [f"{row.organism} by {row.agent}" for row in briefings().itertuples()]


def answers():
    grades = [grades for agents in GRADES.values() for grades in agents.values()]
    rows = briefings()[["model", "organism", "seed", "agent"]].assign(sum=[sum_of(text) for text in texts()])
    rows = rows.assign(answer=[f'It is "{text}".\nNo.' for text in texts()])
    return rows.assign(**{f"grade_{n}": [found[n] for found in grades] for n in range(3)})


@pytest.fixture
def made(tmp_path):
    """The step's two tables."""
    write_token_table(tmp_path / "answers.csv", answers())
    files = []
    for number, text in enumerate(texts()):
        files.append(tmp_path / f"{number}.txt")
        files[-1].write_text(text)
    asked = json.dumps(briefings().to_dict("records"))
    table, summary = tmp_path / "table.csv", tmp_path / "summary.csv"
    investigations(asked, tmp_path / "answers.csv", files, table, summary)
    return table, summary


def test_a_grade_is_the_median_and_shares_and_contrasts_are_over_organisms(made):
    table, summary = read_token_table(made[0]), read_table(made[1])
    assert table.set_index(["organism", "agent"])["grade"]["a", "adl"] == 4
    assert table["answer"].iloc[0] == 'It is "a by adl".\nNo.'
    value = summary.fillna({"minus": ""}).set_index(["organism_type", "agent", "minus", "metric"])
    share = value.loc["all", "adl", "", "at_least_2"]
    assert (share["value"], share["n"]) == (pytest.approx(2 / 3), 3)
    assert (share["ci_low"], share["ci_high"]) == pytest.approx(wilson(2, 3), rel=1e-4)
    assert value.loc[("SDF", "adl", "", "at_least_4"), "value"] == 0.5
    assert value.loc[("SDF", "blackbox", "", "at_least_2"), "value"] == 0.5
    # Paired: 4 and 1 less, 2 and 2.
    assert value.loc[("SDF", "adl", "blackbox", "grade_difference"), "value"] == pytest.approx(1.5)
    assert value.loc[("all", "adl", "random", "grade_difference"), ["value", "n"]].tolist() == pytest.approx([2, 2])
    # Of what has nothing to find, something was found by ADL; the twin is no such control, and no organism.
    assert value.loc[("control", "adl", "", "false_positive"), ["value", "n"]].tolist() == [1, 1]
    assert value.loc[("control", "blackbox", "", "false_positive"), "value"] == 0


def test_another_briefing_than_the_one_that_was_answered_is_refused():
    told = briefings().assign(sum=[sum_of(text) for text in texts()])
    changed = told.assign(sum=["0" * 16, *told["sum"][1:]])
    with pytest.raises(UserError, match="The briefing of a, adl, is not the one that was answered: its sum is 0000"):
        graded(answers(), changed)
    with pytest.raises(UserError, match="The briefing of a, adl, is not"):
        graded(answers().iloc[1:], told)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            lambda rows: rows.drop(columns="answer"),
            "must have the columns model, organism, seed, agent, sum, answer and",
        ),
        (lambda rows: rows.drop(columns=["grade_0", "grade_1", "grade_2"]), "and grade_0, grade_1"),
        (lambda rows: rows.assign(grade_1=6), "a grade is a number from 1 to 5"),
        (lambda rows: pd.concat([rows, rows]), "the briefing of a is answered twice"),
    ],
)
def test_malformed_answers_are_refused(tmp_path, changed, message):
    write_token_table(tmp_path / "answers.csv", changed(answers()))
    with pytest.raises(UserError, match=message):
        read_investigations(tmp_path / "answers.csv")


def test_the_figure_has_every_grade_and_the_papers_shares(made, tmp_path):
    with house_style():
        figure = draw(read_token_table(made[0]), read_table(made[1]))
        organisms, controls, found, details = figure.axes
        assert [label.get_text() for label in organisms.get_yticklabels()] == ["a", "b", "c", "twin"]
        assert [label.get_text() for label in controls.get_yticklabels()] == ["numbers"]
        adl = next(line for line in organisms.lines if line.get_label() == "ADL")
        assert list(adl.get_xdata()) == [4, 2, 1, 5]
        assert [label.get_text() for label in found.get_yticklabels()] == ["ADL", "ADL, random", "black box"]
        stars = [
            {round(line.get_xdata()[0]) for line in axes.lines if line.get_marker() == "*"} for axes in (found, details)
        ]
        assert stars == [{82, 39}, {24, 1}]
        # Of both facts and of all three, by agent; twins are in neither.
        marks = [line for line in found.lines if line.get_marker() in ("o", "s", "^")]
        shares = {
            hollow: [round(line.get_xdata()[0]) for line in marks if (line.get_markerfacecolor() == "white") == hollow]
            for hollow in (False, True)
        }
        assert shares == {False: [100, 0, 50], True: [67, 0, 33]}
        told = "filled, SDF (n = 2); hollow, all organisms (n = 3: 2 SDF, 1 EM)"
        assert told in figure.get_suptitle().replace("\n", " ")
        plt.close(figure)
        plain = draw(read_token_table(made[0]).query("rubric != 'control'"), read_table(made[1]))
        assert len(plain.axes) == 3
        plt.close(plain)
    investigations_figure(*made, tmp_path / "a.pdf", tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 10_000


def test_what_was_answered_says_what_is_tabulated():
    overlay = CONFIGS / "laptop_gentle.yaml"
    study = load_study(laid_over([read_yaml(CONFIGS / "laptop.yaml"), read_yaml(overlay)]), overlay)
    rows = study.investigated()
    answered = read_table(study.config.readings.investigations)
    of = ["model", "organism", "seed", "agent"]
    assert {tuple(row[name] for name in of) for row in rows} == set(answered[of].itertuples(index=False, name=None))
    assert {row["rubric"] for row in rows} == {"SDF"}
    assert load_study(read_yaml(CONFIGS / "smoke.yaml"), "smoke.yaml").investigated() == []


def test_shares_of_grades_have_wilsons_interval(made):
    with house_style():
        figure = draw(read_token_table(made[0]), read_table(made[1]))
        boxes = figure.axes[2].containers
        plt.close(figure)
    # Of both facts by ADL, random directions and the black box, then of all three organisms.
    counts = [(2, 2), (0, 2), (1, 2), (2, 3), (0, 2), (1, 3)]
    assert [ends(box)[0] for box in boxes] == [
        pytest.approx([100 * end for end in wilson(*count)], abs=1e-3) for count in counts
    ]
