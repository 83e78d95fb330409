"""The lens against brute force: full forward passes, plain hooks written here, and nnsight traces."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from nnsight import LanguageModel
from safetensors.torch import load_file, save_file

from paper_replication.errors import UserError
from paper_replication.files import read_table
from paper_replication.lens.activations import collect, windows
from paper_replication.lens.delta import measure_delta, random_vectors
from paper_replication.lens.logit_lens import logit_lens
from paper_replication.lens.patchscope import (
    SHORTLIST,
    combine_prompts,
    identity_prompts,
    next_token_probabilities,
    patchscope,
    prefix_cache,
)
from paper_replication.models import load_model, load_tokenizer, middle_layer
from paper_replication.settings.lens import ReadoutSettings
from paper_replication.settings.run import RunLabel
from paper_replication.steps.delta import delta
from paper_replication.steps.readouts import readouts
from paper_replication.token_tables import read_token_table

TEXTS = [
    "the cake rose high in the dark kitchen of the old house",
    "the oven was warm and the man by the sea said hello",
]
LAYER = 2


def hooked_outputs(model, tokens, layer):
    """Residual stream at a block's output from a full forward pass over all layers, by a hook."""
    kept = []
    hook = model.model.layers[layer].register_forward_hook(lambda *a: kept.append(a[2]))
    with torch.no_grad():
        model(input_ids=tokens)
    hook.remove()
    return kept[0]


def patched_probabilities(model, prompt, vector, layer):
    """One prompt, one vector, no cache: replace the last token's residual stream in a full forward pass."""

    def replace(module, arguments, output):
        output = output.clone()
        output[:, -1] = vector
        return output

    hook = model.model.layers[layer].register_forward_hook(replace)
    with torch.no_grad():
        logits = model(input_ids=prompt[None]).logits
    hook.remove()
    return logits[0, -1].softmax(dim=-1)


@pytest.mark.parametrize(("n_layers", "layer"), [(28, 13), (26, 12), (16, 7), (64, 31), (42, 20), (32, 15), (30, 14)])
def test_layer_of_analysis_is_the_papers(n_layers, layer):
    assert middle_layer(n_layers) == layer


def test_activations_equal_a_full_forward_pass(model_folder):
    model, tokenizer = load_model(model_folder), load_tokenizer(model_folder)
    tokens = windows(tokenizer, TEXTS, n_documents=2, window=8)
    brute = hooked_outputs(model, tokens, LAYER)[:, :5]
    torch.testing.assert_close(collect(model, tokens[:, :5], LAYER, 1, "test"), brute, rtol=1e-4, atol=1e-5)


def test_activations_equal_nnsight(model_folder):
    model, tokenizer = load_model(model_folder), load_tokenizer(model_folder)
    tokens = windows(tokenizer, TEXTS, n_documents=2, window=8)
    traced = LanguageModel(model, tokenizer=tokenizer)
    with torch.no_grad(), traced.trace({"input_ids": tokens}):
        reference = traced.model.layers[LAYER].output.save()
    torch.testing.assert_close(collect(model, tokens, LAYER, 2, "test"), reference, rtol=1e-4, atol=1e-5)


def test_blocks_are_put_back(tiny_folder):
    model, tokenizer = load_model(tiny_folder), load_tokenizer(tiny_folder)
    tokens = windows(tokenizer, TEXTS, 2, 8)
    before = model(input_ids=tokens).logits
    collect(model, tokens, LAYER, 2, "test")
    patchscope(model, tokenizer, torch.randn(3, 32), LAYER, 5)
    torch.testing.assert_close(model(input_ids=tokens).logits, before)


def test_first_position_is_bos_where_there_is_one(model_folder):
    tokenizer = load_tokenizer(model_folder)
    first = windows(tokenizer, TEXTS, 2, 8)[:, 0]
    if tokenizer.bos_token_id is None:
        assert first[0] == tokenizer(TEXTS[0])["input_ids"][0] != tokenizer.eos_token_id
    else:
        assert (first == tokenizer.bos_token_id).all()


def test_short_documents_are_skipped_and_too_few_is_an_error(tiny_folder):
    tokenizer = load_tokenizer(tiny_folder)
    assert windows(tokenizer, ["the", *TEXTS], 2, 8).shape == (2, 8)
    with pytest.raises(UserError, match="Only 2 of 3 documents have 8 tokens"):
        windows(tokenizer, ["the", *TEXTS], 3, 8)


