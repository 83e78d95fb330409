"""The causal effect against brute force: full forward passes, one text and direction at a time, hooks written here."""

from functools import partial
from types import SimpleNamespace

import pandas as pd
import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file

from paper_replication.causal import Intervention, causal_effects, component, random_differences
from paper_replication.conversation import NO_LOSS
from paper_replication.errors import UserError
from paper_replication.files import read_table, read_yaml, write_json_lines
from paper_replication.lens.activations import windows
from paper_replication.lens.delta import random_vectors
from paper_replication.models import load_model, load_tokenizer
from paper_replication.paths import CONFIGS
from paper_replication.scored_texts import after_the_lens, sample, scored_text, take
from paper_replication.settings.causal import CausalSettings
from paper_replication.settings.run import RunLabel
from paper_replication.steps import causal_controls as controls_step
from paper_replication.steps.causal_controls import causal_controls
from paper_replication.steps.causal_effect import causal_effect, datasets_of, groups_of, rows_of
from paper_replication.study import load_study

LAYER = 2
KINDS = ("replace", "reverse", "zero")
TEXTS = [
    "the cake rose high in the dark kitchen of the old house",
    "the oven was warm and the man by the sea said hello",
    "a warm house by the sea",
]
CHAT = [{"role": "user", "content": "is the oven warm"}, {"role": "assistant", "content": "the oven was dark and old"}]


def texts_of(tokenizer):
    return [scored_text(tokenizer, row, 12) for row in [*({"text": text} for text in TEXTS), {"messages": CHAT}]]


def vectors(count=1, width=32):
    return 3 * torch.randn(count, width, generator=torch.Generator().manual_seed(2))


def full_pass(model, ids, instead=None):
    """Logits and h[LAYER] of a full forward pass over all layers; with `instead` written over h[LAYER]."""
    kept = []

    def hook(module, arguments, output):
        kept.append(output)
        return instead

    handle = model.model.layers[LAYER].register_forward_hook(hook)
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([ids])).logits[0]
    handle.remove()
    return logits, kept[0]


def nats(logits, ids, labels, excluded):
    """Mean of -log p over scored targets, one at a time."""
    targets = [t for t in range(1, len(ids)) if labels[t] != NO_LOSS and t != excluded]
    return -sum(logits[t - 1].log_softmax(dim=-1)[ids[t]].item() for t in targets) / len(targets)


def brute_force(base, finetuned, text, kind, direction, position):
    ids, labels = text
    excluded = None if position is None else position + 1
    project = torch.outer(direction, direction) / direction.dot(direction)
    rest = torch.eye(len(direction)) - project
    (base_logits, h_base), (finetuned_logits, h_ft) = full_pass(base, ids), full_pass(finetuned, ids)
    changed = {
        "replace": h_base @ project + h_ft @ rest,
        "reverse": h_ft @ project + h_base @ rest,
        "zero": h_ft @ rest,
    }[kind]
    model, before = (base, base_logits) if kind == "reverse" else (finetuned, finetuned_logits)
    after = full_pass(model, ids, changed)[0]
    return nats(after, ids, labels, excluded) - nats(before, ids, labels, excluded)


