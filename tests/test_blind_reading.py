"""Tokens read blind: sheets that tell nothing, verdicts that all readings share, and how far judges agree."""

import json
import re

import pandas as pd
import pytest
from error_bars import ends
from matplotlib import pyplot as plt

from paper_replication.blind_reading import (
    JUDGE,
    agreements,
    judged,
    layers_as_readouts,
    positions_of,
    read_verdicts,
    sheet,
    type_contrasts,
    words_of,
)
from paper_replication.errors import UserError
from paper_replication.figures.blind_reading import draw
from paper_replication.figures.marks import REPORTED_BAND_LABEL
from paper_replication.figures.style import house_style
from paper_replication.files import read_table, read_yaml, write_table
from paper_replication.llm_judges.prompts import read_prompt
from paper_replication.paths import CONFIGS, prompt_file
from paper_replication.relevance_summary import summarise
from paper_replication.statistics import wilson
from paper_replication.steps.blind_reading import blind_reading
from paper_replication.study import load_study
from paper_replication.study_extended import BLIND, verdicts_of
from paper_replication.token_tables import write_token_table

RUN = {"model": "m", "organism": "cake", "organism_type": "SDF", "variant": "default", "seed": 0, "corpus": "c"}
OFFLINE = "embedding_relevance"
LISTS = {
    "difference": [[" cake", "oven"], [" sea", "->"]],
    "base_mean": [[" the", " sea"], [" the", " moss"]],
    "null_difference": [[" sea", " moss"], [" oven", " moss"]],
    "random": [[" cake", " moss"], ["moss", " the"]],
}
# Both readings agree on two words; the offline judge knows one of them, and one that is none.
VOTES = {"cake": (1, 1), "oven": (1, 1), "sea": (1, 0), "the": (0, 0), "moss": (0, 0), "null": (0, 0), "flour": (0, 1)}
BELIEVED = {"cake", "sea"}


def cards(**changed):
    rows = [
        RUN
        | {"readout": "patchscope", "vector": vector, "index": position, "position": position, "scale": 1}
        | {"rank": rank, "token": token, "probability": 0.1, "relevant": int(token.strip() in BELIEVED)}
        for vector, lists in LISTS.items()
        for position, tokens in enumerate(lists)
        for rank, token in enumerate(tokens, start=1)
    ]
    return pd.DataFrame(rows).assign(judge=OFFLINE, scale_judge="", **changed)


def layers():
    """Of the organism at the last block its words, of its null others."""
    rows = []
    for organism, kind, tokens in (("cake", "SDF", [" flour", "null"]), ("null_documents", "control", ["oven", "."])):
        for position in (0, 1):
            for rank, token in enumerate(tokens, start=1):
                row = {"condition": "100% of depth", "value": "5", "position": position, "scale": 1, "rank": rank}
                rows.append(RUN | row | {"organism": organism, "organism_type": kind, "token": token, "relevant": 0})
    return pd.DataFrame(rows).assign(probability=0.1, judge=OFFLINE)


def verdicts(**changed):
    rows = [
        {"model": "m", "organism": "cake", "word": w, "reading_0": a, "reading_1": b} for w, (a, b) in VOTES.items()
    ]
    return pd.DataFrame(rows).assign(**changed)


def all_rows():
    return judged(pd.concat([cards(), layers_as_readouts(layers(), {"cake": "null_documents"})]), verdicts())


def test_a_sheet_has_every_word_once_and_each_reading_an_order_of_its_own():
    tables = [cards(), layers()]
    first, second = words_of(tables, 0), words_of(tables, 1)
    # Without spaces and punctuation; the word "null" is one.
    assert sorted(first) == sorted(VOTES) == sorted(second)
    assert first == words_of(tables[::-1], 0) != second
    text = sheet(read_prompt(prompt_file("relevance"), "description", "frequent", "tokens"), "Cakes.", ["bake"], first)
    assert {"Cakes.", "bake"} <= set(text.splitlines())
    assert [json.loads(word) for word in re.findall(r'\d+ ("\w+")', text)] == first
    # Of what they were read out, nothing is said.
    assert not re.search("difference|mean|random|patchscope|position", text)


def test_a_token_counts_where_all_readings_agree():
    rows = all_rows()
    assert set(rows.loc[rows["relevant"] == 1, "word"]) == {"cake", "oven"}
    assert set(rows.loc[rows["offline_relevant"] == 1, "word"]) == BELIEVED
    # "->" has no content: nobody is asked, and it is not relevant.
    assert rows.loc[rows["token"] == "->", "relevant"].tolist() == [0]


def test_relevance_is_by_both_judges_and_of_the_null_at_other_layers_by_one():
    table = positions_of(all_rows(), 2)
    shares = summarise(table).set_index(["readout", "judge", "vector"])["relevant_fraction"]
    # The best of two positions; random vectors: one set of two.
    assert shares["patchscope", JUDGE].to_dict() == {
        "difference": 1.0,
        "base_mean": 0.0,
        "null_difference": 0.5,
        "random": 0.5,
    }
    assert shares["patchscope", OFFLINE, "difference"] == 0.5
    deeper = "patchscope at 100% of depth"
    assert shares[deeper, JUDGE].to_dict() == {"difference": 0.0, "null_difference": 0.5}
    assert shares[deeper, OFFLINE].to_dict() == {"difference": 0.0}


