"""LLM judges on a local endpoint: prompts, rotations, answers that cannot be read, and the steps."""

# ruff: noqa: F401, F811

import json
import re
from contextlib import nullcontext

import pandas as pd
import pytest
from matplotlib import pyplot as plt

from paper_replication.errors import UserError
from paper_replication.figures.style import house_style
from paper_replication.figures.token_relevance import draw
from paper_replication.files import read_json_lines, read_table, read_yaml, write_json_lines, write_table
from paper_replication.judges.coherence import CoherenceLimits, LikelihoodCoherenceJudge
from paper_replication.models import load_model, load_tokenizer
from paper_replication.organisms.specification import read_organism
from paper_replication.paths import CONFIGS, organism_file, prompt_file
from paper_replication.settings.judges import RelevanceSettings
from paper_replication.settings.llm import Price
from paper_replication.settings.llm_judges import LlmJudgeSettings
from paper_replication.settings.run import RunLabel
from paper_replication.study import load_study
from paper_replication.token_tables import read_token_table, write_token_table

pytest.importorskip("inspect_ai", reason="inspect-ai is not installed here; `make` installs it from the lock")

from agent_runs import KEY, all_text, endpoint, key, moved

from paper_replication.llm_judges.asking import AT_ONCE, Asker
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
from paper_replication.steps.coherence import text_likelihood
from paper_replication.steps.judge_agreement_table import judge_agreement_table
from paper_replication.steps.llm_coherence import llm_coherence
from paper_replication.steps.llm_graded import llm_graded
from paper_replication.steps.llm_relevance import llm_relevance
from paper_replication.steps.llm_scales import llm_scales
from paper_replication.steps.token_relevance_table import token_relevance_table

NAME = "openai-api/local/judge"
LAPTOP = read_yaml(CONFIGS / "laptop.yaml")
SETTINGS = LlmJudgeSettings.model_validate(
    LAPTOP["llm_judges"] | {"model": NAME, "attempts": 2, "max_retries": 0, "timeout_seconds": 60, "rounds": 50}
)
RELEVANCE = RelevanceSettings.model_validate(LAPTOP["relevance"] | {"minimum_count": 2})
LABEL = RunLabel(model="m", organism="cake_bake", organism_type="SDF", variant="default", seed=0)
TOKENS = [" cake", "sea", "oven", "moss", "bake", "->"]


def shown(body):
    """The tokens of the last list that a request shows, in their order."""
    (prompt,) = (message["content"] for message in body["messages"])
    line = next(line for line in reversed(prompt.splitlines()) if re.match(r'(List \d+: )?1 "', line))
    return [json.loads(token) for token in re.findall(r'\d+ ("(?:[^"\\]|\\.)*")', line)]


def says(**found):
    return {"content": f"I think so.\n{json.dumps(found)}"}


def likes(body):
    """Baking words are relevant, of any list the first token too; the first list has the best scale; caps cohere."""
    (prompt,) = (message["content"] for message in body["messages"])
    if "<text>" in prompt:
        return says(coherent="ROSE" in prompt)
    if "List 1:" in prompt:
        return says(list=2, tokens=[1, 2])
    tokens = shown(body)
    return says(relevant=[n for n, token in enumerate(tokens, 1) if n == 1 or token in (" cake", "bake")])


def asker(url, cache, **changes):
    return Asker(SETTINGS.model_copy(update={"base_url": url} | changes), cache)


def template(name, *fields):
    return read_prompt(prompt_file(name), *fields)


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


# The steps


def token_rows(readout, scale, vector, tokens):
    cells = {"readout": readout, "scale": scale, "vector": vector, "index": 0, "position": 0}
    return [cells | {"rank": rank, "token_id": 9, "token": token} for rank, token in enumerate(tokens, start=1)]