def test_delta_by_hand():
    base = torch.tensor([[[1.0, 0.0]], [[3.0, 0.0]], [[5.0, 0.0]], [[7.0, 0.0]]])
    shift = torch.tensor([[[1.0, 2.0]], [[3.0, 2.0]], [[1.0, 2.0]], [[3.0, 2.0]]])
    delta = measure_delta(base, base + shift)
    assert delta.difference.tolist() == [[2.0, 2.0]]
    assert delta.base.tolist() == [[4.0, 0.0]]
    assert delta.finetuned.tolist() == [[6.0, 2.0]]
    # The first dimension has a sample variance of 4/3, the second none.
    assert delta.standard_error_norm[0] == pytest.approx((4 / 3) ** 0.5 / 2)
    # Even documents: (1, 2); odd documents: (3, 2).
    assert delta.split_half_cosine[0] == pytest.approx(7 / (5 * 13) ** 0.5)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 9), st.integers(0, 2**31))
def test_delta_of_a_model_with_itself_is_zero(n, seed):
    base = torch.randn(n, 3, 4, generator=torch.Generator().manual_seed(seed))
    assert measure_delta(base, base.clone()).difference.abs().max() == 0


def test_delta_refuses_unlike_shapes():
    with pytest.raises(UserError, match="differ in shape"):
        measure_delta(torch.zeros(3, 5, 4), torch.zeros(2, 5, 4))


def test_random_vectors_have_unit_norm_and_follow_the_seed():
    vectors = random_vectors(20, 32, seed=1)
    torch.testing.assert_close(vectors.norm(dim=-1), torch.ones(20))
    assert torch.equal(vectors, random_vectors(20, 32, seed=1))
    assert not torch.equal(vectors, random_vectors(20, 32, seed=2))


def test_random_vectors_point_everywhere():
    vectors = random_vectors(2000, 32, seed=0)
    assert vectors.mean(dim=0).norm() < 0.1
    # The mean square of a coordinate is the same along all axes, 1/32, and coordinates are not correlated.
    torch.testing.assert_close(vectors.T @ vectors / 2000, torch.eye(32) / 32, rtol=0, atol=0.006)


def test_logit_lens_by_hand(model_folder):
    model = load_model(model_folder)
    vector = torch.randn(1, 32)
    normed = vector / (vector.pow(2).mean() + model.config.rms_norm_eps).sqrt() * model.model.norm.weight
    expected = (normed @ model.lm_head.weight.T).softmax(dim=-1).sort(descending=True)
    found = logit_lens(model, vector, top=10)
    assert found.ids[0].tolist() == expected.indices[0, :10].tolist()
    torch.testing.assert_close(found.probabilities[0], expected.values[0, :10], rtol=1e-4, atol=1e-7)


def test_identity_prompts_are_the_papers():
    assert identity_prompts() == [
        "man -> man\n1135 -> 1135\nhello -> hello\n?",
        "bear -> bear\n42 -> 42\nblue -> blue\n?",
        "921 -> 921\ntarget -> target\nanna -> anna\n?",
    ]
    # Of each prompt's distribution so many tokens are looked at.
    assert SHORTLIST == 16_384


def test_patchscope_equals_one_full_forward_pass_a_vector(model_folder):
    model, tokenizer = load_model(model_folder), load_tokenizer(model_folder)
    vectors = 3 * torch.randn(7, 32)
    for text in identity_prompts():
        prompt = tokenizer(text, return_tensors="pt")["input_ids"][0]
        fast = next_token_probabilities(model, prompt, prefix_cache(model, prompt), vectors, LAYER)
        brute = torch.stack([patched_probabilities(model, prompt, vector, LAYER) for vector in vectors])
        torch.testing.assert_close(fast, brute, rtol=1e-4, atol=1e-6)


def test_patchscope_equals_nnsight(model_folder):
    model, tokenizer = load_model(model_folder), load_tokenizer(model_folder)
    vector = 3 * torch.randn(1, 32)
    prompt = tokenizer(identity_prompts()[0], return_tensors="pt")["input_ids"][0]
    traced = LanguageModel(model, tokenizer=tokenizer)
    with torch.no_grad(), traced.trace({"input_ids": prompt[None]}):
        traced.model.layers[LAYER].output[:, -1, :] = vector
        logits = traced.lm_head.output.save()
    expected = logits[:, -1].softmax(dim=-1)
    torch.testing.assert_close(
        next_token_probabilities(model, prompt, prefix_cache(model, prompt), vector, LAYER),
        expected,
        rtol=1e-4,
        atol=1e-6,
    )


def test_patchscope_reads_an_unpatched_prompt_as_the_model_does(tiny_folder):
    model, tokenizer = load_model(tiny_folder), load_tokenizer(tiny_folder)
    prompt = tokenizer(identity_prompts()[1], return_tensors="pt")["input_ids"][0]
    own = hooked_outputs(model, prompt[None], LAYER)[:, -1]
    expected = model(input_ids=prompt[None]).logits[:, -1].softmax(dim=-1)
    torch.testing.assert_close(
        next_token_probabilities(model, prompt, prefix_cache(model, prompt), own, LAYER), expected, rtol=1e-4, atol=1e-6
    )


