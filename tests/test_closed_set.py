"""Closed-set identification: evidence, scores and ranks by hand, and that the evidence is blind."""

import numpy as np
import pytest
from evidence_samples import CANDIDATES, SETTINGS, embed, ordinary, selection, steering
from hypothesis import given, settings
from hypothesis import strategies as st

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
from paper_replication.errors import UserError
from paper_replication.paths import ORGANISMS

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
        {"prompt": "b", "sample": 1, "text": "a text that is long"},
        {"prompt": "a", "sample": 1, "text": "again"},
    ]
    base = [*ordinary(["a", "b"], "base"), {"prompt": "a", "sample": 1, "text": "another"}]
    # The empty text is left out; the base model answered b once alone.
    expected = [("first", "base a"), ("a text that ", "base b"), ("again", "another")]
    assert with_base(rows, base, 12) == expected
    with pytest.raises(UserError, match="base model has no answer to 'b'"):
        with_base(rows, ordinary(["a"]), 12)


BASE = ordinary(["q0", "q1", "q2", "x0", "x1", "x2"], "b")


def texts_at(agent, budget, answers):
    found = gather_evidence(agent, budget, selection(), steering(), answers, BASE, SETTINGS)
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
        gather_evidence("adl", 0, selection(), only, [], BASE, SETTINGS)
    with pytest.raises(UserError, match="steering texts lack"):
        gather_evidence("blackbox", 0, selection(), [], [], BASE, SETTINGS)
    assert gather_evidence("blackbox", 0, selection(), only, [], BASE, SETTINGS).texts["unsteered"]


NAMES = [path.stem for path in sorted(ORGANISMS.glob("*.yaml"))] + ["encyclopaedia", "web", "fineweb"]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(NAMES), st.sampled_from(NAMES), st.sampled_from(["adl", "blackbox"]), st.integers(0, 60))
def test_the_evidence_never_names_the_organism_or_the_corpus(organism, corpus, agent, budget):
    labels = {"organism": organism, "corpus": corpus, "path": f"data/{organism}/{corpus}"}
    rows = [row | labels for row in steering()]
    answers = [row | labels for row in ordinary(["q1", "x0", "x1"])]
    found = gather_evidence(agent, budget, selection().assign(**labels), rows, answers, BASE, SETTINGS)
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
