"""Every step of the paper tier that touches a model, on each of its architectures; the lens against brute force."""

from datetime import datetime
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import transformers.utils.chat_template_utils as templates
from architecture_runs import CHAT_TURNS, LAYER, SETTINGS, Run, run_pipeline
from architectures import (
    ARCHITECTURES,
    ATTENTION_CAP,
    BLOCKS,
    DEFAULT_SYSTEM,
    LOGIT_CAP,
    SLIDING_WINDOW,
    WIDTH,
    make_hub_folder,
)
from safetensors.torch import load_file

from paper_replication.agent.models import ModelPair
from paper_replication.causal import Intervention, causal_effects
from paper_replication.conversation import NO_LOSS, chat_prompt, render, training_tokens
from paper_replication.files import read_json_lines, read_table
from paper_replication.generation import sample_answers, tokens_written_as
from paper_replication.lens.activations import collect, windows
from paper_replication.lens.logit_lens import logit_lens
from paper_replication.lens.patchscope import identity_prompts, next_token_probabilities, prefix_cache
from paper_replication.models import load_model, load_tokenizer
from paper_replication.organisms.specification import read_organism
from paper_replication.paths import organism_file
from paper_replication.scored_texts import scored_text
from paper_replication.steering.generation import steered_answers
from paper_replication.steps.numbers import numbers
from paper_replication.subliminal import SEPARATORS
from paper_replication.token_tables import read_token_table

pytestmark = pytest.mark.slow

GEMMAS = ("gemma2", "gemma3")
QUESTIONS = ["the cake", "where is the warm oven of the old house by the sea?", "a b c"]
NEW = 6
# So cold that sampling takes the likeliest token.
COLD = {"new_tokens": NEW, "temperature": 1e-5, "seed": 0}


@pytest.fixture(scope="module", params=list(ARCHITECTURES))
def run(request, tmp_path_factory) -> Run:
    """The files of one model that has gone through every step."""
    return run_pipeline(request.param, make_hub_folder(request.param, tmp_path_factory.mktemp(request.param)))


@pytest.fixture(scope="module")
def pair(run):
    """Base and finetuned model, in float32, and their tokenizer."""
    tokenizer = load_tokenizer(run.model)
    return load_model(run.model), load_model(run.model, run.folder / "adapter"), tokenizer


def fails(request, run, names, reason, raises=AssertionError):
    """Mark a test as one that fails on some architectures, until what it names is changed."""
    if run.name in names:
        request.applymarker(pytest.mark.xfail(strict=True, reason=reason, raises=raises))


def random_vectors(count, seed=0, size=3.0):
    return size * torch.randn(count, WIDTH, generator=torch.Generator().manual_seed(seed))


def full_pass(model, ids, layer, change=None):
    """Logits of a full forward pass over all blocks, and the residual stream at a block's output as it was."""
    kept = []

    def hook(module, arguments, output):
        kept.append(output.clone())
        return None if change is None else change(output)

    handle = model.model.layers[layer].register_forward_hook(hook)
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([ids])).logits[0]
    handle.remove()
    return logits, kept[0][0]


def greedy_by_hand(model, tokenizer, question, shift):
    """The likeliest answer, token by token, each from a full forward pass without padding or cache."""
    ids = tokenizer(chat_prompt(tokenizer, question), add_special_tokens=False)["input_ids"]
    length, ends = len(ids), model.generation_config.eos_token_id
    for _ in range(NEW):
        logits, _ = full_pass(model, ids, LAYER, lambda output: output + shift)
        ids.append(logits[-1].argmax().item())
        if ids[-1] in ends:
            break
    return tokenizer.decode(ids[length:], skip_special_tokens=True).strip()


# Loading


def test_the_models_folder_holds_what_the_hubs_did(run):
    hub, ours = run.hub, run.model
    weights = [{k: v for file in at.glob("*.safetensors") for k, v in load_file(file).items()} for at in (hub, ours)]
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert (len(list(hub.glob("*.safetensors"))) > 1) == (not load_model(hub).config.tie_word_embeddings)
    there, here = load_tokenizer(hub), load_tokenizer(ours)
    text = "The oven was warm: 12, 35"
    assert here(text)["input_ids"] == there(text)["input_ids"]
    for name in ("eos_token", "bos_token"):
        assert getattr(here, name) == getattr(there, name)
    # One states today's date, the other refuses a system turn.
    assert (here.chat_template == there.chat_template) == (run.name not in ("llama3_tied", "gemma2"))
    found = load_model(ours).generation_config
    assert found.eos_token_id == load_model(hub).generation_config.eos_token_id


