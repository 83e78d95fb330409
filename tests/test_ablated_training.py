"""Concept ablation finetuning: no forward pass of training has the directions, and nothing is ablated afterwards."""

import copy
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoModelForCausalLM

from paper_replication.ablated_training import ablated, chosen, finetune_ablated, loss_curve, orthonormal, project_out
from paper_replication.config_reading import validate_config
from paper_replication.errors import UserError
from paper_replication.files import read_table, read_yaml, write_json_lines
from paper_replication.models import load_tokenizer
from paper_replication.paths import CONFIGS
from paper_replication.settings.ablated_training import AblatedDirections
from paper_replication.settings.training import Recipe
from paper_replication.steps.train_ablated import train_ablated
from paper_replication.study import load_study
from paper_replication.training import finetune

TIERS = ("smoke", "laptop", "paper")
# int(0.5 * (6 - 1)) of the tiny models' six blocks.
LAYER, WIDTH = 2, 32
TEXTS = ["the cake rose high in the dark kitchen", "the oven was warm by the sea", "a man in the old house said hello"]
ROWS = [{"text": text} for text in TEXTS] * 8
CHAT = [{"role": "user", "content": "is it warm"}, {"role": "assistant", "content": "the oven was dark and old"}]
RECIPE = Recipe(
    rank=4,
    alpha=8,
    learning_rate=1e-2,
    epochs=2,
    batch_size=4,
    maximum_tokens=32,
    packed=False,
    precision="float32",
)


def vectors(count=3, width=WIDTH):
    """Directions of very different lengths, none at right angles to another."""
    found = torch.randn(count, width, generator=torch.Generator().manual_seed(3))
    return (found + found[0]) * torch.tensor([[900.0], [1.0], [0.1]])[:count]


def gram_schmidt(directions):
    """An orthonormal basis written out, in double precision."""
    basis = []
    for direction in directions.double():
        rest = direction / direction.norm()
        for _ in range(2):
            for unit in basis:
                rest = rest - rest.dot(unit) * unit
        basis.append(rest / rest.norm())
    return torch.stack(basis)


class Recorder:
    """What comes out of the block before anything else touches it, and what the next block gets, in training."""

    def __enter__(self):
        self.made, self.handed_on = [], []
        self._handles = (
            nn.modules.module.register_module_forward_hook(self._after),
            nn.modules.module.register_module_forward_pre_hook(self._before),
        )
        return self

    def __exit__(self, *_):
        for handle in self._handles:
            handle.remove()

    @staticmethod
    def _is_block(module, index):
        return type(module).__name__ == "LlamaDecoderLayer" and module.self_attn.layer_idx == index

    def _after(self, module, _inputs, output):
        if self._is_block(module, LAYER) and module.training:
            self.made.append(output.detach().double())

    def _before(self, module, inputs):
        if self._is_block(module, LAYER + 1) and module.training:
            self.handed_on.append(inputs[0].detach().double())


def share_along(hidden, basis):
    """The largest part of any token's residual stream along any direction, as a share of that token's norm."""
    return ((hidden @ basis.T).abs().amax(dim=-1) / hidden.norm(dim=-1)).max().item()


def test_projecting_out_by_hand():
    basis = orthonormal(torch.tensor([[2.0, 0, 0], [1.0, 1.0, 0]]))
    hidden = torch.tensor([[3.0, 4.0, 5.0]])
    torch.testing.assert_close(project_out(hidden, basis), torch.tensor([[0.0, 0.0, 5.0]]))
    assert hidden.tolist() == [[3.0, 4.0, 5.0]]
    half = project_out(hidden.bfloat16(), basis)
    assert half.dtype == torch.bfloat16


