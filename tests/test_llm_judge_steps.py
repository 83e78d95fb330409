"""The steps of LLM judges on a local endpoint: scales, relevance, coherence, their table, and no key in any file."""

# ruff: noqa: F401, F811

from contextlib import nullcontext

import pandas as pd
import pytest
from matplotlib import pyplot as plt

from paper_replication.errors import UserError
from paper_replication.figures.style import house_style
from paper_replication.figures.token_relevance import draw
from paper_replication.files import read_json_lines, read_table, write_json_lines, write_table
from paper_replication.judges.coherence import CoherenceLimits, LikelihoodCoherenceJudge
from paper_replication.models import load_model, load_tokenizer
from paper_replication.organisms.specification import read_organism
from paper_replication.paths import organism_file, prompt_file
from paper_replication.token_tables import read_token_table, write_token_table

pytest.importorskip("inspect_ai", reason="inspect-ai is not installed here; `make` installs it from the lock")

from agent_runs import KEY, all_text, endpoint, key
from llm_judge_samples import LABEL, NAME, RELEVANCE, SETTINGS, TOKENS, likes

from paper_replication.steps.coherence import text_likelihood
from paper_replication.steps.judge_agreement_table import judge_agreement_table
from paper_replication.steps.llm_coherence import llm_coherence
from paper_replication.steps.llm_graded import llm_graded
from paper_replication.steps.llm_relevance import llm_relevance
from paper_replication.steps.llm_scales import llm_scales
from paper_replication.steps.token_relevance_table import token_relevance_table


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
