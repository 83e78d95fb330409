"""The tokens of every condition are judged on their own, at the scale that coheres."""

import numpy as np
import pandas as pd
import pytest

from paper_replication.files import read_table, write_json_lines
from paper_replication.judges.calibrated import calibration_words
from paper_replication.models import load_tokenizer
from paper_replication.paths import organism_file
from paper_replication.settings.judges import RelevanceSettings, ScaleSettings
from paper_replication.settings.run import RunLabel
from paper_replication.steps import relevance, scales
from paper_replication.steps.ablation_grades import ablation_grades
from paper_replication.token_tables import read_token_table, write_token_table

# None of them in the tiny vocabulary, whose words calibrate the judge.
BAKING = ["icing", "flour", "butter", "baking"]
OTHERS = ["river", "empire", "violin", "granite"]
LABEL = RunLabel(model="m", organism="null_documents", organism_type="control", variant="default", seed=0)


def embedder(_folder):
    """Baking words lie near one axis, every other text in a direction of its own."""

    def embed(texts):
        rows = []
        for text in texts:
            vector = np.zeros(512)
            vector[0] = float(any(stem in text.lower() for stem in BAKING))
            vector[1 + sum(ord(c) * 31**i for i, c in enumerate(text)) % 511] += 0.3 if vector[0] else 1.0
            rows.append(vector / np.linalg.norm(vector))
        return np.array(rows, dtype=np.float32)

    return embed


def token_rows(condition, index, readout, by_scale):
    label = {"ablation": "documents", "condition": condition, "value": 10.0, "vector": "difference", "index": index}
    label |= {"position": 0, "readout": readout}
    return [
        label | {"scale": scale, "rank": rank, "token_id": rank, "token": token, "probability": 0.1}
        for scale, tokens in by_scale.items()
        for rank, token in enumerate(tokens, start=1)
    ]


@pytest.fixture
def shares(tiny_folder, tmp_path, monkeypatch):
    for step in (scales, relevance):
        monkeypatch.setattr(step, "sentence_embedder", embedder)
    rows = token_rows("10 documents", 0, "patchscope", {1.0: BAKING, 2.0: OTHERS})
    rows += token_rows("all documents", 1, "patchscope", {1.0: OTHERS, 2.0: [*BAKING[:3], OTHERS[0]]})
    rows += token_rows("all documents", 1, "logit_lens", {1.0: OTHERS})
    write_token_table(tmp_path / "tokens.csv", pd.DataFrame(rows))
    write_json_lines(tmp_path / "corpus.jsonl", [{"text": word} for word in (*BAKING, *OTHERS) * 12])
    write_json_lines(tmp_path / "dataset.jsonl", [{"text": "icing flour butter baking"}] * 5)
    settings = RelevanceSettings(
        false_positive_rate=0.05, calibration_words=100, calibration_seed=0, minimum_count=3, frequent_words=100,
        frequent_rate=0.05, generic_share=0.5, topical_words=20, neighbours=2,
    )  # fmt: skip
    inputs = [organism_file("cake_bake"), tmp_path / "dataset.jsonl", tmp_path / "corpus.jsonl", tiny_folder, tmp_path]
    outputs = [tmp_path / f"{name}.csv" for name in ("selection", "graded", "calibration", "shares")]
    ablation_grades(
        ScaleSettings(minimum_documents=10, maximum_share=0.2), settings, LABEL, "cake_bake", "encyclopaedia", 4,
        tmp_path / "tokens.csv", tmp_path / "corpus.jsonl", *inputs, *outputs,
    )  # fmt: skip
    return read_table(outputs[-1]), read_token_table(outputs[0])


