"""LLM judges on a local endpoint: prompts, rotations, and answers that cannot be read."""

# ruff: noqa: F401, F811

import pytest

from paper_replication.errors import UserError
from paper_replication.paths import prompt_file
from paper_replication.settings.llm import Price
from paper_replication.settings.llm_judges import LlmJudgeSettings
from paper_replication.study import load_study

pytest.importorskip("inspect_ai", reason="inspect-ai is not installed here; `make` installs it from the lock")

from agent_runs import KEY, all_text, endpoint, key, moved
from llm_judge_samples import LAPTOP, NAME, SETTINGS, TOKENS, asker, likes, says, shown, template

from paper_replication.llm_judges.asking import AGAIN, AT_ONCE
from paper_replication.llm_judges.judges import LlmCoherenceJudge, LlmRelevanceJudge, LlmScaleJudge, rotated
from paper_replication.llm_judges.prompts import (
    numbered,
    parse_coherent,
    parse_relevant,
    parse_scale,
    read_prompt,
    relevance_prompt,
    scale_prompt,
)
from paper_replication.llm_judges.runs import llm_judged, llm_results

# Prompts


def test_prompts_render_exactly():
    assert numbered([" cake", 'a"b', "\n"]) == '1 " cake", 2 "a\\"b", 3 "\\n"'
    text = prompt_file("scale").read_text()
    lists = 'List 1: 1 " cake", 2 "oven"\nList 2: (nothing but punctuation)'
    assert scale_prompt(template("scale", "lists"), [[" cake", "oven"], []]) == text.replace("$lists", lists)
    text = prompt_file("relevance").read_text()
    expected = text.replace("$description", "about $cakes").replace("$frequent", "oven, butter")
    expected = expected.replace("$tokens", '1 "sea"')
    found = template("relevance", "description", "frequent", "tokens")
    assert relevance_prompt(found, "about $cakes", ["oven", "butter"], ["sea"]) == expected
    assert "(none)" in relevance_prompt(found, "about cakes", [], ["sea"])


@pytest.mark.parametrize("content", ["Nothing to fill in.", "$text and $more", "$text costs 5 $ or so", None])
def test_a_prompt_that_fills_in_something_else_is_an_error(tmp_path, content):
    if content:
        (tmp_path / "prompt.txt").write_text(content)
    with pytest.raises(UserError, match=r"fill in exactly \$text|cannot be read"):
        read_prompt(tmp_path / "prompt.txt", "text")


# Answers


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ('Why.\n{"relevant": [3, 1]}', [True, False, True]),
        ('{"relevant": []}\n\n', [False, False, False]),
        ('{"relevant": [4]}', None),
        ('{"relevant": [0]}', None),
        ('{"relevant": [1, 1]}', None),
        ('{"relevant": [true]}', None),
        ('{"relevant": "1"}', None),
        ('{"relevant": [1], "why": "so"}', None),
        ('```json\n{"relevant": [2]}\n```', [False, True, False]),
        ('Why.\n```\n{"relevant": []}\n``` \n', [False, False, False]),
        ('{"relevant": [1]}\nThat is all.', None),
        ('Why.\n```json\n{\n  "relevant": [\n    1,\n    3\n  ]\n}\n```', [True, False, True]),
        ('{"relevant": [1]}\n{"relevant": [2]}', [False, True, False]),
        ('{"relevant": [1', None),
        ('{"relevant": [' + 5000 * "1", None),
        ('{"relevant": ' + 100_000 * "[", None),
        ("```", None),
        ("[1]", None),
        ("", None),
    ],
)
def test_reading_which_tokens_are_relevant(answer, found):
    assert parse_relevant(answer, 3) == found


def test_reading_a_scale_and_coherence():
    lists = [["sea"], ["cake", "oven", "moss"]]
    assert parse_scale('{"list": 2, "tokens": [1, 2]}', lists) == (1, ["cake", "oven"])
    assert parse_scale('{"list": 1, "tokens": []}', lists) == (0, [])
    for wrong in ('{"list": 1, "tokens": [2]}', '{"list": 3, "tokens": []}', '{"list": 1}', "List 1"):
        assert parse_scale(wrong, lists) is None
    assert parse_coherent('So.\n{"coherent": true}') is True
    assert parse_coherent('{"coherent": false}') is False
    assert parse_coherent('{"coherent": "yes"}') is None
    assert parse_coherent("true") is None


def test_rotations_are_undone():
    assert rotated([1, 2, 3, 4], 1) == [2, 3, 4, 1]
    assert rotated(rotated([1, 2, 3, 4], 3), -3) == [1, 2, 3, 4]
    assert rotated([], 2) == []


# The judges


