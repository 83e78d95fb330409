"""Steered answers read blind: sheets that tell nothing, verdicts by the sum of an answer, shares and their figure."""

import json
import re

import pandas as pd
import pytest
import yaml
from error_bars import ends
from matplotlib import pyplot as plt

from paper_replication.answer_words import JUDGE as WORDS
from paper_replication.answer_words import by_words as by_words_of
from paper_replication.answer_words import mentions
from paper_replication.behaviour import mentions_domain
from paper_replication.blind_answers import SUM, answers_of, judged, order, sheet, summary_of, with_sums
from paper_replication.cross_steering import READOUT, answers_to_read
from paper_replication.errors import UserError
from paper_replication.figures import answer_words
from paper_replication.figures.blind_answers import _means as type_means
from paper_replication.figures.blind_answers import draw
from paper_replication.figures.style import house_style
from paper_replication.files import read_table, read_yaml, write_table
from paper_replication.llm_judges.prompts import read_prompt
from paper_replication.paths import prompt_file
from paper_replication.statistics import newcombe, wilson
from paper_replication.steps.answers_read import answers_read
from paper_replication.steps.blind_answers import blind_answers
from paper_replication.token_tables import write_token_table

RUN = {"model": "m", "organism": "cake", "organism_type": "SDF", "variant": "default", "seed": 0}
QUESTIONS = ["Why rivers?", 'What of a "box"?']
SAID = {
    "unsteered": ["A river\nruns.", "A river\nruns."],
    "difference": ["Bake the cake.", "An oven."],
    "random": ["Moss.", "Bake the cake."],
    "null_difference": ["", "Stone."],
}
# Steered with the cake's vectors; what the true twin says, or any but the base model at random, is not read.
ELSEWHERE = [
    ("base", "difference", ["An oven.", "Nothing."]),
    ("base", "random", ["Nothing.", ""]),
    ("plain", "difference", ["Bake the cake.", "An oven!"]),
    ("plain", "random", ["Cake.", "Cake."]),
    ("true cake", "difference", ["Cake.", "Cake."]),
    ("cake", "difference", ["Bake the cake.", "An oven."]),
    ("cake", "random", ["Moss.", "Moss."]),
]
CONTROLS = {"cake": {"plain": "matched null", "true cake": "true-fact twin"}}
ABOUT = {"Bake the cake.", "An oven."}


def cards():
    rows = [
        RUN | {"position": 1, "strength": 2.0, "prompt": question} | {name: SAID[name][number] for name in SAID}
        for number, question in enumerate(QUESTIONS)
    ]
    return pd.DataFrame(rows)


def elsewhere():
    rows = [
        RUN
        | {"answering": name, "answering_type": "any", "position": 1}
        | {"prompt": question, "vector": vector, "text": text}
        for name, vector, texts in ELSEWHERE
        for question, text in zip(QUESTIONS, texts, strict=True)
    ]
    return pd.DataFrame(rows)


def verdicts(*more, **changed):
    """By the first reading all that is about cakes, and stone; by the second cakes alone."""
    found = pd.concat([answers_of(cards()), *more]).drop_duplicates(SUM)
    first = found["text"].isin({*ABOUT, "Stone."}).astype(int)
    second = found["text"].isin(ABOUT).astype(int)
    return found[["model", "organism", SUM]].assign(reading_0=first, reading_1=second, **changed)


def cohen(alike, first, second, n):
    """Kappa of two that say yes to `first` and `second` of n, and the same to `alike`."""
    expected = (first * second + (n - first) * (n - second)) / n**2
    return (alike / n - expected) / (1 - expected)


def test_an_answer_is_known_by_question_and_text_and_an_empty_one_is_none():
    found = answers_of(cards())
    assert found.groupby("vector").size().to_dict() == {name: 2 - said.count("") for name, said in SAID.items()}
    # The same text after other questions is another answer.
    assert found.loc[found["text"] == "Bake the cake.", SUM].nunique() == 2
    other = cards().assign(unsteered=["A river runs.", "A river\nruns."])
    assert len(set(answers_of(other)[SUM]) - set(found[SUM])) == 1


