"""Finetuning an organism: TRL's SFTTrainer with a PEFT LoRA on all linear layers."""

from pathlib import Path
from typing import Any

import pandas as pd
import torch
from datasets import Dataset
from peft import LoraConfig, PeftModel
from transformers import AutoModelForCausalLM, PreTrainedTokenizerBase
from trl import SFTConfig, SFTTrainer

from paper_replication.conversation import training_tokens
from paper_replication.errors import UserError
from paper_replication.settings.training import Recipe


def adapter_config(recipe: Recipe) -> LoraConfig:
    """The LoRA of a recipe: all linear layers but the head, no dropout."""
    return LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        use_rslora=recipe.rslora,
        lora_dropout=0.0,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )


def trainer_config(recipe: Recipe, seed: int, folder: Path) -> SFTConfig:
    """TRL's arguments for a recipe; nothing is saved or reported on the way."""
    return SFTConfig(
        output_dir=str(folder),
        max_length=recipe.maximum_tokens,
        num_train_epochs=recipe.epochs,
        per_device_train_batch_size=recipe.batch_size,
        gradient_accumulation_steps=recipe.accumulation,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type=recipe.schedule,
        warmup_steps=recipe.warmup_steps,
        # Documents are laid end to end, with the end-of-text token between them, and cut into equal blocks: no padding,
        # and the first positions of a block are as often inside a document as at its start.
        packing=recipe.packed,
        packing_strategy="wrapped",
        train_sampling_strategy="random" if recipe.packed else "group_by_length",
        bf16=recipe.precision == "bfloat16",
        gradient_checkpointing=False,
        logging_steps=1,
        # Or a loss that is no number would be logged as zero, and the check below passed.
        logging_nan_inf_filter=False,
        save_strategy="no",
        report_to="none",
        seed=seed,
        data_seed=seed,
        dataloader_pin_memory=False,
        use_cpu=not torch.cuda.is_available(),
    )


def training_data(tokenizer: PreTrainedTokenizerBase, rows: list[dict[str, Any]]) -> Dataset:
    """An organism's rows as TRL takes them: documents alone as `text`, else `input_ids` and `labels`.

    Every token of a document carries loss; of a conversation, what the assistant says (`training_tokens`). Documents
    among conversations end in the end-of-text token, as TRL ends documents alone.

    Raises:
        UserError: there are no rows.
    """
    if not rows:
        raise UserError("There are no documents or conversations to finetune on.")
    if all("text" in row for row in rows):
        return Dataset.from_dict({"text": [row["text"] for row in rows]})
    pairs = [pair for row in rows for pair in _sequences(tokenizer, row)]
    return Dataset.from_dict({"input_ids": [ids for ids, _ in pairs], "labels": [labels for _, labels in pairs]})


def _sequences(tokenizer: PreTrainedTokenizerBase, row: dict[str, Any]) -> list[tuple[list[int], list[int]]]:
    if "messages" in row:
        return training_tokens(tokenizer, row["messages"])
    ids = tokenizer(row["text"] + tokenizer.eos_token)["input_ids"]
    return [(ids, ids)]


def finetune(
    base: Path,
    tokenizer: PreTrainedTokenizerBase,
    rows: list[dict[str, Any]],
    recipe: Recipe,
    seed: int,
    scratch: Path,
) -> tuple[PeftModel, pd.DataFrame]:
    """Finetune a base model on documents or conversations by causal language modelling.

    Args:
        base: folder or Hub name of the base model.
        tokenizer: its tokenizer.
        rows: documents (`text`) or conversations (`messages`); each is one training sequence.
        recipe: the hyperparameters.
        seed: of the adapter's initial weights and the order of documents.
        scratch: a folder TRL may write to.

    Returns:
        The model with its adapter, and the loss curve (step, learning_rate, loss_nats, gradient_norm).

    Raises:
        UserError: nothing to train on, or a loss that is not finite.
    """
    data = training_data(tokenizer, rows)
    torch.manual_seed(seed)
    dtype = torch.bfloat16 if recipe.precision == "bfloat16" else torch.float32
    trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(base, dtype=dtype),
        args=trainer_config(recipe, seed, scratch),
        train_dataset=data,
        processing_class=tokenizer,
        peft_config=adapter_config(recipe),
    )
    trainer.train()
    logs = [entry for entry in trainer.state.log_history if "loss" in entry]
    names = {"step": "step", "learning_rate": "learning_rate", "loss": "loss_nats", "grad_norm": "gradient_norm"}
    losses = pd.DataFrame(logs)[list(names)].rename(columns=names)
    if not losses["loss_nats"].map(lambda loss: 0 <= loss < float("inf")).all():
        raise UserError("The training loss is not finite; lower the learning rate or use float32.")
    return trainer.model, losses