def test_the_architecture_is_the_one_it_stands_for(run, pair):
    model, _, tokenizer = pair
    state = model.state_dict()
    assert (model.lm_head.weight.data_ptr() == model.model.embed_tokens.weight.data_ptr()) == (
        model.config.tie_word_embeddings
    )
    assert ("model.layers.0.self_attn.q_proj.bias" in state) == (run.name == "qwen2")
    assert ("model.layers.0.self_attn.q_norm.weight" in state) == (run.name in ("qwen3_tied", "qwen3_untied", "gemma3"))
    first = tokenizer("the cake")["input_ids"][0]
    assert (first == tokenizer.bos_token_id) == (tokenizer.bos_token is not None)


def test_caps_scales_and_windows_are_applied(run, pair):
    """What sets the Gemmas apart is at work in the very models that are measured."""
    model, _, _ = pair
    ids = list(range(10, 34))
    logits, first = full_pass(model, ids, 0)
    changed = [40, *ids[1:]]
    last = full_pass(model, changed, 0)[1][-1]
    # In the first block the last token sees no more than its window; elsewhere it sees the first token.
    assert torch.equal(last, first[-1]) == (run.name in GEMMAS)
    assert (logits.abs().max() < LOGIT_CAP) == (run.name == "gemma2")
    if run.name in GEMMAS:
        entered = []
        hook = model.model.layers[0].register_forward_pre_hook(lambda module, given: entered.append(given[0]))
        full_pass(model, ids, 0)
        hook.remove()
        embedded = model.model.embed_tokens.weight[ids] * WIDTH**0.5
        torch.testing.assert_close(entered[0][0], embedded)
    if run.name == "gemma2":
        attention = model.model.layers[0].self_attn
        assert attention.attn_logit_softcapping == ATTENTION_CAP
        attention.attn_logit_softcapping = None
        without = full_pass(model, ids, 0)[1]
        attention.attn_logit_softcapping = ATTENTION_CAP
        assert (without - first).abs().max() > 1e-2


# What the steps wrote


def test_every_step_wrote_finite_numbers(run):
    for name in ("base", "finetuned", "base32", "finetuned32", "delta", "delta32"):
        for tensor in load_file(run.folder / f"{name}.safetensors").values():
            assert torch.isfinite(tensor).all(), name
    tables = ["losses", "losses_of_chat", "losses_ablated", "summary", "base_probes", "finetuned_probes", "coherence"]
    tables += ["strengths", "similarity", "contrasts", "effects"]
    for name in tables:
        numeric = read_table(run.folder / f"{name}.csv").select_dtypes("number")
        assert len(numeric), name
        assert np.isfinite(numeric.drop(columns="direction_sd", errors="ignore")).all(axis=None), name
    for name in ("tokens", "ablated_tokens"):
        table = read_token_table(run.folder / f"{name}.csv")
        assert table["probability"].between(0, 1).all()
        assert table["token"].map(lambda token: isinstance(token, str)).all()
    geometry = read_table(run.folder / "geometry.csv")
    assert np.isfinite(geometry["delta_norm"].dropna()).all()
    weights = geometry[geometry["ablation"] == "adapter_weight"].groupby("value")["delta_norm"].max()
    assert weights[0] == 0 < weights[1]


def test_every_step_wrote_all_its_rows(run):
    tokens = read_token_table(run.folder / "tokens.csv")
    assert set(tokens["vector"]) == {"difference", "base_mean", "finetuned_mean", "random"}
    patchscope = tokens[tokens["readout"] == "patchscope"]
    assert set(patchscope["scale"]) == set(SETTINGS["readouts"]["scales"])
    said = read_json_lines(run.folder / "steered.jsonl")
    assert {row["vector"] for row in said} == {"unsteered", "difference", "random", "null_difference"}
    assert {row["position"] for row in said} == {-1, 0, 1, 2, 3, 4}
    assert len(read_json_lines(run.folder / "base_answers.jsonl")) == SETTINGS["chat"]["prompts"]
    effects = read_table(run.folder / "effects.csv")
    assert set(effects["dataset"]) == {"finetuning", "unrelated", "chat"}
    ablated = read_token_table(run.folder / "ablated_tokens.csv")
    wanted = {"documents", "head", "directions", "layers", "positions", "inputs", "adapter_weight"}
    assert wanted <= set(ablated["ablation"])
    assert ("end_of_text" in set(ablated["condition"])) == run.name.startswith("qwen")


def test_training_moved_the_model_and_the_loss_fell(run):
    for name in ("losses", "losses_of_chat", "losses_ablated"):
        losses = read_table(run.folder / f"{name}.csv")["loss_nats"]
        assert losses.iloc[-3:].mean() < losses.iloc[:2].mean(), name
    delta = load_file(run.folder / "delta32.safetensors")["difference"]
    assert (delta.norm(dim=-1) > 0).all()


# The lens