def test_a_token_is_relevant_only_if_all_rotations_agree(endpoint, key, tmp_path):
    server = endpoint(likes)
    with asker(server.url, tmp_path) as asks:
        judge = LlmRelevanceJudge(
            asks, template("relevance", "description", "frequent", "tokens"), "cakes", ["oven"], 3
        )
        assert judge.name == NAME
        assert judge.votes([TOKENS, ["moss", " cake"]]) == [[3, 0, 1, 0, 3, 0], [2, 3]]
        assert judge.relevant(TOKENS) == [True, False, False, False, True, False]
    # Three orders of the first list; of two tokens one order comes twice, and is asked twice. The last were cached.
    turns = [TOKENS, TOKENS[2:] + TOKENS[:2], TOKENS[4:] + TOKENS[:4]]
    assert sorted(shown(body) for body in server.requests if len(shown(body)) == 6) == sorted(turns)
    assert len(server.requests) == 6
    assert [exchange["rotation"] for exchange in asks.exchanges] == [0, 1, 2] * 3


def test_the_scale_judge_sees_no_punctuation(endpoint, key, tmp_path):
    server = endpoint(likes)
    with asker(server.url, tmp_path) as asks:
        judge = LlmScaleJudge(asks, template("scale", "lists"))
        choice = judge.choose([["sea", "->"], ["...", " cake", "oven", "moss"], ["->"]])
    assert (choice.index, choice.coherence, choice.subset) == (1, [0.0, 1.0, 0.0], [" cake", "oven"])
    assert "->" not in server.requests[0]["messages"][0]["content"]


def test_empty_texts_are_not_coherent_and_no_text_is_asked_about_twice(endpoint, key, tmp_path):
    server = endpoint(likes)
    with asker(server.url, tmp_path) as asks:
        judge = LlmCoherenceJudge(asks, template("coherence", "text"))
        assert judge.coherent(["The cake ROSE.", " ", "sea sea", "The cake ROSE."]) == [True, False, False, True]
        assert judge.coherent([""]) == [False]
    assert len(server.requests) == 2


def test_an_answer_that_cannot_be_read_is_asked_for_again_and_then_an_error(endpoint, key, tmp_path):
    server = endpoint(lambda body: says(coherent=True) if len(server.requests) % 2 == 0 else {"content": "Yes!"})
    with asker(server.url, tmp_path / "a") as asks:
        judge = LlmCoherenceJudge(asks, template("coherence", "text"))
        assert judge.coherent(["The cake rose."]) == [True]
    assert [exchange["answer"][:4] for exchange in asks.exchanges] == ["Yes!", "I th"]
    # An LLM that answers the same to the same, as at temperature 0, is asked otherwise.
    first, second = (exchange["prompt"] for exchange in asks.exchanges)
    assert second == first + AGAIN
    assert [body["messages"][-1]["content"] for body in server.requests] == [first, second]
    with asker(server.url, tmp_path / "a") as asks:
        assert LlmCoherenceJudge(asks, template("coherence", "text")).coherent(["The cake rose."]) == [True]
    assert len(server.requests) == 2
    never = endpoint(lambda body: {"content": "Yes!"})
    with asker(never.url, tmp_path / "b") as asks, pytest.raises(UserError, match=r"in 2 attempts.*'Yes!'"):
        LlmCoherenceJudge(asks, template("coherence", "text")).coherent(["The cake rose."])
    assert len(never.requests) == 2


def test_one_failure_leaves_the_other_questions_their_answers(endpoint, key, tmp_path):
    first = endpoint(likes, faults={2: 401})
    texts = [f"text {n} ROSE" for n in range(6)]
    with asker(first.url, tmp_path) as asks, pytest.raises(UserError, match="not asked for again"):
        LlmCoherenceJudge(asks, template("coherence", "text")).coherent(texts)
    assert len(first.answered) == 5
    first.stop()
    second = endpoint(likes, port=first.port)
    with asker(second.url, tmp_path) as asks:
        assert LlmCoherenceJudge(asks, template("coherence", "text")).coherent(texts) == [True] * 6
    assert second.requests == [body for body in first.requests if body not in first.answered]


def test_an_answer_that_cannot_be_read_does_not_keep_the_others_from_being_asked(endpoint, key, tmp_path):
    server = endpoint(lambda body: {"content": "Yes!"} if "text 0 " in str(body) else likes(body))
    texts = [f"text {n} ROSE" for n in range(2 * AT_ONCE)]
    with asker(server.url, tmp_path) as asks, pytest.raises(UserError, match="no answer that can be read"):
        LlmCoherenceJudge(asks, template("coherence", "text")).coherent(texts)
    assert len(server.requests) == SETTINGS.attempts + len(texts) - 1


def test_what_waits_is_not_asked_of_an_endpoint_that_refuses(endpoint, key, tmp_path):
    server = endpoint(likes, status=401)
    with asker(server.url, tmp_path) as asks, pytest.raises(UserError, match="see that"):
        LlmCoherenceJudge(asks, template("coherence", "text")).coherent([f"text {n}" for n in range(5 * AT_ONCE)])
    assert len(server.requests) < 3 * AT_ONCE


