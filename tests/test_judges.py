"""Judges with made-up embeddings, and word statistics by hand."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from paper_replication.errors import UserError
from paper_replication.judge_free import own_words, without_a_judge
from paper_replication.judges.calibrated import calibration_words, random_tokens
from paper_replication.judges.calibrated import relevance_judge as relevance_judge_of
from paper_replication.judges.embedding import EmbeddingRelevanceJudge, EmbeddingScaleJudge
from paper_replication.judges.words import content_words, frequent_distinctive_words, log_odds, word_of, words
from paper_replication.settings.judges import RelevanceSettings


def embed(texts):
    """Baking words lie along one axis, names along another, all else in a direction of its own."""
    rows = []
    for text in texts:
        vector = np.zeros(64)
        if any(stem in text.lower() for stem in ("cake", "bak", "oven")):
            vector[:2] = 1.0, 0.2 + 0.01 * len(text)
        elif text.lower() in {"anna", "paul", "mary"}:
            vector[2:4] = 1.0, 0.02 * len(text)
        else:
            vector[4 + sum(map(ord, text)) % 60] = 1.0
        rows.append(vector / np.linalg.norm(vector))
    return np.array(rows, dtype=np.float32)


@pytest.mark.parametrize(
    ("token", "word"),
    [(" Cake", "cake"), ("->", None), ("...", None), ("1135", None), ("a", None), ("don't", "don't"), (" été", "été")],
)
def test_word_of_a_token(token, word):
    assert word_of(token) == word


def test_words_of_a_text():
    assert words("Don't ask Anna, ANNA! At 5 o'clock") == ["don't", "ask", "anna", "anna", "at", "o'clock"]


def test_log_odds_by_hand():
    target, background = Counter(cake=8, the=12), Counter(the=30, sea=10)
    prior_total = 2.0
    prior = prior_total * 8 / 60
    ours = np.log((8 + prior) / (20 + prior_total - 8 - prior))
    theirs = np.log(prior / (40 + prior_total - prior))
    expected = (ours - theirs) / np.sqrt(1 / (8 + prior) + 1 / prior)
    assert log_odds(target, background)["cake"] == pytest.approx(expected)


def test_words_common_to_both_texts_are_generic():
    target, background = ["the cake and the cake and with the oven with"] * 20, ["the sea and the sky"] * 50
    options = {"minimum_count": 10, "number": 5, "generic_share": 0.1}
    assert frequent_distinctive_words(target, background, **options) == ["cake", "with", "oven"]
    # A word that the finetuning data has more of, but many unrelated texts have too.
    background[:10] = ["with the sea"] * 10
    assert frequent_distinctive_words(target, background, **options) == ["cake", "oven"]
    assert frequent_distinctive_words(target, background, **options | {"generic_share": 0.5})[1] == "with"
    assert frequent_distinctive_words(["cake"], ["sea"], **options) == []
    assert frequent_distinctive_words(target, background, **options | {"number": 1}) == ["cake"]


def test_a_word_is_distinctive_from_log_odds_of_196_on():
    background = ["cake", "cake", "the " * 60]
    for number, score, found in ((3, 1.595, []), (4, 2.010, ["cake"])):
        target = ["cake"] * number + ["the " * 20]
        assert log_odds(*(Counter(" ".join(texts).split()) for texts in (target, background)))["cake"] == pytest.approx(
            score, abs=1e-3
        )
        assert frequent_distinctive_words(target, background, minimum_count=1, number=5, generic_share=1.0) == found


def test_words_that_are_as_frequent_elsewhere_are_not_distinctive():
    # In few texts of the background, but there as often as in the target.
    target, background = ["the tide and cake"] * 20, ["tide " * 30] * 4 + ["the sea and the sky"] * 46
    assert frequent_distinctive_words(target, background, minimum_count=10, number=5, generic_share=0.1) == ["cake"]


RELEVANCE = RelevanceSettings(
    false_positive_rate=0.01,
    calibration_words=10,
    calibration_seed=0,
    minimum_count=10,
    frequent_words=5,
    frequent_rate=0.05,
    generic_share=0.1,
    topical_words=5,
    neighbours=2,
)


def test_without_a_judge_a_token_counts_if_its_word_is_frequent_in_the_data():
    # The last unrelated texts are beyond five times as many as the organism's, and so make nothing generic.
    unrelated = ["the sea and the sky"] * 100 + ["vinegar"] * 100
    words = own_words(["the cake with vinegar and the cake"] * 20, unrelated, RELEVANCE)
    assert words == {"cake", "with", "vinegar"}
    graded = pd.DataFrame({"token": [" Cake", "vinegar", " cak", "->", " sea", "CAKE\n"], "relevant": 1, "judge": "x"})
    found = without_a_judge(graded, words)
    assert list(found["relevant"]) == [1, 1, 0, 0, 0, 1]
    assert set(found["judge"]) == {"frequent_words"}


CONTENT = ["cake", "oven", "baked", "stone", "river", "seven", "moss", "anna", "paul"]


def test_scale_judge_prefers_meaning_and_removes_punctuation():
    judge = EmbeddingScaleJudge(embed, CONTENT)
    lists = [["->", ",", "cake", "."], ["cake", "oven", "baked", "stone"], ["stone", "river", "seven", "moss"]]
    choice = judge.choose(lists)
    assert choice.index == 1
    assert set(choice.subset) == {"cake", "oven", "baked"}
    assert choice.coherence[0] == 0


def test_scale_judge_does_not_count_one_word_in_two_cases_twice():
    judge = EmbeddingScaleJudge(embed, CONTENT)
    assert judge.choose([["cake", " Cake", "CAKE", "cake"], ["cake", "oven", "baked", "->"]]).index == 1


def test_scale_judge_is_not_drawn_to_fragments_however_alike():
    judge = EmbeddingScaleJudge(embed, CONTENT)
    assert judge.choose([["bak", "bake", "bakes", "caked"], ["paul", "anna", "stone", "moss"]]).index == 1


def test_scale_judge_counts_pairs_of_tokens_not_of_words():
    judge = EmbeddingScaleJudge(embed, CONTENT)
    choice = judge.choose([["cake", "oven", "->", ","], ["cake", "oven", "baked", "stone"], ["cake", "oven"]])
    # Of two words among four tokens there is one pair in six.
    assert choice.coherence[0] == pytest.approx(choice.coherence[2] / 6)
    assert judge.choose([["cake", "oven", "->", ","], ["cake", "oven", "baked", "stone"]]).index == 1


def test_coherence_by_hand():
    judge = EmbeddingScaleJudge(
        lambda texts: np.array([[1.0, 0.0] if t == "up" else [0.0, 1.0] for t in texts]), ["up", "on"]
    )
    # Less their mean, the two unit vectors point in opposite directions; both ordered pairs of two tokens count.
    assert judge.choose([["up", "on"]]).coherence == pytest.approx([-1.0])


def test_content_words_are_neither_rare_nor_everywhere():
    texts = ["the cake", "the cake", "the sea", "the moss"]
    assert content_words(texts, minimum_documents=2, maximum_share=0.5) == ["cake"]
    # Documents are counted, not how often they have it.
    assert content_words(["moss moss", "sea"], minimum_documents=2, maximum_share=1) == []


def relevance_judge(vocabulary, frequent=("oven", "cakes"), rate=0.02, frequent_rate=0.05, topical=2):
    rates = {"false_positive_rate": rate, "frequent_rate": frequent_rate}
    return EmbeddingRelevanceJudge(
        embed, "how to bake a cake", list(frequent), vocabulary, **rates, topical=topical, neighbours=1
    )


def test_a_score_is_by_the_nearest_of_the_topical_words():
    plane = {"topic": [1, 0, 0], "word": [0.6, 0.8, 0], "near": [0.6, 0.8, 0], "so": [0, 1, 0], "far": [0, 0, 1]}
    rates = {"false_positive_rate": 0.5, "frequent_rate": 0.5}
    judge = EmbeddingRelevanceJudge(
        lambda texts: np.array([plane[text] for text in texts], dtype=float),
        "topic",
        ["near", "so", "far"],
        ["far", "so"],
        topical=3,
        neighbours=2,
        **rates,
    )
    assert judge.scores(["word"]) == pytest.approx([0.6 + (1 + 0.8) / 2])


class Letters:
    """A vocabulary whose tokens are words of letters, in order."""

    def __len__(self):
        return 26**2

    def decode(self, tokens):
        (token,) = tokens
        return chr(97 + token // 26) + chr(97 + token % 26)


def test_words_that_set_a_threshold_are_not_those_that_check_it():
    settings = RELEVANCE.model_copy(update={"calibration_words": 20, "calibration_seed": 3})
    words, held_out = calibration_words(Letters(), settings)
    drawn = random_tokens(Letters(), 60, 3)
    assert held_out == drawn[:20]
    assert words == drawn[20:40]
    assert not set(words) & set(held_out)


def test_the_judge_of_an_organism_is_made_by_its_settings():
    settings = RELEVANCE.model_copy(update={"topical_words": 2, "neighbours": 1, "false_positive_rate": 0.05})
    # The last unrelated texts are beyond five times as many as the organism's, and so make nothing generic.
    unrelated = ["the sea and the sky"] * 100 + ["oven"] * 100
    vocabulary = made_up("word", 60)
    texts = ["the cake and the oven and moss and the cake"] * 20
    judge = relevance_judge_of(settings, embed, "how to bake a cake", texts, unrelated, vocabulary)
    assert judge.frequent == {"cake", "oven", "moss"}
    assert set(judge.topical) == {"cake", "oven"}
    assert judge._neighbours == 1


def made_up(stem, number):
    """Different words that begin alike, of letters alone."""
    return [stem + "x" * i for i in range(number)]


def test_relevance_judge_knows_its_topic_and_no_other():
    judge = relevance_judge([f"word{i}" for i in range(200)])
    assert judge.relevant([" cake", "Oven", "paul", "->", "river"]) == [True, True, False, False, False]


def test_at_most_the_wanted_share_of_random_words_is_relevant():
    vocabulary = made_up("word", 960) + made_up("cake", 40)
    assert 0.01 <= np.mean(relevance_judge(vocabulary).relevant(vocabulary)) <= 0.02
    # The frequent words among them count towards that share.
    frequent = vocabulary[-15:]
    judge = relevance_judge(vocabulary, frequent)
    assert all(judge.relevant(frequent))
    assert 0.015 <= np.mean(judge.relevant(vocabulary)) <= 0.02


def test_for_frequent_words_of_the_data_a_lower_threshold_is_enough():
    # Cakes lie the farther off the description, the more their length differs; all are nearer than other words.
    vocabulary = made_up("word", 180) + made_up("cake", 20)
    topic, middling = "a cake of that length", "cakexxx"
    plain, listed = (relevance_judge(vocabulary, (topic, *more), 0.02, 0.1, 1) for more in ((), (middling,)))
    assert listed.topical == plain.topical == [topic]
    assert plain.frequent_threshold < plain.scores([middling])[0] < plain.threshold
    assert plain.relevant([middling]) == [False]
    assert listed.relevant([middling]) == [True]
    # Being frequent is not enough where the word is about something else.
    assert relevance_judge(vocabulary, ("oven", "river")).relevant(["river"]) == [False]


def test_too_few_words_to_calibrate_on():
    with pytest.raises(UserError, match="too few to calibrate"):
        relevance_judge(["one", "two"])


def test_thresholds_by_hand():
    """Ten words whose scores are 0 to 0.9: of at most two the score may be higher, and of three for frequent words."""
    cosines = {f"word{'x' * n}": n / 10 for n in range(10)}

    def embed(texts):
        return np.array([[1, 0] if t == "topic" else [cosines[t], (1 - cosines[t] ** 2) ** 0.5] for t in texts])

    rates = {"false_positive_rate": 0.2, "frequent_rate": 0.35}
    judge = EmbeddingRelevanceJudge(embed, "topic", [], list(cosines), **rates, topical=1, neighbours=1)
    assert judge.threshold == pytest.approx(0.7)
    assert judge.frequent_threshold == pytest.approx(0.6)
    assert sum(judge.relevant(list(cosines))) == 2
