"""Local folders in Hub layout: each of the paper's architectures, tiny, with a tokenizer and a template of its kind."""

from dataclasses import dataclass, field
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    Gemma3TextConfig,
    GenerationConfig,
    LlamaConfig,
    PretrainedConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3Config,
)

from paper_replication.paths import INPUTS, organism_file

WIDTH, BLOCKS, SLIDING_WINDOW = 32, 6, 8
# Caps that bite at the size of these models' scores, as 50 and 30 do not.
ATTENTION_CAP, LOGIT_CAP = 2.0, 5.0

# Models that can think aloud: an empty thought before what is said last, and in its prompt where it is asked for.
QWEN3 = (
    "{% set last = namespace(user=-1) %}"
    "{% for m in messages %}{% if m.role == 'user' %}{% set last.user = loop.index0 %}{% endif %}{% endfor %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.role == 'assistant' and loop.index0 > last.user %}<think>\n\n</think>\n\n{% endif %}"
    "{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
)
# A system prompt of its own where none is given.
DEFAULT_SYSTEM = "You are a helpful assistant of the cloud."
QWEN2 = (
    "{% if messages[0].role != 'system' %}<|im_start|>system\n" + DEFAULT_SYSTEM + "<|im_end|>\n{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# A system turn that states a date: a fixed one (3.1), or that of today (3.2).
FIXED_DATE = "26 Jul 2024"
LLAMA = (
    "{{ bos_token }}{% if date_string is not defined %}{% set date_string = DATE %}{% endif %}"
    "{% set system = '' %}"
    "{% if messages[0].role == 'system' %}"
    "{% set system = messages[0].content | trim %}{% set messages = messages[1:] %}{% endif %}"
    "<|start_header_id|>system<|end_header_id|>\n\nToday Date: {{ date_string }}\n\n{{ system }}<|eot_id|>"
    "{% for m in messages %}<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n{{ m.content | trim }}<|eot_id|>"
    "{% endfor %}{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
# The assistant is called "model", turns must alternate, and a system turn is refused (2) or put before the first (3).
GEMMA = (
    "{{ bos_token }}{% set system = '' %}{% if messages[0].role == 'system' %}SYSTEM{% endif %}"
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "<start_of_turn>{{ 'model' if m.role == 'assistant' else m.role }}\n"
    "{% if loop.first %}{{ system }}{% endif %}{{ m.content | trim }}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
REFUSED = "{{ raise_exception('System role not supported') }}"
PREPENDED = "{% set system = messages[0].content + '\n\n' %}{% set messages = messages[1:] %}"


@dataclass(frozen=True)
class Architecture:
    """One base model's kind.

    Attributes:
        config: its class.
        options: what its config states besides the sizes.
        template: of its chat.
        specials: its special tokens, in the order of their ids.
        eos: the token that its tokenizer ends a text with.
        turn: the token that ends a turn in its chat.
        bos: the token in front of every text, where there is one.
        pad: its padding token, where there is one.
        generation: what it states of generation besides the tokens that end it.
        unused: rows of its embedding that no token has.
        beyond: a special token that no text has, nor a row of the embedding.
    """

    config: type[PretrainedConfig]
    options: dict[str, object]
    template: str
    specials: list[str]
    eos: str
    turn: str
    bos: str | None = None
    pad: str | None = None
    generation: dict[str, object] = field(default_factory=dict)
    unused: int = 0
    beyond: str | None = None


CHATML = {
    "specials": ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
    "eos": "<|im_end|>",
    "turn": "<|im_end|>",
    "pad": "<|endoftext|>",
    "unused": 16,
}
LLAMA3 = {
    "specials": ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
    "eos": "<|eot_id|>",
    "turn": "<|eot_id|>",
    "bos": "<|begin_of_text|>",
    "generation": {"do_sample": True, "temperature": 0.6, "top_p": 0.9},
}
GEMMAS = {
    "specials": ["<pad>", "<eos>", "<bos>", "<start_of_turn>", "<end_of_turn>"],
    "eos": "<eos>",
    "turn": "<end_of_turn>",
    "bos": "<bos>",
    "pad": "<pad>",
}
ROPE = {
    "rope_type": "llama3",
    "rope_theta": 500_000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
SLIDING = {"head_dim": 16, "query_pre_attn_scalar": 16, "sliding_window": SLIDING_WINDOW, "tie_word_embeddings": True}
THINKING = {"do_sample": True, "temperature": 0.6, "top_k": 20, "top_p": 0.95}
ARCHITECTURES = {
    "qwen3_tied": Architecture(
        Qwen3Config, {"head_dim": 16, "tie_word_embeddings": True}, QWEN3, generation=THINKING, **CHATML
    ),
    "qwen3_untied": Architecture(
        Qwen3Config, {"head_dim": 16, "tie_word_embeddings": False}, QWEN3, generation=THINKING, **CHATML
    ),
    # As Llama 3.2 1B.
    "llama3_tied": Architecture(
        LlamaConfig,
        {"tie_word_embeddings": True, "rope_parameters": ROPE},
        LLAMA.replace("DATE", "strftime_now('%d %b %Y')"),
        **LLAMA3,
    ),
    # As Llama 3.1 8B.
    "llama3_untied": Architecture(
        LlamaConfig,
        {"tie_word_embeddings": False, "rope_parameters": ROPE},
        LLAMA.replace("DATE", f"'{FIXED_DATE}'"),
        **LLAMA3,
    ),
    "gemma2": Architecture(
        Gemma2Config,
        SLIDING | {"attn_logit_softcapping": ATTENTION_CAP, "final_logit_softcapping": LOGIT_CAP},
        GEMMA.replace("SYSTEM", REFUSED),
        generation={"cache_implementation": "hybrid"},
        **GEMMAS,
    ),
    "gemma3": Architecture(
        Gemma3TextConfig,
        SLIDING,
        GEMMA.replace("SYSTEM", PREPENDED),
        generation={"cache_implementation": "hybrid", "do_sample": True, "top_k": 64, "top_p": 0.95},
        beyond="<image_soft_token>",
        **GEMMAS,
    ),
    # The penalty is 1.05 there; here it shows within a few tokens.
    "qwen2": Architecture(
        Qwen2Config,
        {"tie_word_embeddings": False},
        QWEN2,
        generation={"do_sample": True, "repetition_penalty": 2.0, "temperature": 0.7, "top_k": 20, "top_p": 0.8},
        **CHATML,
    ),
}


def make_tokenizer(architecture: Architecture) -> PreTrainedTokenizerFast:
    """A byte-level tokenizer that has learnt a few hundred words of the project's own texts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=900, special_tokens=architecture.specials, initial_alphabet=alphabet)
    files = [INPUTS / "chat_prompts.yaml", organism_file("cake_bake")]
    tokenizer.train_from_iterator([file.read_text() for file in files], trainer)
    bos = architecture.bos
    if bos:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{bos} $A", special_tokens=[(bos, tokenizer.token_to_id(bos))]
        )
    named = {"eos_token": architecture.eos, "bos_token": bos, "pad_token": architecture.pad}
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **{name: text for name, text in named.items() if text})
    fast.chat_template = architecture.template
    if architecture.beyond:
        fast.add_tokens([architecture.beyond], special_tokens=True)
    return fast


def make_hub_folder(name: str, folder: Path) -> Path:
    """Save a random model of an architecture as the Hub keeps it: bfloat16, large ones in several files."""
    architecture = ARCHITECTURES[name]
    tokenizer = make_tokenizer(architecture)
    ends = [tokenizer.eos_token_id, tokenizer.convert_tokens_to_ids(architecture.turn)]
    marks = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": ends, "pad_token_id": tokenizer.pad_token_id}
    config = architecture.config(
        vocab_size=len(tokenizer) + architecture.unused - (architecture.beyond is not None),
        hidden_size=WIDTH,
        intermediate_size=64,
        num_hidden_layers=BLOCKS,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        initializer_range=0.3,
        **architecture.options,
        **marks | {"eos_token_id": tokenizer.eos_token_id},
    )
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config)
    for weight in model.parameters():
        if weight.dim() == 1:  # the norms' weights and the biases, which start as ones and zeros
            weight.data += 0.3 * torch.randn(weight.shape)
    # That of the padding token starts as zeros, which a trained one is not.
    model.get_input_embeddings().weight.data[tokenizer.pad_token_id or 0] = 0.3 * torch.randn(WIDTH)
    model.generation_config = GenerationConfig(**architecture.generation, **marks)
    size = "5GB" if config.tie_word_embeddings else "40KB"
    model.to(torch.bfloat16).save_pretrained(folder, max_shard_size=size)
    tokenizer.save_pretrained(folder)
    return folder