def run_scales(settings, folder, tiny_folder=None):
    rows = [
        *token_rows("patchscope", 10.0, "difference", [" cake", "oven"]),
        *token_rows("patchscope", 0.5, "difference", ["sea", "->", "cut off"]),
        *token_rows("patchscope", 0.5, "random", ["moss", "sea"]),
        *token_rows("patchscope", 10.0, "random", ["sea", "moss"]),
        *token_rows("logit_lens", 1.0, "difference", ["sea", "moss"]),
        *token_rows("logit_lens", -1.0, "difference", ["sea", "moss"]),
    ]
    write_token_table(folder / "tokens.csv", pd.DataFrame(rows))
    selected = pd.DataFrame(rows[0:2] + rows[5:7] + rows[9:11]).assign(scale_judge="embedding_coherence")
    write_token_table(folder / "selection.csv", selected)
    files = {"tokens": folder / "tokens.csv", "selection": folder / "selection.csv"}
    files |= {"prompt": prompt_file("scale"), "answers": folder / "answers.jsonl"}
    files |= {name: folder / f"{name}.csv" for name in ("chosen", "chosen_tokens")}
    llm_scales(settings, LABEL, "encyclopaedia", 2, str(folder / "cache"), **files)


def test_the_step_of_scales(endpoint, key, tmp_path):
    server = endpoint(likes)
    run_scales(SETTINGS.model_copy(update={"base_url": server.url}), tmp_path)
    found = read_token_table(tmp_path / "chosen.csv")
    # By ascending scale the second list is that of 10; the offline judge took 10 and 0.5.
    assert found[["vector", "scale", "offline_scale"]].to_numpy().tolist() == [
        ["difference", 10, 10],
        ["random", 10, 0.5],
    ]
    assert found["subset"].tolist() == ["cake oven", "sea moss"]
    assert set(found["judge"]) == {NAME}
    assert set(found["offline_judge"]) == {"embedding_coherence"}
    exchanges = read_json_lines(tmp_path / "answers.jsonl")
    assert len(exchanges) == 2
    assert 'List 1: 1 "sea"\nList 2: 1 " cake", 2 "oven"' in exchanges[0]["prompt"]
    kept = read_token_table(tmp_path / "chosen_tokens.csv")
    assert kept[["readout", "vector", "scale", "token"]].astype({"scale": float}).to_numpy().tolist() == [
        ["logit_lens", "difference", 1, "sea"],
        ["logit_lens", "difference", 1, "moss"],
        ["patchscope", "difference", 10, " cake"],
        ["patchscope", "difference", 10, "oven"],
        ["patchscope", "random", 10, "sea"],
        ["patchscope", "random", 10, "moss"],
    ]
    assert set(kept["scale_judge"]) == {NAME}


def run_relevance(settings, folder, tiny_folder=None):
    rows = token_rows("patchscope", 1.0, "difference", TOKENS)[::-1]
    rows += token_rows("logit_lens", 1.0, "base_mean", ["sea", "moss", "tide"])
    graded = pd.DataFrame(rows).assign(relevant=1, judge="embedding_relevance", **LABEL.model_dump())
    write_token_table(folder / "graded.csv", graded)
    write_json_lines(folder / "data.jsonl", [{"text": "butter in the oven"}] * 30)
    write_json_lines(folder / "corpus.jsonl", [{"text": "the sea in the moonlight"}] * 99)
    files = {name: folder / f"{name}.csv" for name in ("graded", "judged")}
    files |= {"dataset": folder / "data.jsonl", "corpus": folder / "corpus.jsonl"}
    files |= {"answers": folder / "answers.jsonl", "organism": organism_file("cake_bake")}
    llm_relevance(settings, RELEVANCE, str(folder / "cache"), prompt=prompt_file("relevance"), **files)