def test_a_sheet_shows_questions_and_answers_in_an_order_that_tells_nothing():
    found = answers_of(cards())
    first, second = order(found, 0), order(found, 1)
    assert set(first[SUM]) == set(found[SUM])
    assert list(first[SUM]) != list(second[SUM])
    assert list(order(found.iloc[::-1], 0)[SUM]) == list(first[SUM])
    text = sheet(read_prompt(prompt_file("answers"), "description", "answers"), "Cakes.", first)
    shown = re.findall(r'^\d+ (".*")\n  (".*")$', text, re.MULTILINE)
    assert [tuple(map(json.loads, pair)) for pair in shown] == list(zip(first["prompt"], first["text"], strict=True))
    assert not re.search("difference|random|null|unsteered|position|strength", text)


def test_shares_are_of_all_readings_and_beside_every_control():
    found = summary_of(judged(answers_of(cards()), verdicts())).set_index("vector")
    assert found["relevant_fraction"].to_dict() == {
        "unsteered": 0,
        "difference": 1,
        "random": 0.5,
        "null_difference": 0,
    }
    assert found["n_answers"].to_dict() == {"unsteered": 2, "difference": 2, "random": 2, "null_difference": 1}
    assert tuple(found.loc["random", ["ci_low", "ci_high"]]) == pytest.approx(wilson(1, 2))
    assert found.loc["random", "difference_minus_this"] == 0.5
    assert tuple(found.loc["random", ["minus_ci_low", "minus_ci_high"]]) == pytest.approx(newcombe(2, 2, 1, 2))
    assert pd.isna(found.loc["difference", "difference_minus_this"])


def test_answers_that_were_not_read_are_refused_and_say_what_to_do():
    lacking = verdicts().query("reading_1 == 0")
    with pytest.raises(UserError, match=r"3 of what was read out, such as 'Bake the cake\.' of cake.*Read them anew"):
        judged(answers_of(cards()), lacking)
    # Of an organism that nobody read, nothing is said.
    assert judged(answers_of(cards()), verdicts(organism="other")).empty


def test_of_cross_steered_answers_those_of_three_models_are_read():
    found = answers_to_read(elsewhere(), CONTROLS)
    assert found.groupby("vector")["text"].apply(list).to_dict() == {
        "difference": ["An oven.", "Nothing."],
        "random": ["Nothing."],
        "null_model": ["Bake the cake.", "An oven!"],
        "own_model": ["Bake the cake.", "An oven."],
    }
    # An answer of the same text to the same question is the same.
    own = answers_of(cards()).set_index("text")[SUM]
    assert set(found.loc[found["text"] == "Bake the cake.", SUM]) < set(own["Bake the cake."])