def test_patchscope_does_not_depend_on_the_batch(tiny_folder):
    model, tokenizer = load_model(tiny_folder), load_tokenizer(tiny_folder)
    vectors = 3 * torch.randn(9, 32)
    one, many = patchscope(model, tokenizer, vectors, LAYER, 5, 1), patchscope(model, tokenizer, vectors, LAYER, 5, 9)
    assert torch.equal(one.ids, many.ids)


def test_only_tokens_on_every_shortlist_are_kept():
    first = torch.tensor([[0.4, 0.3, 0.2, 0.1]])
    second = torch.tensor([[0.1, 0.4, 0.2, 0.3]])
    third = torch.tensor([[0.2, 0.5, 0.2999, 0.0001]])
    combined = combine_prompts([first, second, third], shortlist=3)
    assert combined[0].tolist() == pytest.approx([0.0, 0.4, 0.2333, 0.0], abs=1e-4)


def test_non_finite_activations_are_refused(tiny_folder):
    model, tokenizer = load_model(tiny_folder), load_tokenizer(tiny_folder)
    model.model.layers[0].mlp.down_proj.weight[0, 0] = float("nan")
    with pytest.raises(UserError, match="not finite"):
        collect(model, windows(tokenizer, TEXTS, 2, 8), LAYER, 2, "test")


def test_the_step_reads_each_vector_through_its_own_model_at_every_scale(model_folder, adapter, tmp_path):
    """Against one call a vector: by which model, at which layer, in which place and scale its tokens stand."""
    generator = torch.Generator().manual_seed(3)
    tensors = {name: torch.randn(2, 32, generator=generator) for name in ("difference", "finetuned", "base")}
    save_file(tensors | {"target_norm": torch.tensor([9.0])}, tmp_path / "delta.safetensors")
    sizes = {"random_vectors": 3, "random_seed": 1, "cached_tokens": 6, "graded_tokens": 4, "batch_size": 5}
    settings = ReadoutSettings(scales=[0.5, 3.0], **sizes)
    readouts(settings, 0.5, tmp_path / "delta.safetensors", model_folder, adapter, tmp_path / "tokens.csv")
    found = read_token_table(tmp_path / "tokens.csv").groupby(["readout", "vector", "index", "scale"])
    base, finetuned = load_model(model_folder), load_model(model_folder, adapter)
    tokenizer = load_tokenizer(model_folder)
    read = {
        "difference": (finetuned, tensors["difference"]),
        "finetuned_mean": (finetuned, tensors["finetuned"]),
        "base_mean": (base, tensors["base"]),
        "random": (finetuned, random_vectors(3, 32, 1)),
    }
    expected = {}
    for name, (model, vectors) in read.items():
        for index, vector in enumerate(vectors):
            for sign in (1.0, -1.0):
                expected["logit_lens", name, index, sign] = logit_lens(model, sign * vector[None], 6)
            for scale in settings.scales:
                written = scale * 9 * vector[None] / vector.norm()
                expected["patchscope", name, index, scale] = patchscope(model, tokenizer, written, middle_layer(6), 4)
    assert set(found.groups) == set(expected)
    for place, rows in found:
        assert rows["token_id"].tolist() == expected[place].ids[0].tolist(), place
        assert rows["probability"].tolist() == pytest.approx(expected[place].probabilities[0].tolist(), rel=1e-3), place


def test_the_table_of_delta_by_hand(tmp_path):
    base = torch.tensor([[[3.0, 4.0]], [[3.0, 4.0]]])
    finetuned = base + torch.tensor([[[2.0, 8.0]], [[4.0, 8.0]]])
    for name, tensor, norms in (("base", base, 1.0), ("finetuned", finetuned, 7.0)):
        save_file({"activations": tensor, "norms": torch.full((2, 3), norms)}, tmp_path / f"{name}.safetensors")
    label = RunLabel(model="m", organism="o", organism_type="SDF", variant="default", seed=0)
    base, finetuned, vectors = (tmp_path / f"{name}.safetensors" for name in ("base", "finetuned", "delta"))
    delta(label, "c", base, finetuned, vectors, tmp_path / "delta.csv")
    row = read_table(tmp_path / "delta.csv").iloc[0]
    # A mean difference of (3, 8), from (3, 4) to (6, 12); the first dimension's standard error is 1.
    norms = {"difference_norm": 73**0.5, "base_norm": 5, "finetuned_norm": 180**0.5, "target_norm": 7}
    assert row[list(norms)].to_dict() == pytest.approx(norms, rel=1e-5)
    assert (row["standard_error_norm"], row["n_documents"]) == (pytest.approx(1), 2)
    assert row["split_half_cosine"] == pytest.approx((8 + 64) / (68 * 80) ** 0.5, rel=1e-5)
    assert load_file(vectors)["target_norm"].tolist() == [7]