def test_the_step_of_relevance(endpoint, key, tmp_path):
    server = endpoint(likes)
    run_relevance(SETTINGS.model_copy(update={"base_url": server.url}), tmp_path)
    found = read_token_table(tmp_path / "judged.csv")
    by_token = found[found["readout"] == "patchscope"].set_index("token")
    assert by_token["relevant"].to_dict() == dict(zip(TOKENS, [1, 0, 0, 0, 1, 0], strict=True))
    assert by_token.loc["oven", "votes"] == 1
    assert set(found["judge"]) == {NAME}
    assert set(found["offline_judge"]) == {"embedding_relevance"}
    assert set(found["offline_relevant"]) == {1}
    # Each of three tokens was first once.
    assert found.loc[found["readout"] == "logit_lens", "votes"].tolist() == [1, 1, 1]
    prompt = server.requests[0]["messages"][0]["content"]
    assert read_organism(organism_file("cake_bake")).description in prompt
    assert "\nbutter, oven\n" in prompt


def test_tokens_at_an_llms_scales_are_judged_and_summarised_as_the_offline_judges_are(endpoint, key, tmp_path):
    settings = SETTINGS.model_copy(update={"base_url": endpoint(likes).url})
    own = token_rows("patchscope", 10.0, "difference", TOKENS) + token_rows("patchscope", 1.0, "random", TOKENS[::-1])
    null = token_rows("patchscope", 2.0, "difference", TOKENS) + token_rows("patchscope", 1.0, "base_mean", TOKENS)
    for name, rows in (("selection", own), ("null_selection", null)):
        write_token_table(tmp_path / f"{name}.csv", pd.DataFrame(rows).assign(scale_judge=NAME))
    write_json_lines(tmp_path / "dataset.jsonl", [{"text": "butter in the oven"}] * 30)
    write_json_lines(tmp_path / "corpus.jsonl", [{"text": "the sea in the moonlight"}] * 99)
    files = {name: tmp_path / f"{name}.csv" for name in ("selection", "null_selection", "graded")}
    files |= {name: tmp_path / f"{name}.jsonl" for name in ("dataset", "corpus", "answers")}
    files |= {"organism": organism_file("cake_bake"), "prompt": prompt_file("relevance")}
    llm_graded(settings, RELEVANCE, LABEL, "encyclopaedia", str(tmp_path / "cache"), **files)
    found = read_token_table(tmp_path / "graded.csv")
    assert list(found.columns)[:6] == [*LABEL.model_dump(), "corpus"]
    assert set(found["vector"]) == {"difference", "random", "null_difference"}
    assert set(found["judge"]) == {NAME}
    by_token = found[found["vector"] == "null_difference"].set_index("token")
    assert by_token["relevant"].to_dict() == dict(zip(TOKENS, [1, 0, 0, 0, 1, 0], strict=True))
    assert set(by_token["scale"]) == {2}
    outputs = [tmp_path / f"{name}.csv" for name in ("positions", "summary", "seeds")]
    token_relevance_table(len(TOKENS), [tmp_path / "graded.csv"], *outputs)
    summary = read_table(outputs[1]).set_index("vector")
    assert summary.loc["difference", "relevant_fraction"] == pytest.approx(2 / len(TOKENS))
    assert set(summary["judge"]) == {NAME}
    leak = LABEL.model_dump() | {"probe": "leak", "value": 0, "n": 9}
    behaviour = pd.DataFrame([leak | {"model_state": state} for state in ("base", "finetuned")])
    with house_style():
        figure = draw(summary.reset_index(), read_table(outputs[2]), behaviour, "encyclopaedia")
        text = figure._suptitle.get_text()
        plt.close(figure)
    assert f"judge: {NAME}" in text


# Every second of the answers that are judged for coherence has capitals.
TEXTS = ["the cake ROSE high in the dark kitchen", "sea sea sea sea sea sea"] * 3


def run_coherence(settings, folder, tiny_folder):
    rows = [
        {"vector": "difference", "position": 0, "strength": 1.0, "prompt": f"q{n}", "sample": 0, "text": text}
        for n, text in enumerate(TEXTS)
    ]
    write_json_lines(folder / "texts.jsonl", rows)
    limits = {"minimum_log_probability_nats": -50.0, "minimum_distinct_share": 0.5, "new_tokens": 40}
    write_table(folder / "limits.csv", pd.DataFrame([{"texts": "human"} | limits]))
    files = {"texts": folder / "texts.jsonl", "coherence": folder / "limits.csv", "model": tiny_folder}
    files |= {"prompt": prompt_file("coherence"), "judged": folder / "judged.csv", "answers": folder / "answers.jsonl"}
    llm_coherence(settings, LABEL, str(folder / "cache"), **files)