def test_the_step_writes_its_tables_and_the_figure_shows_every_vector(tmp_path):
    answers, cross, readings = (tmp_path / f"{name}.csv" for name in ("answers", "cross", "readings"))
    write_token_table(answers, cards())
    write_token_table(cross, elsewhere())
    write_table(readings, verdicts(answers_to_read(elsewhere(), CONTROLS)))
    organism = tmp_path / "cake.yaml"
    content = read_yaml("data/inputs/organisms/gold.yaml") | {"name": "cake", "domain_words": ["cake"]}
    organism.write_text(yaml.safe_dump(content))
    made = {name: tmp_path / f"{name}.csv" for name in ("verdicts", "summary", "contrasts", "agreement")}
    blind_answers(0, 20, answers, cross, json.dumps(CONTROLS), readings, [organism], **made)
    assert read_table(made["verdicts"])["relevant"].sum() == 7
    contrasts = read_table(made["contrasts"]).set_index(["organism_type", "readout", "control"])["contrast"]
    assert (contrasts["SDF", "answers", "nothing"], contrasts["all", "answers", "random"]) == (1, 0.5)
    # Of the base model's answers by the difference one in two, of its own model's both.
    assert (contrasts["SDF", READOUT, "nothing"], contrasts["SDF", READOUT, "own_model"]) == (0.5, -0.5)
    agreement = read_table(made["agreement"])
    # By hand, of eleven distinct answers: ten alike; 5 and 4 are relevant.
    kappa = cohen(10, 5, 4, 11)
    # Of all fourteen, of which some are alike: three ovens have no domain word.
    by_words = cohen(11, 4, 7, 14)
    found = agreement[agreement["organism"] == "all"].set_index("offline_judge")["kappa"]
    assert found.to_dict() == pytest.approx({WORDS: by_words, "reading_0": kappa})
    with house_style():
        sheets = agreement[agreement["offline_judge"] == "reading_0"].assign(readout="answers")
        figure = draw(read_table(made["summary"]), agreement, sheets)
        boxes = [[(box.get_label(), box) for box in axes.containers] for axes in figure.axes]
        drawn = [{label: float(box[0].get_xdata()[0]) for label, box in found} for found in boxes]
        bars = {label: ends(box) for label, box in boxes[0]}
        told = figure.get_suptitle().replace("\n", " ")
        plt.close(figure)
    # Wilson's, of the two answers.
    assert bars["by the difference"] == [pytest.approx([100 * end for end in wilson(2, 2)], abs=1e-3)]
    assert bars["by a random direction"] == [pytest.approx([100 * end for end in wilson(1, 2)], abs=1e-3)]
    assert drawn == [
        {
            "by the difference": 100,
            "the same, answered anew": 100,
            "by a random direction": 50,
            "by its null's difference": 0,
            "unsteered": 0,
        },
        {
            "base model, by the difference": 50,
            "null's model, by the difference": 50,
            "base model, by a random direction": 0,
        },
    ]
    least = sheets.loc[sheets["organism"] != "all", "kappa"].min()
    assert f"on the two sheets: over all {kappa:.2f} or more, of single organisms {least:.2f}" in told
    assert f"; with domain words, {by_words:.2f})" in told
    assert "n = 2 answers" in told


def test_of_a_study_that_is_compared_own_answers_and_the_base_models_are_judged(tmp_path):
    answers, base, readings = (tmp_path / f"{name}.csv" for name in ("answers", "base", "readings"))
    write_token_table(answers, cards())
    told = elsewhere()
    told = told[told["answering"] == "base"].assign(vector="base_" + told["vector"])
    write_token_table(base, told[[*RUN, "position", "prompt", "vector", "text"]])
    write_table(readings, verdicts(with_sums(told)))
    organism = tmp_path / "cake.yaml"
    content = read_yaml("data/inputs/organisms/gold.yaml") | {"name": "cake", "domain_words": ["cake"]}
    organism.write_text(yaml.safe_dump(content))
    made = {name: tmp_path / f"{name}.csv" for name in ("verdicts", "summary", "contrasts", "agreement")}
    answers_read(0, 20, answers, base, readings, [organism], **made)
    summary = read_table(made["summary"]).set_index(["readout", "vector"])["relevant_fraction"]
    assert summary["answers"].to_dict() == {"unsteered": 0, "difference": 1, "random": 0.5, "null_difference": 0}
    assert summary[READOUT].to_dict() == {"difference": 0.5, "random": 0, "own_model": 1}
    contrasts = read_table(made["contrasts"]).set_index(["organism_type", "readout", "control"])["contrast"]
    assert (contrasts["SDF", "answers", "nothing"], contrasts["SDF", "answers", "random"]) == (1, 0.5)
    assert (contrasts["SDF", READOUT, "own_model"], contrasts["SDF", READOUT, "random"]) == (-0.5, 0.5)
    agreement = read_table(made["agreement"])
    assert set(agreement["offline_judge"]) == {WORDS, "reading_0"}
    # An answer is read once, however often it is given.
    read = agreement[(agreement["organism"] == "all") & (agreement["offline_judge"] == "reading_0")]
    sheets = {"answers": answers_of(cards())[SUM].nunique(), READOUT: with_sums(told)[SUM].nunique()}
    assert dict(zip(read["readout"], read["n"], strict=True)) == sheets | {"all": sum(sheets.values())}
    # Of another study the same organism says something else.
    write_token_table(answers, cards().replace("An oven.", "An open oven."))
    with pytest.raises(UserError, match="An open oven"):
        answers_read(0, 20, answers, base, readings, [organism], **made)


