"""The two local models that the agent may ask: the finetuned model and its base model."""

from functools import cached_property
from pathlib import Path

import torch
from safetensors import SafetensorError
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from paper_replication.errors import UserError
from paper_replication.generation import sample_answers
from paper_replication.models import load_model, load_tokenizer, middle_layer
from paper_replication.settings.agent import AgentSettings
from paper_replication.steering.generation import steered_answers


class ModelPair:
    """Answers of the finetuned and the base model; each is loaded by `load`, or when it is first asked.

    An answer depends on its prompt, strength and seed alone, not on what else was asked.
    """

    def __init__(self, settings: AgentSettings, layer: float, model: Path, adapter: Path) -> None:
        self._settings, self._layer = settings, layer
        self._model, self._adapter = model, adapter

    @cached_property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The tokenizer of both."""
        return load_tokenizer(self._model)

    @cached_property
    def base(self) -> PreTrainedModel:
        """The base model."""
        return load_model(self._model, dtype=getattr(torch, self._settings.precision))

    @cached_property
    def finetuned(self) -> PreTrainedModel:
        """The finetuned model."""
        return load_model(self._model, self._adapter, getattr(torch, self._settings.precision))

    def load(self) -> None:
        """Load both, so that what is wrong with their files is found before an agent asks them.

        Raises:
            UserError: a file is missing or damaged.
        """
        try:
            _ = self.tokenizer, self.base, self.finetuned
        except torch.OutOfMemoryError:
            raise
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            raise UserError(
                f"{self._model} with {self._adapter} cannot be loaded; make whichever is damaged again. ({error})"
            ) from error

    def _sampling(self, seed: int) -> dict[str, float | int]:
        settings = self._settings
        return {
            "new_tokens": settings.new_tokens,
            "temperature": settings.answer_temperature,
            "batch_size": 1,
            "seed": settings.seed + seed,
        }

    def answer(self, name: str, prompt: str, seed: int) -> str:
        """The unsteered answer of the "base" or the "finetuned" model."""
        return sample_answers(getattr(self, name), self.tokenizer, [prompt], **self._sampling(seed))[0]

    def steered(self, prompt: str, shift: torch.Tensor, seed: int) -> str:
        """The finetuned model's answer while a vector of shape (d_model,) is added to its residual stream."""
        model = self.finetuned
        layer = middle_layer(model.config.get_text_config().num_hidden_layers, self._layer)
        return steered_answers(model, self.tokenizer, [prompt], shift[None], layer, **self._sampling(seed))[0]
