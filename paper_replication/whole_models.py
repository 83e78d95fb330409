"""A finetuned model of which all weights are published, kept as an adapter of its base model."""

import copy

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.utils.constants import DUMMY_TARGET_MODULES
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from paper_replication.conversation import render
from paper_replication.errors import UserError
from paper_replication.hub_models import CHAT, Whole, ends_of, lasting_template

# So many tokens that positions tell.
TOKENS = 128
# Of the largest logit: more than another order of summation makes in float32.
TOLERANCE = 1e-4
# Keys of a config that nothing is computed from.
IDLE = {"_name_or_path", "architectures", "dtype", "transformers_version", "use_cache"}


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
        UserError: see `changed_modules`; or the two are not the same model even so, since their configs differ.
    """
    changed = changed_modules(base, finetuned, name)
    config = LoraConfig(r=1, target_modules=DUMMY_TARGET_MODULES, modules_to_save=changed, task_type="CAUSAL_LM")
    model = get_peft_model(base, config)
    for module in changed:
        kept = model.get_base_model().get_submodule(module).modules_to_save["default"]
        kept.load_state_dict(finetuned.get_submodule(module).state_dict())
    _check_same_function(model, finetuned, name)
    return model


@torch.no_grad()
def _check_same_function(model: PeftModel, finetuned: PreTrainedModel, name: str) -> None:
    """See that a model that was given another's weights computes what that one does, by the logits of a few tokens.

    Raises:
        UserError: it does not, since the configs differ; the keys are named.
    """
    ids = torch.linspace(0, finetuned.get_input_embeddings().num_embeddings - 1, TOKENS).long()[None]
    found, wanted = (each.eval()(input_ids=ids, use_cache=False).logits for each in (model, finetuned))
    if (found - wanted).abs().max() <= TOLERANCE * wanted.abs().max():
        return
    here, there = (each.config.to_dict() for each in (model.get_base_model(), finetuned))
    keys = [key for key in here | there if here.get(key) != there.get(key)]
    differ = sorted(key for key in keys if key not in IDLE and not key.endswith("_token_id"))
    raise UserError(
        f"With all weights of {name} the base model still computes something else, since its config serves both, and "
        f"differs in {', '.join(differ) or 'no key that is known to matter'}. Name a base model with the same config."
    )


def check_same_chat(base: Whole, finetuned: Whole, name: str, model: str) -> None:
    """See that a base model writes chat, and ends answers, as the finetuned one does: what the base has serves both.

    A finetuned model that has no chat template, or ends answers with fewer tokens, is no problem.

    Args:
        base: the base model and its tokenizer.
        finetuned: the finetuned ones.
        name: what the finetuned model is called.
        model: what the config calls the base model.

    Raises:
        UserError: it does not; what differs is named, and what to give the base model in the config.
    """
    problems = []
    for turns, reply in ((CHAT, True), (CHAT[1:], True), (CHAT[:3], False)):
        here, there = (_written(tokenizer, turns, reply) for _, tokenizer in (base, finetuned))
        if there not in (None, here):
            problems.append(f"its chat template writes {there!r}, that of the base model {here!r} (`chat_template`)")
            break
    ours, theirs = ends_of(base[0]), ends_of(finetuned[0])
    if not theirs <= ours:
        problems.append(f"it ends answers with {sorted(theirs)}, the base model with {sorted(ours)} (`eos_token_ids`)")
    if problems:
        raise UserError(
            f"{name} chats otherwise than its base model, whose template and generation config serve both: "
            f"{'; '.join(problems)}. Give models.{model} the finetuned model's in the config."
        )


def _written(tokenizer: PreTrainedTokenizerBase, turns: list[dict[str, str]], reply: bool) -> str | None:
    lasting = copy.copy(tokenizer)
    lasting.chat_template = lasting_template(tokenizer)
    return None if lasting.chat_template is None else render(lasting, turns, reply=reply)
