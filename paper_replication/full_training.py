"""Full finetuning of all linear layers, kept as an adapter of full rank, which is measured as any other adapter is."""

from pathlib import Path
from typing import Any

import pandas as pd
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import nn
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerBase
from trl import SFTTrainer

from paper_replication.ablated_training import loss_curve
from paper_replication.settings.training import Recipe
from paper_replication.training import trainer_config, training_data


def linear_layers(model: PreTrainedModel) -> dict[str, nn.Linear]:
    """All linear layers but the head, by name: those that a LoRA adapts."""
    head = model.get_output_embeddings()
    return {name: layer for name, layer in model.named_modules() if isinstance(layer, nn.Linear) and layer is not head}


def difference_adapter(base: PreTrainedModel, weights: dict[str, torch.Tensor]) -> PeftModel:
    """A base model with a LoRA whose product is, exactly, the difference to other weights of its linear layers.

    Of B A, of rank min(d_out, d_in), the smaller factor is the identity and the other the difference.

    Args:
        base: the base model, float32; it becomes part of the result.
        weights: the weights of linear layers by name, float32, shape (d_out, d_in).
    """
    originals = {name: base.get_submodule(name).weight.detach().clone() for name in weights}
    ranks = {name: min(weight.shape) for name, weight in weights.items()}
    config = LoraConfig(
        r=max(ranks.values()),
        lora_alpha=max(ranks.values()),
        rank_pattern=ranks,
        alpha_pattern=ranks,
        target_modules=list(weights),
        task_type="CAUSAL_LM",
    )
    model = get_peft_model(base, config)
    with torch.no_grad():
        for name, weight in weights.items():
            layer, difference = model.get_base_model().get_submodule(name), weight - originals[name]
            d_out, d_in = difference.shape
            a, b = (difference, torch.eye(d_out)) if d_out <= d_in else (torch.eye(d_in), difference)
            layer.lora_A["default"].weight.copy_(a)
            layer.lora_B["default"].weight.copy_(b)
    return model


def finetune_full(
    base: Path,
    tokenizer: PreTrainedTokenizerBase,
    rows: list[dict[str, Any]],
    recipe: Recipe,
    seed: int,
    scratch: Path,
) -> tuple[PeftModel, pd.DataFrame]:
    """Finetune as `training.finetune` does, but every weight of the linear layers, in float32.

    Embeddings, norms, biases and the head stay as they are, as with a LoRA (arXiv 2510.13900, full finetuning).

    Args:
        base: folder or Hub name of the base model.
        tokenizer: its tokenizer.
        rows: documents (`text`) or conversations (`messages`).
        recipe: the hyperparameters; `precision` is that of the matrix products, rank and alpha say nothing here.
        seed: of the order of documents.
        scratch: a folder TRL may write to.

    Returns:
        The base model with an adapter of full rank, and the loss curve (step, learning_rate, loss_nats, gradient_norm).

    Raises:
        UserError: nothing to train on, or a loss that is not finite.
    """
    data = training_data(tokenizer, rows)
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32).requires_grad_(False)
    layers = linear_layers(model)
    for layer in layers.values():
        layer.weight.requires_grad_(True)
    trainer = SFTTrainer(
        model=model, args=trainer_config(recipe, seed, scratch), train_dataset=data, processing_class=tokenizer
    )
    trainer.train()
    weights = {name: layer.weight.detach().float().cpu() for name, layer in layers.items()}
    original = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    return difference_adapter(original, weights), loss_curve(trainer.state.log_history)