def test_answers_have_tokens_and_where_there_is_a_price_a_cost(endpoint, key, tmp_path):
    server = endpoint(likes)
    prices = {NAME: Price(input=2.0, output=10.0)}
    for changes, cost in (({}, None), ({"prices": prices}, pytest.approx(0.0003))):
        with asker(server.url, tmp_path, **changes) as asks:
            LlmCoherenceJudge(asks, template("coherence", "text")).coherent(["The cake ROSE."])
        (exchange,) = asks.exchanges
        assert (exchange["input_tokens"], exchange["output_tokens"], exchange["cost_usd"]) == (100, 10, cost)


def test_where_an_endpoint_tells_no_tokens_they_are_not_known(endpoint, key, tmp_path, monkeypatch):
    monkeypatch.setattr("paper_replication.llm_judges.asking.tokens_and_cost", lambda usages, price: {"told": usages})
    told = []
    for usage in ({"prompt_tokens": 7, "completion_tokens": 1, "total_tokens": 8}, None):
        with asker(endpoint(likes, usage=usage).url, tmp_path) as asks:
            LlmCoherenceJudge(asks, template("coherence", "text")).coherent(["The cake ROSE."])
        told.append(asks.exchanges[0]["told"])
    assert (told[0][0].input_tokens, told[1]) == (7, [None])


def test_an_answer_that_no_file_can_hold_is_asked_for_again_by_the_next_run(endpoint, key, tmp_path):
    broken = endpoint(lambda body: {"content": 'Half: \ud800\n{"coherent": true}'})
    with asker(broken.url, tmp_path) as asks, pytest.raises(UserError, match=r"half of a.*was in them: 1\."):
        LlmCoherenceJudge(asks, template("coherence", "text")).coherent(["The cake rose."])
    with asker(endpoint(likes, port=moved(broken)).url, tmp_path) as asks:
        assert LlmCoherenceJudge(asks, template("coherence", "text")).coherent(["The cake rose."]) == [False]


def test_an_endpoint_that_refuses_or_sends_a_key(endpoint, key, tmp_path):
    judged = "The cake rose."
    refusing, leaking = endpoint(likes, status=401), endpoint(lambda body: {"content": f"The key is {KEY}"})
    with (
        asker(refusing.url, tmp_path) as asks,
        pytest.raises(UserError, match="at the same address") as error,
    ):
        LlmCoherenceJudge(asks, template("coherence", "text")).coherent([judged])
    assert KEY not in str(error.value)
    with asker(leaking.url, tmp_path) as asks, pytest.raises(UserError, match="has a key of the environment") as error:
        LlmCoherenceJudge(asks, template("coherence", "text")).coherent([judged])
    # Inspect has cached the answer; what is left would be found by every further run.
    assert "Answers deleted" in str(error.value)
    assert KEY.encode() not in all_text(tmp_path)
    honest = endpoint(likes, port=moved(leaking))
    with asker(honest.url, tmp_path) as asks:
        assert LlmCoherenceJudge(asks, template("coherence", "text")).coherent([judged]) == [False]


# The config and the wiring


def test_without_an_llm_the_target_says_what_to_set():
    study = load_study(LAPTOP, "laptop.yaml")
    for wanted in (llm_results, lambda study: llm_judged(study, "scales.csv")):
        with pytest.raises(UserError, match=r"llm_judges\.model is 'none'.*Name one there"):
            wanted(study)
    with pytest.raises(UserError, match=r"llm_judges\.base_url: .*no user, password") as error:
        LlmJudgeSettings.model_validate(LAPTOP["llm_judges"] | {"base_url": "http://me:secret@localhost"})
    assert "secret" not in str(error.value)


def test_with_an_llm_what_was_graded_offline_is_graded():
    study = load_study(LAPTOP | {"llm_judges": SETTINGS.model_dump()}, "laptop.yaml")
    names = {path.split("/")[-1] for path in llm_results(study)}
    assert names >= {"judge_agreement.csv", "judge_agreement_summary.csv", "token_relevance_llm.csv"}
    assert "token_relevance_llm_types.csv" in names
    assert names >= {"token_relevance_llm.pdf", "token_relevance_llm.png", "token_relevance_llm_summary.csv"}
    chosen, graded, coherent = (llm_judged(study, f"{name}.csv") for name in ("scales", "graded", "coherence"))
    assert len(chosen) == len(study.labels())
    assert len(coherent) == len(study.steered_labels()) == len(graded)
    assert "data/laptop/smollm2_135m_instruct/gold/default-seed0/llm_judges/graded.csv" in graded
    assert not any("null" in path for path in graded + coherent)
    assert llm_judged(study, "relevance.csv") == [path.replace("graded", "relevance") for path in graded]