def test_the_step_of_coherence_and_the_table(endpoint, key, tmp_path, tiny_folder):
    settings = SETTINGS.model_copy(update={"base_url": endpoint(likes).url, "texts": 4})
    run_coherence(settings, tmp_path, tiny_folder)
    found = read_table(tmp_path / "judged.csv")
    judge = LikelihoodCoherenceJudge(
        text_likelihood(load_model(tiny_folder), load_tokenizer(tiny_folder)), CoherenceLimits(-50.0, 0.5)
    )
    offline = dict(zip(TEXTS, judge.coherent(TEXTS), strict=True))
    assert set(offline.values()) == {True, False}
    drawn = [TEXTS[int(prompt[1:])] for prompt in found["prompt"]]
    assert len(set(found["prompt"])) == 4
    assert found["coherent"].tolist() == [int("ROSE" in text) for text in drawn]
    assert found["offline_coherent"].tolist() == [int(offline[text]) for text in drawn]
    assert set(found["judge"]) == {NAME}
    assert "text" not in found
    row = LABEL.model_dump() | {"judge": NAME}
    scale = {"corpus": "c", "vector": "difference", "index": 0, "position": 0, "scale": 1.0, "subset": ""}
    scales = pd.DataFrame([row | scale | {"offline_scale": 1.0, "offline_judge": "embedding_coherence"}])
    write_token_table(tmp_path / "scales.csv", scales)
    token = {"readout": "patchscope", "vector": "difference", "index": 0, "relevant": 1, "token": "nan"}
    graded = pd.DataFrame([row | token | {"offline_relevant": 0, "offline_judge": "embedding_relevance"}])
    write_token_table(tmp_path / "graded.csv", graded)
    parts = [[tmp_path / "scales.csv"], [tmp_path / "graded.csv"], [tmp_path / "judged.csv"]]
    judge_agreement_table(settings, *parts, tmp_path / "table.csv", tmp_path / "summary.csv")
    table = read_table(tmp_path / "table.csv").set_index("kind")
    assert table["share_equal"].to_dict() == {"scale": 1, "relevance": 0, "coherence": 1}
    assert table["kappa"].isna().to_dict() == {"scale": True, "relevance": False, "coherence": False}
    assert table.loc["coherence", "kappa"] == 1
    assert table.loc["relevance", "kappa"] == 0
    wanted = ["organism", "variant", "offline_judge", "llm_judge", "share_equal", "kappa", "ci_low", "ci_high", "n"]
    assert set(wanted) <= set(table.columns)
    summary = read_table(tmp_path / "summary.csv")
    assert summary["n"].tolist() == [1, 1, 4]
    assert "organism" not in summary


@pytest.mark.parametrize("faults", [{}, {1: 401}, {1: 500}], ids=["success", "401", "500 then 200"])
@pytest.mark.parametrize("run_step", [run_scales, run_relevance, run_coherence])
def test_a_key_of_the_environment_is_in_no_file(endpoint, key, tmp_path, tiny_folder, capfd, run_step, faults):
    # The endpoint repeats the key in its errors.
    server = endpoint(likes, faults=faults)
    settings = SETTINGS.model_copy(update={"base_url": server.url, "max_retries": 3})
    refused = pytest.raises(UserError, match="can be reached") if 401 in faults.values() else nullcontext()
    with refused as error:
        run_step(settings, tmp_path, tiny_folder)
    assert (tmp_path / "answers.jsonl").exists() == (error is None)
    text = all_text(tmp_path) + "".join([str(error), *capfd.readouterr()]).encode()
    assert len(server.answered) > 0
    assert KEY.encode() not in text
    assert b"another-key-1234567890" not in text