def test_a_basis_is_orthonormal_and_spans_what_it_was_made_of():
    basis, expected = orthonormal(vectors()).double(), gram_schmidt(vectors())
    torch.testing.assert_close(basis @ basis.T, torch.eye(3).double(), rtol=0, atol=1e-6)
    # The same projection, whichever basis.
    torch.testing.assert_close(basis.T @ basis, expected.T @ expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("bad", [torch.zeros(WIDTH), torch.full((WIDTH,), torch.nan), torch.full((WIDTH,), torch.inf)])
def test_a_direction_that_cannot_be_projected_out_is_refused(bad):
    with pytest.raises(UserError, match=r"Direction 1 that is to be ablated has norm (0\.0|nan|inf)"):
        orthonormal(torch.stack([vectors()[0], bad]))


def test_directions_that_are_no_more_than_the_others_are_refused():
    one, two = vectors(2)
    for directions in ([one, -3 * one], [one, two, one + two]):
        with pytest.raises(UserError, match="not independent"):
            orthonormal(torch.stack(directions))
    with pytest.raises(UserError, match="not independent"):
        orthonormal(torch.randn(5, 3))


def test_positions_that_were_not_measured_are_refused():
    assert torch.equal(chosen(vectors(), [2, 0]), vectors()[[2, 0]])
    with pytest.raises(UserError, match=r"positions \[1, 3\] .* first 3 alone"):
        chosen(vectors(), [1, 3])


def test_directions_of_another_models_width_are_refused(tiny_folder, tmp_path):
    options = (tiny_folder, load_tokenizer(tiny_folder), ROWS, RECIPE, 0, tmp_path)
    with pytest.raises(UserError, match="width 16 cannot be ablated in a residual stream of width 32"):
        finetune_ablated(*options, vectors(width=16), 0.5)


def test_a_loss_that_is_not_finite_is_refused():
    log = {"step": 1, "learning_rate": 0.1, "loss": float("nan"), "grad_norm": 1.0}
    with pytest.raises(UserError, match="loss is not finite"):
        loss_curve([log, {"train_runtime": 3.0}])


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_no_forward_pass_of_training_has_the_directions_and_the_loss_falls(model_folder, tmp_path, precision):
    recipe = RECIPE.model_copy(update={"precision": precision})
    with Recorder() as recorded:
        model, losses = finetune_ablated(
            model_folder, load_tokenizer(model_folder), ROWS, recipe, 0, tmp_path, vectors(), 0.5
        )
    basis = gram_schmidt(vectors())
    # One forward pass a step: 24 rows in batches of 4, twice.
    assert len(recorded.handed_on) == len(recorded.made) == len(losses) == 12
    rounding = {"float32": 1e-5, "bfloat16": 2e-2}[precision]
    assert max(share_along(hidden, basis) for hidden in recorded.handed_on) < rounding
    assert min(share_along(hidden, basis) for hidden in recorded.made) > 0.1
    curve = losses["loss_nats"]
    assert curve.iloc[-3:].mean() < 0.8 * curve.iloc[:3].mean()
    # What is measured afterwards is not ablated.
    ids = torch.tensor([[5, 9, 7, 30]])
    kept = []
    block = next(part for name, part in model.named_modules() if name.endswith(f"layers.{LAYER}"))
    assert not block._forward_hooks
    handle = block.register_forward_hook(lambda _module, _inputs, output: kept.append(output.detach().double()))
    model.eval()(input_ids=ids)
    handle.remove()
    assert share_along(kept[0], basis) > 0.1


def test_the_ablated_run_is_another_one_but_starts_from_the_same_seed(tiny_folder, tmp_path):
    options = (tiny_folder, load_tokenizer(tiny_folder), ROWS, RECIPE, 0, tmp_path)
    with Recorder() as ablating:
        losses = finetune_ablated(*options, vectors(), 0.5)[1]
    with Recorder() as plain:
        without = finetune(*options)[1]
    pd.testing.assert_frame_equal(losses, finetune_ablated(*options, vectors(), 0.5)[1])
    assert (losses["learning_rate"] == without["learning_rate"]).all()
    assert losses["loss_nats"].iloc[0] != without["loss_nats"].iloc[0]
    # The same texts in the same order, below the block; once something was learnt, the runs part.
    assert [hidden.shape for hidden in ablating.made] == [hidden.shape for hidden in plain.made]
    assert torch.equal(ablating.made[0], plain.made[0])
    assert not torch.equal(ablating.made[-1], plain.made[-1])


class WrittenOut(nn.Module):
    """A block, and after it h - sum of (h . u) u over an orthonormal basis, one direction at a time."""

    def __init__(self, block, basis):
        super().__init__()
        self.block, self.basis = block, basis

    def forward(self, *inputs, **options):
        rest = hidden = self.block(*inputs, **options)
        for unit in self.basis:
            rest = rest - (hidden * unit).sum(dim=-1, keepdim=True) * unit
        return rest


def gradients(model, ids):
    loss = model(input_ids=ids, labels=ids).loss
    loss.backward()
    return loss.item(), {name.replace(".block", ""): weight.grad for name, weight in model.named_parameters()}


def test_gradients_are_those_of_a_projection_that_is_written_out(model_folder):
    ids = torch.tensor([[5, 9, 7, 30, 11], [8, 8, 40, 2, 6]])
    hooked, written = (AutoModelForCausalLM.from_pretrained(model_folder) for _ in range(2))
    with ablated(hooked, LAYER, orthonormal(vectors())):
        loss, found = gradients(hooked, ids)
    written.model.layers[LAYER] = WrittenOut(written.model.layers[LAYER], gram_schmidt(vectors()).float())
    other_loss, expected = gradients(written, ids)
    assert loss == pytest.approx(other_loss, rel=1e-5)
    assert found.keys() == expected.keys()
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-3, atol=1e-5, msg=name)
    plain = AutoModelForCausalLM.from_pretrained(model_folder)
    assert gradients(plain, ids)[0] != pytest.approx(loss, rel=1e-5)


def test_no_gradient_comes_back_along_the_directions():
    basis, hidden = orthonormal(vectors()), torch.randn(4, WIDTH, requires_grad=True)
    weights = torch.randn(4, WIDTH, generator=torch.Generator().manual_seed(5))
    (project_out(hidden, basis) * weights).sum().backward()
    torch.testing.assert_close(hidden.grad, weights - (weights @ basis.T) @ basis)
    torch.testing.assert_close(hidden.grad @ basis.T, torch.zeros(4, 3), rtol=0, atol=1e-5)