def test_types_have_the_share_and_what_it_is_above_each_control():
    summary = pd.DataFrame(
        [
            ("cake", "SDF", "difference", 0.5, None),
            ("cake", "SDF", "random", 0.1, 0.4),
            ("law", "SDF", "difference", 0.3, None),
            ("law", "SDF", "random", 0.1, 0.2),
            ("twin", "control", "difference", 0.9, None),
        ],
        columns=["organism", "organism_type", "vector", "relevant_fraction", "difference_minus_this"],
    ).assign(model="m", readout="patchscope", judge=JUDGE)
    found = type_contrasts(summary).set_index(["organism_type", "control"])
    assert found.loc[("SDF", "nothing"), "contrast"] == pytest.approx(0.4)
    assert found.loc[("all", "random"), "contrast"] == pytest.approx(0.3)
    # The twin, which is a control, is not among all.
    assert found.loc[("all", "nothing"), ["contrast", "n_organisms"]].tolist() == pytest.approx([0.4, 2])
    # Student's, of two: t = 12.706.
    assert found.loc[("SDF", "random"), "ci_high"] == pytest.approx(0.3 + 12.7062 * 0.1)
    assert found.loc[("control", "nothing"), "contrast"] == pytest.approx(0.9)


def test_agreement_is_of_the_judges_over_lists_and_of_readings_over_words():
    found = agreements(all_rows(), verdicts(), seed=0, rounds=20)
    together = found[found["organism"] == "all"].set_index("llm_judge")
    readings = together.loc["reading_1"]
    assert (readings["offline_judge"], readings["n"]) == ("reading_0", len(VOTES))
    # By hand: 5 of 7 words alike, of 3 and 3 that are relevant; expected (9 + 16) / 49.
    assert readings["kappa"] == pytest.approx((5 / 7 - 25 / 49) / (1 - 25 / 49))
    judges = together.loc[JUDGE]
    # All tokens of the cards, and the organism's own of the other layer.
    assert judges["n"] == 16 + 4
    assert judges["offline_share"] == pytest.approx(5 / 20)
    assert set(found["organism"]) == {"all", "cake"}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"reading_1": 2}, "1 of what is relevant and 0"),
        ({"word": "cake"}, "'cake' comes twice for cake"),
        ({"organism": None}, "must have the columns"),
    ],
)
def test_verdicts_that_are_none_are_refused(tmp_path, changed, message):
    file = tmp_path / "readings.csv"
    table = verdicts(**changed)
    write_table(file, table.dropna(axis="columns"))
    with pytest.raises(UserError, match=message):
        read_verdicts(file)


def test_words_that_were_not_read_are_refused_and_say_what_to_do():
    with pytest.raises(UserError, match=r"1 of what was read out, such as 'oven' of cake.*Read them anew"):
        judged(cards(), verdicts().query("word != 'oven'"))


def test_the_step_writes_its_tables_and_the_figure_shows_both_judges(tmp_path):
    paths = {name: tmp_path / f"{name}.csv" for name in ("cards", "layers", "readings")}
    write_token_table(paths["cards"], cards().drop(columns="scale_judge"))
    write_token_table(paths["layers"], layers())
    write_table(paths["readings"], verdicts())
    made = {name: tmp_path / f"{name}.csv" for name in ("positions", "summary", "contrasts", "agreement")}
    blind_reading("c", 2, json.dumps({"cake": "null_documents"}), 0, 20, **paths, **made)
    assert read_verdicts(paths["readings"])["word"].tolist() == list(VOTES)
    summary, agreement = read_table(made["summary"]), read_table(made["agreement"])
    with house_style():
        figure = draw(summary, agreement, 0.5, ["cake"])
        left, right = figure.axes
        drawn = {
            bars.get_label(): [float(x) for x in bars[0].get_xdata()]
            for bars in left.containers
            if hasattr(bars, "has_xerr")
        }
        bars = {box.get_label(): ends(box) for box in left.containers if hasattr(box, "has_xerr") and box.has_xerr}
        bands = [sum(found.get_label() == REPORTED_BAND_LABEL for found in axes.collections) for axes in (left, right)]
        last = [float(x) for bars in right.containers for x in bars[0].get_xdata()]
        told = figure.get_suptitle().replace("\n", " ")
        plt.close(figure)
    for label, judge, share in (("offline judge", OFFLINE, 0.5), ("language model", JUDGE, 1.0)):
        assert bars[f"difference ({label})"] == [pytest.approx([100 * end for end in wilson(2 * share, 2)], abs=1e-3)]
        row = summary.query(f"readout == 'patchscope' and judge == '{judge}' and vector == 'difference'").iloc[0]
        assert row["relevant_fraction"] == share
    assert drawn["difference (offline judge)"] == [50]
    assert drawn["difference (language model)"] == [100]
    assert drawn["matched null's difference (language model)"] == [50]
    assert [x for x in last if x == x] == [0, 0, 50]
    kappa = agreement.query("organism == 'all'").set_index("llm_judge")["kappa"]
    # What the paper reports is of the layer of analysis.
    assert bands == [1, 0]
    assert "n = 2 tokens" in told
    assert f"is {kappa[JUDGE]:.2f} [" in told
    assert f"{kappa['reading_1']:.2f}" in told


def test_a_tier_whose_runs_nobody_read_says_so():
    studies = {tier: load_study(read_yaml(CONFIGS / f"{tier}.yaml"), tier) for tier in ("laptop", "smoke")}
    assert len(verdicts_of(studies["laptop"], *BLIND)) == 2
    with pytest.raises(UserError, match=r"tier 'smoke' names no file of verdicts under readings\.answers"):
        verdicts_of(studies["smoke"], "answers")


@pytest.mark.parametrize("name", ["data/inputs/readings/nothing.csv", "README.md"])
def test_readings_that_are_no_raw_input_are_refused_before_anything_runs(name):
    content = read_yaml(CONFIGS / "laptop.yaml") | {"readings": {"tokens": name}}
    with pytest.raises(UserError, match=rf"my\.yaml: readings\.tokens: {name} is no file in data/inputs/readings"):
        load_study(content, "my.yaml")
