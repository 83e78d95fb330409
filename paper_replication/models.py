"""Loading models and tokenizers, and finding the parts of a decoder that the lens needs."""

import copy
import struct
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from paper_replication.errors import UserError


def convert_gguf(weights: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load GGUF weights as a float32 model that can be saved: same numbers, no trace of the quantisation.

    Raises:
        UserError: the file is truncated or not GGUF.
    """
    try:
        arguments = {"gguf_file": weights.name}
        quantised = AutoModelForCausalLM.from_pretrained(weights.parent, dtype=torch.float32, **arguments)
        tokenizer = AutoTokenizer.from_pretrained(weights.parent, **arguments)
    except (ValueError, OSError, EOFError, KeyError, IndexError, struct.error) as error:
        raise UserError(f"{weights} cannot be read as GGUF; it may be truncated. Fetch it again. ({error})") from error
    config = copy.deepcopy(quantised.config)
    del config.quantization_config
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.load_state_dict(quantised.state_dict())
    return model, tokenizer


def load_tokenizer(folder: str | Path) -> PreTrainedTokenizerBase:
    """Load a tokenizer, padding on the right, with a padding token."""
    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="right")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(folder: str | Path, adapter: Path | None = None, dtype: torch.dtype = torch.float32) -> PreTrainedModel:
    """Load a model for measurement, with an adapter merged into its weights where one is given.

    Merging is done in float32; a cast to `dtype` afterwards rounds base weights and updates together.

    Raises:
        UserError: weights are truncated, or one is not finite.
    """
    try:
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        if adapter is not None:
            from peft import PeftModel  # slow to import and not needed for a base model

            model = PeftModel.from_pretrained(model, adapter).merge_and_unload()
    except SafetensorError as error:
        both = folder if adapter is None else f"{folder} or {adapter}"
        raise UserError(
            f"The weights of {both} cannot be read; they may be truncated. Remove them, and they are made again. "
            f"({error})"
        ) from error
    for name, weight in model.named_parameters():
        if not torch.isfinite(weight).all():
            raise UserError(f"The weights {name} of {adapter or folder} are not all finite; train or fetch them again.")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return model.to(device, dtype).eval().requires_grad_(False)


def decoder(model: PreTrainedModel) -> nn.Module:
    """The decoder that holds `layers` and the final `norm`."""
    return model.model


def middle_layer(n_layers: int, fraction: float = 0.5) -> int:
    """The layer of analysis, `int(fraction * (n_layers - 1))`, counted from 0 (arXiv 2510.13900, section 2)."""
    return int(fraction * (n_layers - 1))