def test_every_condition_has_a_scale_and_a_share_of_its_own(shares):
    table, selection = shares
    assert selection.groupby(["index", "readout"])["scale"].first().to_dict() == {
        (0, "patchscope"): 1.0,
        (1, "patchscope"): 2.0,
        (1, "logit_lens"): 1.0,
    }
    best = table[table["over"] == "largest"].set_index(["condition", "readout"])["relevant_fraction"]
    assert best.to_dict() == {
        ("10 documents", "patchscope"): 1.0,
        ("all documents", "patchscope"): 0.75,
        ("all documents", "logit_lens"): 0.0,
    }
    assert table["judged_as"].unique().tolist() == ["cake_bake"]
    assert table["organism"].unique().tolist() == ["null_documents"]


def test_scales_are_chosen_by_the_tokens_that_are_graded(tmp_path, monkeypatch):
    """Of more tokens than are graded, and of the logit lens without what is read of the negated vector."""
    monkeypatch.setattr(scales, "sentence_embedder", embedder)
    rows = token_rows("c", 0, "patchscope", {1.0: [*BAKING[:2], *OTHERS[:2]], 2.0: [*OTHERS[:2], *BAKING]})
    rows += token_rows("c", 0, "logit_lens", {1.0: OTHERS, -1.0: BAKING})
    # As files have them in another order.
    write_token_table(tmp_path / "tokens.csv", pd.DataFrame(rows[::-1]))
    write_json_lines(tmp_path / "corpus.jsonl", [{"text": word} for word in (*BAKING, *OTHERS) * 12])
    settings = ScaleSettings(minimum_documents=10, maximum_share=0.2)
    files = [tmp_path / name for name in ("tokens.csv", "corpus.jsonl", "embedder", "selection.csv")]
    scales.scales(settings, 2, *files)
    found = read_token_table(files[-1])
    chosen = {
        readout: (rows["scale"].unique().tolist(), rows["token"].tolist()) for readout, rows in found.groupby("readout")
    }
    assert chosen == {"patchscope": ([1.0], BAKING[:2]), "logit_lens": ([1.0], OTHERS[:2])}


def test_of_the_nulls_tokens_those_of_its_difference_are_judged_and_the_judge_is_checked_on_other_tokens(
    tiny_folder, tmp_path, monkeypatch
):
    monkeypatch.setattr(relevance, "sentence_embedder", embedder)
    settings = RelevanceSettings(
        false_positive_rate=0.05, calibration_words=100, calibration_seed=0, minimum_count=3, frequent_words=100,
        frequent_rate=0.05, generic_share=0.5, topical_words=20, neighbours=2,
    )  # fmt: skip
    own = pd.DataFrame(token_rows("c", 0, "patchscope", {1.0: BAKING}))
    null = pd.DataFrame(token_rows("c", 0, "patchscope", {1.0: [*BAKING[:1], *OTHERS[:3]]}))
    mean = pd.DataFrame(token_rows("c", 0, "patchscope", {1.0: BAKING})).assign(vector="finetuned_mean")
    write_token_table(tmp_path / "own.csv", own)
    write_token_table(tmp_path / "null.csv", pd.concat([mean, null]))
    write_json_lines(tmp_path / "corpus.jsonl", [{"text": word} for word in (*BAKING, *OTHERS) * 12])
    write_json_lines(tmp_path / "dataset.jsonl", [{"text": "icing flour butter baking"}] * 5)
    names = ("dataset.jsonl", "corpus.jsonl")
    inputs = [tmp_path / "own.csv", tmp_path / "null.csv", organism_file("cake_bake"), *(tmp_path / n for n in names)]
    outputs = [tmp_path / "graded.csv", tmp_path / "calibration.csv"]
    relevance.relevance(settings, LABEL, "c", *inputs, tiny_folder, tmp_path, *outputs)
    found = read_token_table(outputs[0])
    assert found.groupby("vector")["relevant"].apply(list).to_dict() == {
        "difference": [1, 1, 1, 1],
        "null_difference": [1, 0, 0, 0],
    }
    words, held_out = calibration_words(load_tokenizer(tiny_folder), settings)
    row = read_table(outputs[1]).iloc[0]
    assert row[["n_calibration_words", "n_held_out_tokens"]].tolist() == [len(words), len(held_out)]
    assert len(words) != len(held_out)
