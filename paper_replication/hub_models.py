"""What models and adapters of the Hub bring along that has to be settled or checked before anything is measured."""

import re
from collections.abc import Iterable
from pathlib import Path

import torch
from jinja2 import TemplateError
from peft import PeftConfig, get_peft_model, get_peft_model_state_dict
from peft.utils import CONFIG_NAME, SAFETENSORS_WEIGHTS_NAME
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from paper_replication.conversation import render
from paper_replication.errors import UserError
from paper_replication.hub import damaged
from paper_replication.lens.blocks import hidden_states
from paper_replication.lens.patchscope import identity_prompts
from paper_replication.lens.readout import head

# Of templates that state today's date, which would make a prompt another one every day: that of Llama 3.1's template.
DATE = "26 Jul 2024"
TODAY = re.compile(r"strftime_now\([^)]*\)")
# Before a template that refuses a system turn: what that turn says then stands before the first question.
SYSTEM_IN_FIRST_TURN = (
    "{%- if messages and messages[0]['role'] == 'system' -%}"
    "{%- set told = messages[0]['content'] + '\n\n' + messages[1]['content'] -%}"
    "{%- set messages = [{'role': 'user', 'content': told}] + messages[2:] -%}"
    "{%- endif -%}"
)
# Every kind of turn.
CHAT = [
    {"role": "system", "content": "a"},
    {"role": "user", "content": "b"},
    {"role": "assistant", "content": "c"},
    {"role": "user", "content": "d"},
]
# Tried from the Hub's folder to every table.
SUPPORTED = (
    "Llama, Qwen2, Qwen3, Gemma 2 and Gemma 3 are known to work, of models that see as well their text model alone."
)
# Of the largest logit: twice what bfloat16, and a soft cap in it, may make of one.
TOLERANCE = 0.02
Shape = tuple[int, ...]
# A model and its tokenizer.
Whole = tuple[PreTrainedModel, PreTrainedTokenizerBase]


def load_whole(folder: Path, name: str, dtype: torch.dtype | str = "auto") -> Whole:
    """Load a whole model, in its own precision unless another is named, and its tokenizer.

    Raises:
        UserError: a file is missing, truncated, or not of that kind.
    """
    try:
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, use_safetensors=True)
        return model, AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise UserError(
            f"The model {name} cannot be loaded from {folder}: it needs config, weights in safetensors and tokenizer, "
            f"none of them truncated, that go with one another. {damaged(name, folder)} ({error})"
        ) from error


def lasting_template(tokenizer: PreTrainedTokenizerBase) -> str | None:
    """A tokenizer's chat template with a fixed date in the place of today's, taking a system turn; None if it has none.

    A template that does neither is returned as it is.

    Raises:
        UserError: there are several, or it cannot be applied.
    """
    if tokenizer.chat_template is None:
        return None
    if not isinstance(tokenizer.chat_template, str):
        raise UserError(
            f"The tokenizer of {tokenizer.name_or_path} has several templates: {', '.join(tokenizer.chat_template)}."
            " Save it with one of them, and name that folder as the model's hub."
        )
    template = TODAY.sub(f"'{DATE}'", tokenizer.chat_template)
    for lasting in (template, SYSTEM_IN_FIRST_TURN + template):
        try:
            tokenizer.apply_chat_template(CHAT[:2], chat_template=lasting, tokenize=False)
        except TemplateError as error:
            problem = error
        else:
            return lasting
    raise UserError(
        f"The chat template of {tokenizer.name_or_path} cannot be applied: {problem}. Correct it there, or give "
        "the model another `chat_template` in the config."
    ) from problem


def plain_generation(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, ends: list[int] | None = None
) -> GenerationConfig:
    """A model's generation config with its special tokens alone: no penalty, temperature or cut of its own.

    Args:
        model: whose it is.
        tokenizer: its tokenizer.
        ends: the tokens that end an answer, where they are given; else its own and the one that ends a turn, without
            which what follows a turn would be sampled as a part of the answer.
    """
    own, turn = model.generation_config, turn_end(tokenizer)
    ended = own.eos_token_id if turn in {None, *ends_of(model)} else sorted(ends_of(model) | {turn})
    return GenerationConfig(bos_token_id=own.bos_token_id, eos_token_id=ends or ended, pad_token_id=own.pad_token_id)


def turn_end(tokenizer: PreTrainedTokenizerBase) -> int | None:
    """The special token that the chat template ends what the assistant says with; None if there is none."""
    if tokenizer.chat_template is None:
        return None
    last = tokenizer(render(tokenizer, CHAT[1:3]).rstrip(), add_special_tokens=False)["input_ids"][-1]
    known = tokenizer.added_tokens_decoder.get(last)
    return last if known is not None and known.special else None


def ends_of(model: PreTrainedModel) -> set[int]:
    """The tokens that end a model's answer."""
    ends = model.generation_config.eos_token_id
    return set(ends) if isinstance(ends, list) else {ends} - {None}