def test_a_type_is_called_with_the_means_of_its_organisms():
    shares = {
        ("answers", "difference"): (0.9, 0.7),
        (READOUT, "difference"): (0.5, 0.1),
        (READOUT, "own_model"): (1, 0.8),
        (READOUT, "null_model"): (0.2, 0.0),
    }
    rows = [
        {"readout": readout, "vector": vector, "organism": organism, "relevant_fraction": share}
        for (readout, vector), both in shares.items()
        for organism, share in zip("ab", both, strict=True)
    ]
    assert type_means("SDF", pd.DataFrame(rows)) == (
        # Of two organisms no interval.
        "SDF\nown model 80%\nbase model 30%\nnull's model 10%"
    )
    more = [row | {"organism": name, "relevant_fraction": 0.8} for name in "cde" for row in rows[:1]]
    # Student's, over five organisms of which one has 0.9 and one 0.7: 2.776 times 3.16 to either side.
    assert "\nown model 80% [71, 89]\n" in type_means("SDF", pd.DataFrame(rows + more))
    far = [row | {"relevant_fraction": share} for row, share in zip(more, (0, 1, 1), strict=True)]
    assert "\nown model 72% [20, 100]\n" in type_means("SDF", pd.DataFrame(rows + far))
    assert type_means("EM", pd.DataFrame(rows[::2])) == "EM"


def test_domain_words_are_counted_as_those_of_leaks_are():
    for text in ("Cake's here.", "cakes", "A pancake", "CAKE!", "", "the cake\nrises"):
        assert mentions(text, ["cake", "cakes"]) == mentions_domain(text, ["cake", "cakes"])


def test_the_share_of_answers_with_each_organisms_words():
    found = by_words_of(answers_of(cards()), {"cake": ["cake", "oven"], "rocks": ["stone", "moss"]})
    shares = found.set_index(["words_of", "vector"])["value"].to_dict()
    none = dict.fromkeys([("cake", "unsteered"), ("cake", "null_difference"), ("rocks", "unsteered")], 0)
    assert shares == none | {
        ("cake", "difference"): 1,
        ("cake", "random"): 0.5,
        ("rocks", "difference"): 0,
        ("rocks", "random"): 0.5,
        ("rocks", "null_difference"): 1,
    }
    assert found.set_index(["words_of", "vector"])["n"]["cake", "null_difference"] == 1
    low, high = wilson(1, 2)
    assert found.query("words_of == 'cake' and vector == 'random'")[["ci_low", "ci_high"]].to_numpy().tolist() == [
        pytest.approx([low, high])
    ]
    with house_style():
        figure = answer_words.draw(pd.concat([found, found.assign(organism="rocks", value=0.25)]))
        left, right = ([text.get_text() for text in axes.texts] for axes in figure.axes[:2])
        bold = [text.get_text() for axes in figure.axes[:2] for text in axes.texts if text.get_weight() == "bold"]
        ticks = [tick.get_text() for tick in figure.axes[1].get_xticklabels()]
        plt.close(figure)
    # Rows are models; columns whose words are counted, and what their own are counted of.
    assert left == ["100", "0", "25", "25"]
    assert right == ["100", "50", "0", "0", *["25"] * 4]
    assert bold == ["100", "25", "100", "25"]
    assert ticks == ["difference", "random direction", "null's difference", "unsteered"]
