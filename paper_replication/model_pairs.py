"""A finetuned model of which all weights are published, kept as an adapter of its base model."""

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.utils.constants import DUMMY_TARGET_MODULES
from transformers import PreTrainedModel

from paper_replication.errors import UserError


def _weights(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    """All weights by name; one that has two names, as of tied embeddings, by both."""
    return dict(model.named_parameters(remove_duplicate=False))


def changed_modules(base: PreTrainedModel, finetuned: PreTrainedModel, name: str) -> list[str]:
    """The modules whose own weights differ, by name.

    Args:
        base: the base model.
        finetuned: the model that was finetuned from it, in the same precision.
        name: what the finetuned model is called.

    Raises:
        UserError: a weight is in one model alone or of another shape, or no weight differs.
    """
    ours, theirs = _weights(base), _weights(finetuned)
    for weight in sorted(ours.keys() | theirs.keys()):
        here, there = (tuple(model[weight].shape) if weight in model else None for model in (ours, theirs))
        if here != there:
            raise UserError(
                f"{name} does not belong to the base model: the shape of {weight} is {there}, there it is {here}."
            )
    changed = {weight.rpartition(".")[0] for weight in ours if not torch.equal(ours[weight], theirs[weight])}
    if not changed:
        raise UserError(f"All weights of {name} are those of the base model: there is nothing to measure.")
    return sorted(changed)


def replacing_adapter(base: PreTrainedModel, finetuned: PreTrainedModel, name: str) -> PeftModel:
    """A base model with an adapter that puts another model's modules, as they are, in the place of those that differ.

    Linear layers, embeddings, norms and the head alike, so that base model and adapter together are that model exactly.

    Args:
        base: the base model; it becomes part of the result.
        finetuned: see `changed_modules`.
        name: what the finetuned model is called.

    Raises:
        UserError: see `changed_modules`.
    """
    changed = changed_modules(base, finetuned, name)
    config = LoraConfig(r=1, target_modules=DUMMY_TARGET_MODULES, modules_to_save=changed, task_type="CAUSAL_LM")
    model = get_peft_model(base, config)
    for module in changed:
        kept = model.get_base_model().get_submodule(module).modules_to_save["default"]
        kept.load_state_dict(finetuned.get_submodule(module).state_dict())
    return model