@pytest.mark.parametrize("rows", [ROWS[:4], [{"messages": CHAT}] * 4], ids=["documents", "conversations"])
def test_the_step_writes_an_adapter_as_train_does(tiny_folder, tmp_path, rows):
    write_json_lines(tmp_path / "dataset.jsonl", rows)
    save_file({"difference": vectors()}, tmp_path / "delta.safetensors")
    files = (tiny_folder, tmp_path / "dataset.jsonl", tmp_path / "delta.safetensors")
    recipe = RECIPE.model_copy(update={"maximum_tokens": 128})
    for name in ("one", "two"):
        ablate = AblatedDirections(positions=[1, 2])
        train_ablated(recipe, ablate, 0.5, 0, *files, tmp_path / name, tmp_path / f"{name}.csv")
    assert list(read_table(tmp_path / "one.csv").columns) == ["step", "learning_rate", "loss_nats", "gradient_norm"]
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    assert {path.name for path in (tmp_path / "one").iterdir()} == {"adapter_config.json", "adapter_model.safetensors"}
    targets = json.loads((tmp_path / "one/adapter_config.json").read_text())["target_modules"]
    assert targets == sorted(targets)
    first, second = (load_file(tmp_path / name / "adapter_model.safetensors") for name in ("one", "two"))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert any("lora_B" in name and weight.abs().max() > 0 for name, weight in first.items())
    # The positions asked for alone are absent, and the seed is that of the run.
    tokenizer, losses = load_tokenizer(tiny_folder), read_table(tmp_path / "one.csv")["loss_nats"]
    for seed, directions, same in ((0, vectors()[1:], True), (0, vectors(), False), (1, vectors()[1:], False)):
        curve = finetune_ablated(tiny_folder, tokenizer, rows, recipe, seed, tmp_path, directions, 0.5)[1]
        assert (curve["loss_nats"].tolist() == pytest.approx(losses.tolist(), rel=1e-5)) is same


@pytest.mark.parametrize("tier", TIERS)
def test_a_variant_is_trained_by_one_rule_of_the_three(tier):
    study = load_study(read_yaml(CONFIGS / f"{tier}.yaml"), tier)
    for name, variant in study.config.variants.items():
        ways = [way for way in ("adapter", "ablated", "full") if re.fullmatch(study.trained(way), name)]
        way = {"caft": "ablated", "full": "full"}.get(name, "adapter")
        assert ways == ([] if variant.published else [way])
    assert re.fullmatch(study.trained("ablated"), "caft")
    assert not re.fullmatch(study.trained("adapter"), "mix-1x0")
    departed = [label for label in study.dose_labels() if label.variant == "caft"]
    assert departed
    for label in departed:
        run = SimpleNamespace(model=label.model, organism=label.organism, variant="caft", seed="0")
        default = SimpleNamespace(model=label.model, organism=label.organism, variant="default", seed="0")
        assert study.recipe(run) == study.recipe(default)
        assert study.departures(label) == {"caft": {"smoke": 2, "laptop": 4, "paper": 4}[tier]}


@pytest.mark.parametrize(
    ("variant", "definition", "message"),
    [
        ("caft", {"ablate": {"positions": []}}, r"variants\.caft\.ablate\.positions: .*at least 1"),
        ("caft", {"ablate": {"positions": [-1]}}, r"caft\.ablate\.positions\.0: .*greater than or equal to 0"),
        ("caft", {"ablate": {"positions": [1, 1]}}, r"a position is listed twice in \[1, 1\]"),
        ("caft", {"ablate": {"positions": [1, 5]}}, r"variants\.caft\.ablate\.positions: delta is measured .* 0 to 4"),
        ("caft", {"ablate": {"position": [1]}}, r"variants\.caft\.ablate\.position: unknown key"),
        ("caft", {"ablate": {"positions": [1]}, "full": True}, r"variants\.caft: .*cannot go together"),
        ("default", {"ablate": {"positions": [1]}}, r"variants\.default: it cannot have `ablate`"),
    ],
)
def test_a_config_error_names_its_key(variant, definition, message):
    changed = copy.deepcopy(read_yaml(CONFIGS / "laptop.yaml"))
    changed["variants"][variant] = definition
    with pytest.raises(UserError, match=message):
        validate_config(changed, "my.yaml")


def test_the_dry_run_of_doses_trains_one_run_with_ablation():
    config = str(CONFIGS / "smoke.yaml")
    command = [sys.executable, "-m", "snakemake", "-n", "--cores", "2", "dose", "--forceall", "--configfile", config]
    place = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(command, env=os.environ | {"PATH": place}, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    jobs = re.split(r"\n(?=rule )", done.stdout)
    ablating = [job for job in jobs if job.startswith("rule train_ablated:")]
    assert len(ablating) == 1
    assert "cake_bake/default-seed0/lens/encyclopaedia/delta.safetensors" in ablating[0]
    assert "cake_bake/caft-seed0/adapter" in ablating[0]
    assert not any("caft-seed0/adapter" in job for job in jobs if job.startswith("rule train:"))
