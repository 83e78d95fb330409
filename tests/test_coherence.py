"""The offline judge of coherent prose, by hand, and its verdicts on steered answers."""

import numpy as np
import pandas as pd
import pytest

from paper_replication.errors import UserError
from paper_replication.files import read_table, write_json_lines, write_table
from paper_replication.judges.coherence import (
    CoherenceLimits,
    LikelihoodCoherenceJudge,
    calibrate,
    distinct_share,
    scrambled,
    separating_threshold,
)
from paper_replication.models import load_model, load_tokenizer
from paper_replication.paths import Paths
from paper_replication.settings.run import RunLabel
from paper_replication.settings.steering import CoherenceSettings
from paper_replication.statistics import wilson
from paper_replication.steps import coherence as coherence_step
from paper_replication.steps.coherence import coherence, text_likelihood
from paper_replication.steps.steered_coherence import steered_coherence

RUN = {"model": "m", "organism": "cake", "organism_type": "SDF", "variant": "default", "seed": 0}


def likelihoods(texts):
    """A stand-in for the base model: words in alphabetical order are likely."""
    return [-1.0 if text.split() == sorted(text.split()) else -5.0 for text in texts]


def test_the_threshold_separates():
    assert separating_threshold(np.array([3.0, 4.0, 5.0]), np.array([0.0, 1.0])) == 2.0
    # Two thresholds get all of one side and two thirds of the other right; the lower is taken.
    assert separating_threshold(np.array([1.0, 4.0, 5.0]), np.array([0.0, 2.0, 0.5])) == 0.75


def test_coherent_prose_is_likely_and_does_not_repeat_itself():
    human = ["a b c d e f", "b c d e f g", "c d e f g h"]
    limits = calibrate(likelihoods, human, repetitive=0.05, seed=0)
    assert limits == CoherenceLimits(-3.0, 1.0)
    # Of human texts that share may repeat themselves more: of four, one of which is half repeated, a third at most.
    repeating = [*human, "d d e e"]
    assert calibrate(likelihoods, repeating, repetitive=0.34, seed=0).distinct == 1.0
    assert calibrate(likelihoods, repeating, repetitive=0.05, seed=0).distinct == 0.5
    judge = LikelihoodCoherenceJudge(likelihoods, CoherenceLimits(-3.0, 0.6))
    assert judge.coherent(["the vex wax", "wax the vex", "the the the the", "", "a b"]) == [
        True,
        False,
        False,
        False,
        False,
    ]
    assert distinct_share("one two one two") == 0.5
    assert sorted(scrambled("d c b a", 1).split()) == ["a", "b", "c", "d"]
    with pytest.raises(UserError, match="no texts"):
        calibrate(likelihoods, [], 0.05, 0)


def test_coherence_is_judged_by_what_answers_were_steered_with(model_folder, tmp_path):
    texts, limits, table = tmp_path / "texts.jsonl", tmp_path / "limits.csv", tmp_path / "coherence.csv"
    likely, broken = "the oven was warm and the cake rose", "sea sea sea sea the the"
    answers = {("unsteered", -1): [likely, likely], ("difference", 0): [likely, broken], ("random", 0): [broken, ""]}
    rows = [
        {"vector": vector, "position": position, "text": text}
        for (vector, position), said in answers.items()
        for text in said
    ]
    write_json_lines(texts, rows)
    score = text_likelihood(load_model(model_folder), load_tokenizer(model_folder))
    limit = {"minimum_log_probability_nats": min(score([likely, broken])) - 1, "minimum_distinct_share": 0.5}
    write_table(limits, pd.DataFrame([limit | {"new_tokens": 50}]))
    label = RunLabel.model_validate(RUN)
    steered_coherence(label, texts, limits, model_folder, table)
    found = read_table(table).set_index(["vector", "position"])
    # By likelihood all pass; of the broken text's words a third is distinct.
    assert found["coherent_share"].to_dict() == {("unsteered", -1): 1, ("difference", 0): 0.5, ("random", 0): 0}
    assert (found["n"] == 2).all()
    # Cut to two tokens, nothing has the three words that a share is taken of.
    write_table(limits, pd.DataFrame([limit | {"new_tokens": 2}]))
    steered_coherence(label, texts, limits, model_folder, table)
    assert read_table(table)["coherent_share"].tolist() == [0, 0, 0]


@pytest.mark.slow
@pytest.mark.workflow
def test_a_real_model_tells_human_text_from_the_same_words_in_random_order(project, laptop_model, tmp_path):
    settings, table = CoherenceSettings(texts=40, repetitive=0.05), tmp_path / "coherence.csv"
    write_json_lines(tmp_path / "answers.jsonl", [{"answer": "the sea"}])
    corpus = project / Paths("smoke").corpus("encyclopaedia")
    coherence(settings, 24, 0, corpus, tmp_path / "answers.jsonl", laptop_model, table)
    judged = read_table(table).set_index("texts")["coherent_share"]
    assert judged["human"] > 0.8
    assert judged["human"] > judged["scrambled"] + 0.5
    assert judged["repeated"] < 0.1


def test_the_coherence_judge_is_checked_on_other_texts_than_it_is_set_on(tiny_folder, tmp_path, monkeypatch):
    """Those that it is set on have a cake, and are less likely; words that are out of alphabetical order still less."""

    def score(texts):
        return [(-2.0 if "cake" in text else -1.0) - 2 * (text.split() != sorted(text.split())) for text in texts]

    monkeypatch.setattr(coherence_step, "load_model", lambda _: None)
    monkeypatch.setattr(coherence_step, "text_likelihood", lambda *_: score)
    first, second = ["a b c cake old", "b c cake d sea"], ["b a old", "b c d"]
    write_json_lines(tmp_path / "corpus.jsonl", [{"text": text} for text in (*first, *second, "dark dark")])
    said = ["a b c", "c b a", "", "a a a a", "b c d"]
    write_json_lines(tmp_path / "answers.jsonl", [{"answer": text} for text in said])
    files = [tmp_path / name for name in ("corpus.jsonl", "answers.jsonl")]
    settings = CoherenceSettings(texts=2, repetitive=0.05)
    coherence_step.coherence(settings, 50, 0, *files, tiny_folder, tmp_path / "table.csv")
    table = read_table(tmp_path / "table.csv").set_index("texts")
    assert table["n"].to_dict() == {"human": 2, "scrambled": 2, "repeated": 2, "unsteered answers": 5}
    assert table["coherent_share"].to_dict() == {"human": 0.5, "scrambled": 0, "repeated": 0, "unsteered answers": 0.4}
    ends = table.loc["unsteered answers", ["ci_low", "ci_high"]].tolist()
    assert ends == pytest.approx(wilson(2, 5), rel=1e-4)
    assert (table["minimum_log_probability_nats"] == -3).all()


def test_a_text_as_repetitive_as_the_limit_passes():
    judge = LikelihoodCoherenceJudge(lambda texts: [0.0] * len(texts), CoherenceLimits(-1.0, 0.5))
    assert judge.coherent(["one two one two", "one two one two one"]) == [True, False]


def test_each_text_is_scrambled_in_an_order_of_its_own():
    asked = []
    calibrate(lambda texts: asked.append(texts) or [0.0] * len(texts), ["a b c d e f g h"] * 5, 0.05, 0)
    assert len(set(asked[1])) > 1