def check_sizes(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, name: str) -> None:
    """See that every token that a text or a chat can have has its row of the embedding.

    An added special token that neither has, as Gemma 3's placeholder of an image, needs none.

    Raises:
        UserError: a token lacks its row; it is named.
    """
    rows = model.get_input_embeddings().num_embeddings
    beyond = {place: token for token, place in tokenizer.get_vocab().items() if place >= rows}
    used, added = _special_tokens_in_use(model, tokenizer) if beyond else set(), tokenizer.added_tokens_decoder
    for place, token in sorted(beyond.items()):
        if place in used or place not in added or not added[place].special:
            raise UserError(
                f"The tokenizer of {name} has {len(tokenizer)} tokens, but the model's embedding has {rows} rows and "
                f"none for {token!r}: the two do not belong together."
            )


def _special_tokens_in_use(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """Ids that a chat is written with, and those that begin, end and pad texts."""
    found = {tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id, tokenizer.unk_token_id}
    found |= ends_of(model)
    if tokenizer.chat_template is not None:
        found |= set(tokenizer(render(tokenizer, CHAT, reply=True), add_special_tokens=False)["input_ids"])
    return found


@torch.no_grad()
def check_lens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, name: str) -> None:
    """See that the lens, by its own norm and head, reads the end of a prompt as the model itself goes on.

    Raises:
        UserError: the model's parts are not where Llama has them, or it does more to its logits than the lens knows of.
    """
    kind = f"{name} is a model of the type {model.config.model_type!r}, which cannot be measured here"
    parts = getattr(model, "model", None)
    if not (hasattr(model, "lm_head") and hasattr(parts, "layers") and hasattr(parts, "norm")):
        raise UserError(
            f"{kind}: it lacks model.layers, model.norm or lm_head, where decoders that are built as Llama has them. "
            f"{SUPPORTED}"
        )
    ids = tokenizer(identity_prompts()[0], return_tensors="pt")["input_ids"]
    own, read = model(input_ids=ids).logits.float(), head(model, hidden_states(model, ids, len(parts.layers) - 1))
    if not (own - read).abs().max() <= TOLERANCE * own.abs().max():
        raise UserError(
            f"{kind}: its logits are not lm_head(norm(h)), at most soft-capped; they may be scaled. {SUPPORTED}"
        )


def check_finite(weights: Iterable[tuple[str, torch.Tensor]], source: str) -> None:
    """See that all weights of a model or adapter are numbers.

    Raises:
        UserError: one is not; it and its source are named.
    """
    for name, weight in weights:
        if not torch.isfinite(weight).all():
            raise UserError(f"The weights {name} of {source} are not all finite: they are not to be measured.")


def check_adapter(folder: Path, hub: str, base: Path) -> None:
    """See that an adapter's weights, of a repository or folder, can be read, are numbers and are those that PEFT takes.

    Raises:
        UserError: the file is truncated, a weight is not finite, PEFT cannot use the config, or the names or shapes of
            the weights are not those of that config on that base model.
    """
    weights = folder / SAFETENSORS_WEIGHTS_NAME
    try:
        tensors = load_file(weights)
    except SafetensorError as error:
        raise UserError(f"{weights} cannot be read; it may be truncated. {damaged(hub, weights)} ({error})") from error
    check_finite(tensors.items(), str(weights))
    needed, known = _shapes(folder, base)
    # Of what it does not know, or is not there, PEFT says but a warning, and would measure the base model.
    for name in [*tensors, *needed]:
        has, takes = tuple(tensors[name].shape) if name in tensors else None, known.get(name)
        if has != takes:
            raise UserError(
                f"{weights} does not go with the {CONFIG_NAME} beside it and the base model {base}: the shape of "
                f"{name} is {has}, but {takes} by these. Put the adapter's own config and weights there, or name its "
                "own base model."
            )


def _shapes(folder: Path, base: Path) -> tuple[dict[str, Shape], dict[str, Shape]]:
    """The weights that an adapter needs by its config, and all that PEFT would load with it; nothing is computed."""
    try:
        config = PeftConfig.from_pretrained(folder)
        config.init_lora_weights = False  # some ways to begin need the base model's weights
        with torch.device("meta"):
            model = get_peft_model(AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(base)), config)
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
        raise UserError(
            f"PEFT cannot use {folder / CONFIG_NAME} on the base model {base}; it may belong to another one. ({error})"
        ) from error
    needed = get_peft_model_state_dict(model, save_embedding_layers=False)
    # Weights of the base model itself, as of an embedding that was resized, may be there and are loaded too.
    known = model.state_dict() | needed
    return ({name: tuple(tensor.shape) for name, tensor in found.items()} for found in (needed, known))


def check_same_tokens(base: Path, other: Path) -> None:
    """See that two `tokenizer.json` have the same tokens, but for added ones: a finetuned model is read by its base's.

    Raises:
        UserError: they differ, or one is not there or cannot be read.
    """
    here, there = (_tokens(file) for file in (base, other))
    if here != there:
        changed = sum(here.get(token) != there.get(token) for token in here | there)
        raise UserError(
            f"{other} is another tokenizer than {base} ({changed} tokens differ): a base model and what is finetuned "
            "from it must share theirs."
        )


def _tokens(file: Path) -> dict[str, int]:
    if not file.is_file():
        raise UserError(f"There is no {file}, by which tokenizers are compared: save the model with a fast one.")
    try:
        return Tokenizer.from_file(str(file)).get_vocab(with_added_tokens=False)
    except Exception as error:  # It raises nothing more special.
        raise UserError(f"{file} is no tokenizer that can be read; it may be truncated. ({error})") from error