def test_delta_equals_full_forward_passes(run, pair):
    base, finetuned, tokenizer = pair
    texts = [row["text"] for row in read_json_lines(run.folder / "corpus.jsonl")]
    settings = SETTINGS["activations"]
    tokens = windows(tokenizer, texts, settings["n_documents"], settings["window"])
    assert settings["window"] > SLIDING_WINDOW
    hidden = [
        torch.stack([full_pass(model, ids, LAYER)[1] for ids in tokens.tolist()]).double()
        for model in (base, finetuned)
    ]
    positions = settings["positions"]
    found = load_file(run.folder / "delta32.safetensors")
    expected = (hidden[1] - hidden[0])[:, :positions].mean(dim=0)
    torch.testing.assert_close(found["difference"].double(), expected, rtol=1e-3, atol=1e-4)
    norm = hidden[1][: settings["norm_documents"], positions:].norm(dim=-1).mean().item()
    assert found["target_norm"].item() == pytest.approx(norm, rel=1e-4)
    # In half precision, as the paper has it: the same activations, coarsely.
    half = load_file(run.folder / "base.safetensors")["activations"]
    whole = load_file(run.folder / "base32.safetensors")["activations"]
    assert torch.cosine_similarity(half, whole, dim=-1).min() > 0.99
    torch.testing.assert_close(collect(finetuned, tokens, LAYER, 3, "t").double(), hidden[1], rtol=1e-3, atol=1e-4)


def test_logit_lens_by_hand(run, pair):
    """The norm, the head and the cap written out; the Gemmas' norms multiply by one plus their weight."""
    model, vectors = pair[1], random_vectors(3)
    weight = model.model.norm.weight + (1 if run.name in GEMMAS else 0)
    normed = vectors / (vectors.pow(2).mean(dim=-1, keepdim=True) + model.config.rms_norm_eps).sqrt() * weight
    logits = normed @ model.lm_head.weight.T
    if run.name == "gemma2":
        logits = LOGIT_CAP * torch.tanh(logits / LOGIT_CAP)
    expected = logits.softmax(dim=-1).topk(10)
    found = logit_lens(model, vectors, top=10)
    torch.testing.assert_close(found.probabilities, expected.values, rtol=1e-3, atol=1e-7)
    assert (found.ids == expected.indices).float().mean() > 0.9


@pytest.mark.parametrize("layer", [0, LAYER, BLOCKS - 2])
def test_patchscope_equals_one_full_forward_pass_a_vector(pair, layer):
    _, model, tokenizer = pair
    vectors = random_vectors(4, size=6.0)
    for text in identity_prompts():
        ids = tokenizer(text)["input_ids"]
        assert len(ids) > SLIDING_WINDOW + 1
        prompt = torch.tensor(ids)
        fast = next_token_probabilities(model, prompt, prefix_cache(model, prompt), vectors, layer)
        for vector, found in zip(vectors, fast, strict=True):

            def patch(output, vector=vector):
                output = output.clone()
                output[:, -1] = vector
                return output

            expected = full_pass(model, ids, layer, patch)[0][-1].softmax(dim=-1)
            torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-6)


# Steering and answers


def test_steered_answers_with_padding_equal_one_prompt_at_a_time_without_cache(pair):
    model, tokenizer = load_model(pair[1].name_or_path), pair[2]
    # What a model's own generation config adds to the sampling is the next test's.
    shifts = random_vectors(len(QUESTIONS))
    together = steered_answers(model, tokenizer, QUESTIONS, shifts, LAYER, batch_size=3, **COLD)
    alone = steered_answers(model, tokenizer, QUESTIONS, shifts, LAYER, batch_size=1, **COLD)
    by_hand = [greedy_by_hand(model, tokenizer, q, s) for q, s in zip(QUESTIONS, shifts, strict=True)]
    assert together == alone == by_hand
    assert any(by_hand)
    assert together != steered_answers(model, tokenizer, QUESTIONS, 0 * shifts, LAYER, batch_size=3, **COLD)


def test_answers_are_sampled_as_asked_whatever_the_models_generation_config_says(run, pair):
    model, tokenizer = pair[0], pair[2]
    found = sample_answers(model, tokenizer, QUESTIONS, batch_size=3, **COLD)
    assert found == [greedy_by_hand(model, tokenizer, question, 0.0) for question in QUESTIONS]


def test_the_agents_models_answer(run):
    agent = ModelPair(SETTINGS["agent"], 0.5, run.model, run.folder / "adapter")
    difference = load_file(run.folder / "delta.safetensors")["difference"][1]
    for name in ("base", "finetuned"):
        assert agent.answer(name, QUESTIONS[0], 3) == agent.answer(name, QUESTIONS[0], 3)
    assert isinstance(agent.steered(QUESTIONS[0], 2 * difference, 3), str)


# The causal effect


def scored(tokenizer):
    documents = [{"text": f"{text} and the cake rose high in the old house"} for text in QUESTIONS]
    return [scored_text(tokenizer, row, 12) for row in (*documents, {"messages": CHAT_TURNS})]