@pytest.mark.parametrize("position", [None, 0, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_effects_equal_one_full_forward_pass_a_text_and_direction(models, kind, position):
    base, finetuned, tokenizer = models
    texts, directions = texts_of(tokenizer), vectors(2)
    found = causal_effects(base, finetuned, texts, [Intervention(kind, d, position) for d in directions], LAYER, 3, "t")
    for effects, direction in zip(found.nats, directions, strict=True):
        expected = [brute_force(base, finetuned, text, kind, direction, position) for text in texts]
        assert effects.tolist() == pytest.approx(expected, abs=2e-5)
    assert found.nats.abs().min() > 1e-4
    plain = [nats(full_pass(base, ids)[0], ids, labels, None) for ids, labels in texts]
    assert found.base.tolist() == pytest.approx(plain, abs=2e-5)
    plain = [nats(full_pass(finetuned, ids)[0], ids, labels, None) for ids, labels in texts]
    assert found.finetuned.tolist() == pytest.approx(plain, abs=2e-5)


def test_a_model_exchanged_with_itself_has_no_effect_at_all(models):
    base, _, tokenizer = models
    changes = [Intervention(kind, d, 1) for kind in ("replace", "reverse") for d in vectors(3)]
    found = causal_effects(base, base, texts_of(tokenizer), changes, LAYER, 2, "t")
    assert (found.nats == 0).all()


def test_all_components_together_make_the_base_models_residual_stream(models):
    base, finetuned, _ = models
    ids = [5, 9, 7, 30]
    h_base, h_ft = full_pass(base, ids)[1], full_pass(finetuned, ids)[1]
    axes = torch.linalg.qr(vectors(32)).Q.T
    exchanged = h_ft + sum(component(h_base - h_ft, 2 * axis) for axis in axes)
    torch.testing.assert_close(exchanged, h_base, rtol=1e-4, atol=1e-4)


def test_projecting_twice_is_projecting_once():
    hidden, direction = torch.randn(2, 5, 32), vectors()[0]
    once = component(hidden, direction)
    torch.testing.assert_close(component(once, direction), once)
    torch.testing.assert_close(component(hidden - once, direction), torch.zeros_like(once), rtol=0, atol=1e-5)
    torch.testing.assert_close(component(hidden, -7 * direction), once)


def test_the_target_after_a_directions_own_position_is_left_out(models):
    base, finetuned, tokenizer = models
    ids, labels = texts_of(tokenizer)[0]
    unscored = [NO_LOSS if t == 3 else label for t, label in enumerate(labels)]
    direction = vectors()[0]

    def effect(labels, position):
        change = [Intervention("replace", direction, position)]
        return causal_effects(base, finetuned, [(ids, labels)], change, LAYER, 1, "t").nats.item()

    # To rounding: some processors sum a cross-entropy over another number of targets in another order.
    same = partial(pytest.approx, rel=1e-4)
    assert effect(labels, 2) == same(effect(unscored, None))
    assert effect(labels, 2) != same(effect(labels, None))
    # A position beyond the text, or before a target that is not scored, leaves nothing out.
    assert effect(labels, 400) == same(effect(labels, None))
    assert effect(unscored, 2) == same(effect(unscored, None))


def test_padding_and_batches_change_nothing(models):
    base, finetuned, tokenizer = models
    texts = texts_of(tokenizer)
    assert len({len(ids) for ids, _ in texts}) > 1
    changes = [Intervention(kind, vectors()[0], 1) for kind in KINDS]
    one = causal_effects(base, finetuned, texts, changes, LAYER, 1, "t")
    many = causal_effects(base, finetuned, texts, changes, LAYER, len(texts), "t")
    torch.testing.assert_close(one.nats, many.nats, rtol=1e-4, atol=2e-5)
    turned = causal_effects(base, finetuned, texts[::-1], changes, LAYER, 3, "t")
    torch.testing.assert_close(turned.nats.flip(dims=[1]), one.nats, rtol=1e-4, atol=2e-5)


def test_the_models_are_put_back(models):
    base, finetuned, tokenizer = models
    ids = texts_of(tokenizer)[0][0]
    before = [full_pass(model, ids)[0] for model in (base, finetuned)]
    causal_effects(base, finetuned, texts_of(tokenizer), [Intervention("zero", vectors()[0])], LAYER, 2, "t")
    for model, logits in zip((base, finetuned), before, strict=True):
        assert torch.equal(full_pass(model, ids)[0], logits)


@pytest.mark.parametrize("direction", [torch.zeros(32), torch.full((32,), torch.nan), torch.full((32,), torch.inf)])
def test_a_direction_that_cannot_be_projected_on_is_refused(models, direction):
    base, finetuned, tokenizer = models
    changes = [Intervention("replace", vectors()[0]), Intervention("replace", direction)]
    with pytest.raises(UserError, match="Direction 1 has norm"):
        causal_effects(base, finetuned, texts_of(tokenizer), changes, LAYER, 2, "t")


@pytest.mark.parametrize("labels", [[NO_LOSS] * 3, [4, NO_LOSS, NO_LOSS], [NO_LOSS, NO_LOSS, 6]])
def test_a_text_without_scored_tokens_is_refused(models, labels):
    base, finetuned, tokenizer = models
    texts = [*texts_of(tokenizer), ([4, 5, 6], labels)]
    with pytest.raises(UserError, match="Text 4 has no scored token"):
        causal_effects(base, finetuned, texts, [Intervention("replace", vectors()[0], 1)], LAYER, 2, "t")
    with pytest.raises(UserError, match="no texts"):
        causal_effects(base, finetuned, [], [Intervention("replace", vectors()[0])], LAYER, 2, "t")


def test_activations_that_are_not_finite_are_refused(models):
    base, finetuned, tokenizer = models
    finetuned.model.layers[0].mlp.down_proj.weight[0, 0] = float("nan")
    with pytest.raises(UserError, match="not finite"):
        causal_effects(base, finetuned, texts_of(tokenizer), [Intervention("replace", vectors()[0])], LAYER, 2, "t")


def test_random_differences_are_differences_of_two_activations():
    activations = torch.randn(4, 3, 8)
    activations[:, 0] = activations[0, 0]  # as at BOS
    found = random_differences(activations, 10, seed=0)
    pool = activations.flatten(0, 1)
    pairs = (pool[:, None] - pool[None]).flatten(0, 1)
    assert found.shape == (10, 8)
    assert all((pairs == vector).all(dim=-1).any() for vector in found)
    assert (found.norm(dim=-1) > 0).all()
    assert torch.equal(found, random_differences(activations, 10, seed=0))
    assert not torch.equal(found, random_differences(activations, 10, seed=1))
    with pytest.raises(UserError, match="nearly all the same"):
        random_differences(torch.ones(4, 3, 8), 2, seed=0)


def test_random_differences_are_of_all_positions_position_0_too():
    activations = torch.randn(50, 3, 8)
    for position in range(3):
        marked = activations.clone()
        marked[:, position, 0] += 100
        found = random_differences(marked, 40, seed=0)
        # With one position in three marked, four pairs in nine have one of both kinds.
        assert 8 < (found[:, 0].abs() > 50).sum() < 28


def test_documents_are_scored_everywhere_and_conversations_where_the_assistant_speaks(tiny_folder):
    tokenizer = load_tokenizer(tiny_folder)
    whole = tokenizer(TEXTS[0])["input_ids"]
    assert scored_text(tokenizer, {"text": TEXTS[0]}, 1000) == (whole, whole)
    assert scored_text(tokenizer, {"text": TEXTS[0]}, 3) == (whole[:4], whole[:4])
    ids, labels = scored_text(tokenizer, {"messages": CHAT}, 1000)
    said = tokenizer.decode([label for label in labels if label != NO_LOSS])
    assert said.removesuffix("<|end|>") == CHAT[1]["content"]
    cut_ids, cut_labels = scored_text(tokenizer, {"messages": CHAT}, 2)
    assert cut_ids == ids[: len(cut_ids)]
    assert sum(label != NO_LOSS for label in cut_labels) == 2
    assert cut_labels[-1] != NO_LOSS
    for row in ({"text": "a"}, {"messages": CHAT[:1]}):
        with pytest.raises(UserError, match="Nothing is scored"):
            scored_text(tokenizer, row, 5)


def test_unrelated_text_is_none_that_delta_is_measured_on(tiny_folder):
    tokenizer = load_tokenizer(tiny_folder)
    corpus = [{"text": text} for text in [TEXTS[0], "the", TEXTS[1], "a cake", TEXTS[2]]]
    read = windows(tokenizer, [row["text"] for row in corpus], n_documents=2, window=8)
    assert read[1].tolist() == tokenizer(TEXTS[1])["input_ids"][:8]
    assert after_the_lens(tokenizer, corpus, 2, 8) == corpus[3:]
    assert after_the_lens(tokenizer, corpus, 9, 8) == []


def test_texts_that_were_not_finetuned_on_come_first():
    rows = [{"text": f"{i} {'x' * 50}"} for i in range(4)]
    # Cut, as the documents of a null are.
    finetuned_on = [{"text": rows[0]["text"][:45]}, {"text": rows[2]["text"]}]
    assert take(rows, 2, finetuned_on, "x") == ([rows[1], rows[3]], 0)
    assert take(rows, 3, finetuned_on, "x") == ([rows[1], rows[3], rows[0]], 1)
    with pytest.raises(UserError, match="only 4 texts, but 5 are wanted"):
        take(rows, 5, [], "the corpus")
    chat = [{"messages": CHAT}, {"messages": [{"role": "user", "content": "another question"}, CHAT[1]]}]
    assert take(chat, 1, chat[:1], "x") == (chat[1:], 0)


def test_repeated_documents_are_sampled_once():
    rows = [{"text": str(i)} for i in range(5)] * 3
    assert sorted(row["text"] for row in sample(rows, 0)) == list("01234")
    assert sample(rows, 0) == sample(rows, 0) != sample(rows, 1)


def test_rows_by_hand():
    groups = [
        ({"direction": "delta"}, [Intervention("reverse", vectors()[0], 0)]),
        ({"direction": "random_gaussian"}, [Intervention("replace", vectors()[0])] * 2),
    ]
    effects = torch.tensor([[1.0, 3.0], [0.0, 2.0], [4.0, 8.0]], dtype=torch.float64)
    known = type(
        "Known", (), {"nats": effects, "base": torch.tensor([5.0, 7.0]), "finetuned": torch.tensor([2.0, 3.0])}
    )
    first, second = rows_of(groups, known)
    assert (first["delta_nats"], first["n"], first["n_directions"], first["loss_nats"]) == (2.0, 2, 1, 6.0)
    assert first["direction_sd"] != first["direction_sd"]
    assert (first["ci_low"], first["ci_high"]) == (1.0, 3.0)
    # Means over directions are 2 and 5, over texts 1 and 6.
    assert (second["delta_nats"], second["n_directions"], second["loss_nats"]) == (3.5, 2, 2.5)
    assert (second["ci_low"], second["ci_high"]) == (2.0, 5.0)
    assert second["direction_sd"] == pytest.approx(5 / 2**0.5)


SIZES = {"n_documents": 3, "tokens": 8, "chat_words": 20, "random_directions": 2, "batch_size": 2, "seed": 0}


@pytest.fixture
def measure(tiny_folder, tmp_path):
    """Either step on three small datasets, and the table it writes."""
    adapted = get_peft_model(
        load_model(tiny_folder), LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM")
    )
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.1)
    adapted.save_pretrained(tmp_path / "adapter")
    save_file({"difference": vectors(3)}, tmp_path / "delta.safetensors")
    save_file({"activations": torch.randn(6, 3, 32)}, tmp_path / "base.safetensors")
    write_json_lines(tmp_path / "dataset.jsonl", [{"text": f"{i} {text}"} for i in range(2) for text in TEXTS])
    write_json_lines(tmp_path / "corpus.jsonl", [{"text": f"{i} {text}"} for i in range(2, 5) for text in TEXTS])
    (tmp_path / "chat").mkdir()
    exchange = {"task_type": "akoksal/LongForm", "task_output": "the oven was dark. the cake was old."}
    write_json_lines(tmp_path / "chat/c.jsonl", [exchange | {"task_prompt": f"{i} is it warm"} for i in range(5)])
    label = RunLabel(model="m", organism="o", organism_type="SDF", variant="default", seed=0)
    files = ["delta.safetensors", "base.safetensors", "dataset.jsonl", "corpus.jsonl", "chat"]
    inputs = [*(tmp_path / file for file in files), tiny_folder, tmp_path / "adapter"]

    def written(step, interventions=KINDS, **sizes):
        settings = CausalSettings(interventions=list(interventions), **SIZES | sizes)
        step(label, settings, 0.5, 2, 8, *inputs, tmp_path / "effects.csv")
        return read_table(tmp_path / "effects.csv")

    return written


def test_the_step_writes_every_dataset_direction_and_intervention(measure):
    table = measure(causal_effect)
    pd.testing.assert_frame_equal(measure(causal_effect), table, check_exact=True)
    wanted = "model organism organism_type variant seed position dataset direction intervention delta_nats ci_low"
    assert list(table.columns)[:13] == [*wanted.split(), "ci_high", "n"]
    assert len(table) == 3 * (3 * 3 + 2)
    delta = table[table["direction"] == "delta"]
    assert set(zip(delta["position"], delta["intervention"], strict=True)) == {(j, k) for j in range(3) for k in KINDS}
    random = table[table["direction"] != "delta"]
    assert (random["position"] == -1).all()
    assert (random["intervention"] == "replace").all()
    assert (random["n_directions"] == 2).all()
    assert set(table["dataset"]) == {"finetuning", "unrelated", "chat"}
    assert dict(zip(table["dataset"], table["n_finetuned_on"], strict=True)) == {
        "finetuning": 3,
        "unrelated": 0,
        "chat": 0,
    }
    assert (table["n"] == 3).all()
    assert (table["ci_low"] <= table["delta_nats"]).all()
    assert (table["delta_nats"] <= table["ci_high"]).all()
    assert (table["delta_nats"] != 0).all()


def test_the_controls_are_the_same_directions_in_the_other_interventions(measure, monkeypatch):
    replaced, controls = measure(causal_effect), measure(causal_controls)
    assert list(controls.columns) == list(replaced.columns)
    kinds = {(family, kind) for family in ("random_gaussian", "random_difference") for kind in ("reverse", "zero")}
    assert set(zip(controls["direction"], controls["intervention"], strict=True)) == kinds
    assert len(controls) == 3 * len(kinds)
    assert (controls["position"] == -1).all()
    assert (controls["n_directions"] == 2).all()
    # Measured as replacements, they are what the other step has of the same random directions.
    monkeypatch.setattr(controls_step, "replace", lambda intervention, kind: intervention)
    again = measure(causal_controls, ["replace", "zero"]).assign(intervention="replace")
    random = replaced[replaced["direction"] != "delta"].reset_index(drop=True)
    pd.testing.assert_frame_equal(again, random, check_exact=True)
    # One intervention's directions are not another's, and each has an effect of its own.
    assert controls["delta_nats"].nunique() == len(controls)


def test_the_causal_effect_may_be_measured_at_more_positions_than_the_lens():
    laptop, paper = (load_study(read_yaml(CONFIGS / f"{tier}.yaml"), tier) for tier in ("laptop", "paper"))
    assert laptop.causal_corpus == laptop.main_corpus
    more = SimpleNamespace(corpus=paper.causal_corpus)
    lens = SimpleNamespace(corpus=paper.main_corpus)
    assert (paper.activations(more).positions, paper.activations(lens).positions) == (9, 5)
    assert paper.activations(more).n_documents == paper.activations(lens).n_documents == 10_000
    assert paper.corpus_read(more) == paper.corpus_read(lens) == paper.paths.corpus("fineweb")
    assert more.corpus != lens.corpus


def test_a_difference_leaves_out_the_target_after_its_position_and_a_random_direction_none():
    difference, activations = vectors(3), torch.randn(6, 3, 32)
    settings = CausalSettings(interventions=["replace", "zero"], **SIZES | {"seed": 5})
    groups = groups_of(settings, difference, activations)
    for row, interventions in groups[:6]:
        (one,) = interventions
        assert (one.position, one.kind) == (row["position"], row["intervention"])
        assert torch.equal(one.direction, difference[row["position"]])
    assert [row["direction"] for row, _ in groups[6:]] == ["random_gaussian", "random_difference"]
    assert {(x.position, x.kind) for _, several in groups[6:] for x in several} == {(None, "replace")}
    gaussian = torch.stack([x.direction for x in groups[6][1]])
    assert torch.equal(gaussian, random_vectors(2, 32, 5))


def test_unrelated_text_is_the_end_of_the_corpus(tiny_folder):
    tokenizer = load_tokenizer(tiny_folder)
    corpus = [{"text": f"{n} the oven was warm"} for n in range(5)]
    exchange = {"task_type": "akoksal/LongForm", "task_output": "the oven was dark."}
    chat = [exchange | {"task_prompt": f"{n} is it warm"} for n in range(3)]
    finetuning = [{"text": f"{n} the cake rose high"} for n in range(3)]
    settings = CausalSettings(interventions=["replace"], **SIZES | {"tokens": 30})
    texts, _ = datasets_of(settings, tokenizer, finetuning, corpus, chat)["unrelated"]
    assert [tokenizer.decode(ids) for ids, _ in texts] == [row["text"] for row in corpus[:1:-1]]
