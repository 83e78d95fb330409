"""How much faster the lens is than the straightforward way, as ratios within one run: `make benchmark`.

A random model of SmolLM2-135M's shape, so that nothing has to be fetched; run alone on the machine.
"""

import time

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from paper_replication.lens.activations import collect
from paper_replication.lens.patchscope import next_token_probabilities, prefix_cache

pytestmark = pytest.mark.benchmark
LAYER, DOCUMENTS, WINDOW, POSITIONS = 14, 64, 128, 5


def smollm2():
    torch.manual_seed(0)
    shape = {"hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30, "vocab_size": 49152}
    heads = {"num_attention_heads": 9, "num_key_value_heads": 3, "tie_word_embeddings": True}
    return LlamaForCausalLM(LlamaConfig(**shape, **heads)).eval()


@pytest.fixture(scope="module")
def model():
    return smollm2().requires_grad_(False)


def seconds(function):
    """Median of three runs after one that warms up."""
    times = []
    for _ in range(4):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return sorted(times[1:])[1]


@torch.no_grad()
def plain_pass(model, tokens):
    for batch in tokens.split(16):
        model(input_ids=batch, output_hidden_states=True)


def plain_patches(model, prompt, vectors):
    def replace(vector):
        def hook(module, arguments, output):
            output = output.clone()
            output[:, -1] = vector
            return output

        return hook

    for vector in vectors:
        handle = model.model.layers[LAYER].register_forward_hook(replace(vector))
        with torch.no_grad():
            model(input_ids=prompt[None])
        handle.remove()


def test_collecting_delta(benchmark, model):
    tokens = torch.randint(0, 49152, (DOCUMENTS, WINDOW))
    plain = seconds(lambda: plain_pass(model, tokens))
    benchmark(lambda: collect(model, tokens[:, :POSITIONS], LAYER, DOCUMENTS, "delta"))
    benchmark.extra_info["ratio"] = plain / benchmark.stats.stats.median
    print(f"\ncollecting delta: {benchmark.extra_info['ratio']:.0f} times as fast as a plain pass over {WINDOW} tokens")


def test_patchscope_over_all_scales(benchmark, model):
    prompt, vectors = torch.randint(0, 49152, (22,)), torch.randn(30, 576)
    plain = seconds(lambda: plain_patches(model, prompt, vectors))
    benchmark(lambda: next_token_probabilities(model, prompt, prefix_cache(model, prompt), vectors, LAYER))
    benchmark.extra_info["ratio"] = plain / benchmark.stats.stats.median
    print(f"\nPatchscope, 30 scales: {benchmark.extra_info['ratio']:.1f} times as fast as a full pass a scale")