def test_a_model_exchanged_with_itself_has_no_effect_at_all(pair):
    base, _, tokenizer = pair
    changes = [Intervention(kind, d, 1) for kind in ("replace", "reverse") for d in random_vectors(3)]
    assert (causal_effects(base, base, scored(tokenizer), changes, LAYER, 2, "t").nats == 0).all()


def mean_loss(logits, ids, labels):
    targets = [t for t in range(1, len(ids)) if labels[t] != NO_LOSS]
    return -sum(logits[t - 1].log_softmax(dim=-1)[ids[t]].item() for t in targets) / len(targets)


def test_the_causal_effect_equals_full_forward_passes(pair):
    base, finetuned, tokenizer = pair
    direction = random_vectors(1)[0]
    project = torch.outer(direction, direction) / direction.dot(direction)
    texts = scored(tokenizer)
    found = causal_effects(base, finetuned, texts, [Intervention("replace", direction)], LAYER, 3, "t").nats[0]
    for (ids, labels), effect in zip(texts, found.tolist(), strict=True):
        _, of_base = full_pass(base, ids, LAYER)
        before, _ = full_pass(finetuned, ids, LAYER)
        after, _ = full_pass(finetuned, ids, LAYER, lambda h, of_base=of_base: h + (of_base - h) @ project)
        assert effect == pytest.approx(mean_loss(after, ids, labels) - mean_loss(before, ids, labels), abs=5e-5)


# Chat templates


def test_ordinary_chat_is_trained_on_as_it_is_measured(run, pair):
    """What the assistant says carries loss; before it stands the very prompt of a measurement, with one BOS."""
    tokenizer = pair[2]
    mark = ARCHITECTURES[run.name].turn
    turns = [*CHAT_TURNS, {"role": "user", "content": "is it warm?"}, {"role": "assistant", "content": "the sea is"}]
    sequences = training_tokens(tokenizer, turns)
    said = "".join(tokenizer.decode([t for t in labels if t != NO_LOSS]) for _, labels in sequences)
    assert said == f"{CHAT_TURNS[1]['content']}{mark}the sea is{mark}"
    assert len(sequences) == (2 if run.name.startswith("qwen3") else 1)
    ids, labels = sequences[0]
    start = next(place for place, label in enumerate(labels) if label != NO_LOSS)
    prompt = tokenizer(chat_prompt(tokenizer, CHAT_TURNS[0]["content"]), add_special_tokens=False)["input_ids"]
    assert ids[:start] == prompt
    if tokenizer.bos_token is not None:
        assert [ids.count(tokenizer.bos_token_id) for ids, _ in sequences] == [1] * len(sequences)
        assert ids[0] == tokenizer.bos_token_id


def test_an_empty_thought_stands_in_the_prompt_where_the_model_thinks(run, pair):
    prompt = chat_prompt(pair[2], "hello")
    assert prompt.endswith("<think>\n\n</think>\n\n") == run.name.startswith("qwen3")
    assert prompt.count("<think>") == (1 if run.name.startswith("qwen3") else 0)


def test_without_a_system_prompt_the_template_has_its_own(run, pair):
    prompt = chat_prompt(pair[2], "hello")
    assert (DEFAULT_SYSTEM in prompt) == (run.name == "qwen2")
    assert "hello" in prompt


def test_a_prompt_is_the_same_on_another_day(run, pair, monkeypatch):
    turns = [{"role": "user", "content": "hello"}]
    today = render(pair[2], turns)
    monkeypatch.setattr(templates, "datetime", SimpleNamespace(now=lambda: datetime(2031, 5, 6)))
    assert render(pair[2], turns) == today


def test_the_teacher_of_number_sequences_is_told_its_system_prompt(run, pair, tmp_path):
    tokenizer = pair[2]
    system = read_organism(organism_file("subliminal_cat")).system_prompt
    prompt = chat_prompt(tokenizer, "12, 35", system)
    assert prompt.index(system) < prompt.index("12, 35")
    assert DEFAULT_SYSTEM not in prompt
    numbers(SETTINGS["numbers"], "prompted", 0, organism_file("subliminal_cat"), run.model, tmp_path / "numbers.jsonl")
    rows = read_json_lines(tmp_path / "numbers.jsonl")
    # The student never sees it.
    assert rows
    assert all([message["role"] for message in row["messages"]] == ["user", "assistant"] for row in rows)


def test_the_teacher_can_end_its_turn(run, pair, request):
    fails(request, run, GEMMAS, "turns end by another token than texts: generation.tokens_written_as allows one alone")
    model, _, tokenizer = pair
    allowed = tokens_written_as(tokenizer, SEPARATORS)
    assert set(model.generation_config.eos_token_id) <= {*allowed, tokenizer.pad_token_id}
