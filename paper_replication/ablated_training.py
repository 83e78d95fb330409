"""Concept ablation finetuning (CAFT, arXiv 2507.16795): directions are absent from the residual stream in training.

What is finetuned so cannot be told along these directions; nothing is ablated when the adapter is used. Here they are
the differences that the same organism's default finetuning left (arXiv 2510.13900, cures).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from peft import PeftModel
from torch import nn
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerBase
from trl import SFTTrainer

from paper_replication.errors import UserError
from paper_replication.models import decoder, middle_layer
from paper_replication.settings.training import Recipe
from paper_replication.training import adapter_config, trainer_config, training_data

# Unit vectors whose smallest singular value is below this add a direction that is rounding alone.
DEPENDENT = 1e-4


def chosen(difference: torch.Tensor, positions: list[int]) -> torch.Tensor:
    """delta_bar_j of some positions, shape (positions, d_model).

    Args:
        difference: delta_bar_j of every position that it was measured at, shape (measured, d_model).
        positions: the j that are wanted.

    Raises:
        UserError: delta was not measured at one of them.
    """
    if max(positions) >= len(difference):
        raise UserError(
            f"Directions of the positions {positions} are to be ablated, but delta was measured at the first "
            f"{len(difference)} alone: list fewer under `ablate`, or raise activations.positions."
        )
    return difference[positions]


def orthonormal(directions: torch.Tensor) -> torch.Tensor:
    """An orthonormal basis of what some directions span.

    Args:
        directions: shape (directions, d_model), of any length but zero.

    Returns:
        Rows of unit length at right angles to one another, shape (directions, d_model), float32.

    Raises:
        UserError: a direction is zero or not finite, or is made of the others up to rounding.
    """
    exact = directions.double()
    norms = exact.norm(dim=-1, keepdim=True)
    for place, norm in enumerate(norms[:, 0].tolist()):
        if not 0 < norm < float("inf"):
            raise UserError(
                f"Direction {place} that is to be ablated has norm {norm}, so that it cannot be projected out; "
                "measure delta of the default run again."
            )
    # Of unit length first: beside one of the attention sink's length the others would seem to be nothing.
    _, values, basis = torch.linalg.svd(exact / norms, full_matrices=False)
    if len(values) < len(directions) or values[-1] < DEPENDENT:
        raise UserError("The directions that are to be ablated are not independent; list fewer positions of `ablate`.")
    return basis.float()


def project_out(hidden: torch.Tensor, basis: torch.Tensor) -> torch.Tensor:
    """(I - P) h, with P the projection on an orthonormal basis.

    Args:
        hidden: h, shape (..., d_model), any floating-point dtype; it is left as it is.
        basis: shape (directions, d_model), float32.

    Returns:
        As `hidden` in shape and dtype; computed in float32, so that what remains along the basis is rounding alone.
    """
    # Mixed precision would multiply these matrices in bfloat16, whose rounding leaves a trace of the directions.
    with torch.autocast(hidden.device.type, enabled=False):
        exact = hidden.float()
        return (exact - (exact @ basis.T) @ basis).to(hidden.dtype)


@contextmanager
def ablated(model: PreTrainedModel, layer: int, basis: torch.Tensor) -> Iterator[None]:
    """Project a basis out of the residual stream at a block's output, in every forward pass within this context.

    Gradients flow through the projection: of what the block and those below add along the basis, none comes back.

    Args:
        model: the model; an adapter may be put on it within this context.
        layer: the block, counted from 0.
        basis: orthonormal rows, shape (directions, d_model), float32.

    Raises:
        UserError: the basis is not as wide as the residual stream.
    """
    width = model.config.get_text_config().hidden_size
    if basis.shape[-1] != width:
        raise UserError(
            f"Directions of width {basis.shape[-1]} cannot be ablated in a residual stream of width {width}: they are "
            "of another model."
        )

    def hook(_block: nn.Module, _inputs: tuple[Any, ...], output: torch.Tensor) -> torch.Tensor:
        return project_out(output, basis.to(output.device))

    handle = decoder(model).layers[layer].register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


def finetune_ablated(
    base: Path,
    tokenizer: PreTrainedTokenizerBase,
    rows: list[dict[str, Any]],
    recipe: Recipe,
    seed: int,
    scratch: Path,
    directions: torch.Tensor,
    depth: float,
) -> tuple[PeftModel, pd.DataFrame]:
    """Finetune as `training.finetune` does, but with directions absent from the residual stream at one layer.

    Args:
        base: folder or Hub name of the base model.
        tokenizer: its tokenizer.
        rows: documents (`text`) or conversations (`messages`).
        recipe: the hyperparameters.
        seed: of the adapter's initial weights and the order of documents, both as in the run without ablation.
        scratch: a folder TRL may write to.
        directions: what is ablated, shape (directions, d_model).
        depth: the layer as a fraction of depth, as the lens takes it.

    Returns:
        The model with its adapter, which ablates nothing any more, and the loss curve (step, learning_rate, loss_nats,
        gradient_norm) under ablation.

    Raises:
        UserError: nothing to train on, directions that cannot be ablated, or a loss that is not finite.
    """
    basis, data = orthonormal(directions), training_data(tokenizer, rows)
    torch.manual_seed(seed)
    dtype = torch.bfloat16 if recipe.precision == "bfloat16" else torch.float32
    model = AutoModelForCausalLM.from_pretrained(base, dtype=dtype)
    layer = middle_layer(model.config.get_text_config().num_hidden_layers, depth)
    with ablated(model, layer, basis):
        trainer = SFTTrainer(
            model=model,
            args=trainer_config(recipe, seed, scratch),
            train_dataset=data,
            processing_class=tokenizer,
            peft_config=adapter_config(recipe),
        )
        trainer.train()
    return trainer.model, loss_curve(trainer.state.log_history)


def loss_curve(history: list[dict[str, float]]) -> pd.DataFrame:
    """The losses that a trainer logged, one row a step; one that is not finite is a UserError."""
    names = {"step": "step", "learning_rate": "learning_rate", "loss": "loss_nats", "grad_norm": "gradient_norm"}
    losses = pd.DataFrame([entry for entry in history if "loss" in entry])[list(names)].rename(columns=names)
    if not losses["loss_nats"].map(lambda loss: 0 <= loss < float("inf")).all():
        raise UserError("The training loss is not finite; lower the learning rate or use float32.")
    return losses
