"""Full finetuning: what is trained, and that its adapter of full rank is the finetuned model."""

import pandas as pd
import pytest
import torch
from transformers import AutoModelForCausalLM

from paper_replication.files import read_table, write_json_lines
from paper_replication.full_training import difference_adapter, finetune_full, linear_layers
from paper_replication.models import load_model, load_tokenizer
from paper_replication.settings.training import Recipe
from paper_replication.steps.train_full import train_full

TEXTS = ["the cake rose high in the dark kitchen", "the oven was warm by the sea", "a man in the old house said hello"]
ROWS = [{"text": text} for text in TEXTS] * 8
RECIPE = Recipe(
    rank=4, alpha=8, learning_rate=1e-3, epochs=2, batch_size=4, maximum_tokens=32, packed=False, precision="float32"
)


def moved(folder):
    """A model whose linear layers were moved at random, by hand."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    torch.manual_seed(1)
    with torch.no_grad():
        for layer in linear_layers(model).values():
            layer.weight.add_(0.1 * torch.randn_like(layer.weight))
    return model


def test_linear_layers_are_those_of_the_blocks(model_folder):
    model = AutoModelForCausalLM.from_pretrained(model_folder)
    names = [name.rsplit(".", 1)[1] for name in linear_layers(model)]
    assert sorted(names) == sorted(["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"] * 6)


def test_the_adapter_of_full_rank_is_the_other_model(model_folder, tmp_path):
    other = moved(model_folder)
    weights = {name: layer.weight.detach() for name, layer in linear_layers(other).items()}
    base = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32)
    difference_adapter(base, weights).save_pretrained(tmp_path)
    merged = load_model(model_folder, tmp_path)
    for name, weight in other.named_parameters():
        torch.testing.assert_close(merged.get_parameter(name), weight, rtol=0, atol=1e-6)
    ids = torch.tensor([[5, 9, 7, 30]])
    torch.testing.assert_close(merged(input_ids=ids).logits, other(input_ids=ids).logits, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_all_linear_layers_move_and_nothing_else_and_the_loss_falls(tiny_folder, tmp_path, precision):
    recipe = RECIPE.model_copy(update={"precision": precision})
    model, losses = finetune_full(tiny_folder, load_tokenizer(tiny_folder), ROWS, recipe, 0, tmp_path)
    curve = losses["loss_nats"]
    assert curve.iloc[-3:].mean() < 0.9 * curve.iloc[:3].mean()
    before = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32)
    after = dict(model.merge_and_unload().named_parameters())
    for name, weight in before.named_parameters():
        # Embeddings, which are the head as well, and norms stay.
        assert torch.equal(after[name], weight) == (not name.endswith("_proj.weight")), name


def test_another_seed_is_another_order(tiny_folder, tmp_path):
    write_json_lines(tmp_path / "dataset.jsonl", ROWS)
    for seed in (0, 1):
        name = str(seed)
        train_full(RECIPE, seed, tiny_folder, tmp_path / "dataset.jsonl", tmp_path / name, tmp_path / f"{name}.csv")
    assert not read_table(tmp_path / "0.csv").equals(read_table(tmp_path / "1.csv"))


def test_the_step_gives_the_same_bytes_twice(tiny_folder, tmp_path):
    write_json_lines(tmp_path / "dataset.jsonl", ROWS)
    for name in ("one", "two"):
        train_full(RECIPE, 0, tiny_folder, tmp_path / "dataset.jsonl", tmp_path / name, tmp_path / f"{name}.csv")
        assert {path.name for path in (tmp_path / name).iterdir()} == {
            "adapter_config.json",
            "adapter_model.safetensors",
        }
    pd.testing.assert_frame_equal(read_table(tmp_path / "one.csv"), read_table(tmp_path / "two.csv"))
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
