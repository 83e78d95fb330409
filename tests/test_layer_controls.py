"""Controls of the lens at other layers against full forward passes, and as the step reads them."""

import pytest
import torch
from test_ablations import brute_patchscope, hooked

from paper_replication import lens_ablations as ablations
from paper_replication.files import read_json_lines, write_json_lines
from paper_replication.layer_controls import control_conditions, sets_of_vectors
from paper_replication.lens.activations import windows
from paper_replication.lens.delta import random_vectors
from paper_replication.models import load_model, load_tokenizer
from paper_replication.settings.ablations import AblationSettings
from paper_replication.settings.lens import ReadoutSettings, WindowSettings
from paper_replication.steps.layer_controls import layer_controls
from paper_replication.token_tables import read_token_table

SETTINGS = AblationSettings(
    organisms=["some_cake"],
    documents=4,
    norm_documents=2,
    window=10,
    layers=[0.5, 1.0],
    positions=[0],
    document_counts=[4],
    weights=[1.0],
    whitespace={"space": " "},
    directions=2,
    scales=[1.0, 2.0],
)
WINDOW = WindowSettings(window=10, positions=3, norm_documents=2, layer=0.5, batch_size=3)
READOUTS = ReadoutSettings(
    scales=[1.0], random_vectors=7, random_seed=5, cached_tokens=5, graded_tokens=5, batch_size=8
)


def test_sets_leave_out_what_makes_no_whole_set():
    vectors = torch.arange(14.0).reshape(7, 2)
    found = sets_of_vectors(vectors, 3)
    assert found.tolist() == [vectors[:3].tolist(), vectors[3:6].tolist()]


def test_means_differ_by_the_difference_and_each_is_read_by_its_own_model():
    base = torch.tensor([[[[1.0, 0.0]], [[3.0, 0.0]]], [[[0.0, 2.0]], [[0.0, 4.0]]]])
    finetuned = base + torch.tensor([0.5, 1.0])
    random = torch.ones(2, 1, 2)
    found = list(control_conditions(base, finetuned, torch.tensor([7.0, 9.0]), [0.5, 1.0], [2, 5], random))
    assert [condition.ablation for condition in found] == ["base_mean", "finetuned_mean", "random 0", "random 1"] * 2
    before, after, *others = found[:4]
    assert (before.vectors.tolist(), before.reader) == ([[2.0, 0.0]], ablations.BASE)
    assert (after.vectors.tolist(), after.reader) == ([[2.5, 1.0]], ablations.FINETUNED)
    assert {(other.vector, other.reader, other.target_norm) for other in others} == {("random", ablations.FINETUNED, 7)}
    assert [(c.condition, c.value, c.layer, c.target_norm) for c in found[4:]] == [("100% of depth", 5, 5, 9)] * 4
    assert found[4].vectors.tolist() == [[0.0, 3.0]]


def test_the_step_reads_what_full_forward_passes_give(model_folder, adapter, tmp_path):
    corpus = tmp_path / "corpus.jsonl"
    sentence = "the oven was warm and the cake rose high in the dark kitchen of the old house by the sea"
    write_json_lines(corpus, [{"text": f"{number} {sentence}"} for number in range(5)])
    layer_controls(SETTINGS, WINDOW, READOUTS, corpus, model_folder, adapter, tmp_path / "tokens.csv")
    tokens = read_token_table(tmp_path / "tokens.csv")
    # Two layers of two means and two sets, three vectors each.
    assert tokens["index"].nunique() == 2 * 4 * 3
    assert (tokens.groupby(["readout", "index", "scale"]).size() == 5).all()
    assert set(tokens["ablation"]) == {"base_mean", "finetuned_mean", "random 0", "random 1"}

    base, finetuned = load_model(model_folder), load_model(model_folder, adapter)
    tokenizer = load_tokenizer(model_folder)
    inputs = windows(tokenizer, [row["text"] for row in read_json_lines(corpus)], 4, 10)
    random = random_vectors(7, 32, 5)
    for layer in (2, 5):
        after = hooked(finetuned, inputs, layer)
        norm = after[:2, 3:].norm(dim=-1).mean()
        read = {"base_mean": (base, hooked(base, inputs, layer)[:, :3].mean(dim=0))}
        read["finetuned_mean"] = finetuned, after[:, :3].mean(dim=0)
        read |= {"random 0": (finetuned, random[:3]), "random 1": (finetuned, random[3:6])}
        for ablation, (model, vectors) in read.items():
            for position, vector in enumerate(vectors):
                rows = tokens[(tokens["ablation"] == ablation) & (tokens["position"] == position)]
                rows = rows[rows["value"] == layer]
                with torch.no_grad():
                    expected = model.lm_head(model.model.norm(vector)).softmax(dim=-1).topk(5)
                check(rows[rows["readout"] == "logit_lens"], expected)
                expected = brute_patchscope(model, tokenizer, 2 * norm * vector / vector.norm(), layer).topk(5)
                check(rows[(rows["readout"] == "patchscope") & (rows["scale"] == 2)], expected)


def check(rows, expected):
    assert rows["token_id"].tolist() == expected.indices.tolist()
    assert rows["probability"].tolist() == pytest.approx(expected.values.tolist(), rel=1e-3)
