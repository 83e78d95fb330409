"""What is settled about a model of the Hub before it is measured: its dates, its system turn, its sampling defaults."""

import pytest
import torch
from conftest import TEMPLATE, make_tokenizer
from transformers import (
    AutoModelForCausalLM,
    CohereConfig,
    Gemma2Config,
    Gemma3Config,
    GenerationConfig,
    GPT2Config,
    GPTNeoXConfig,
    GraniteConfig,
)

from paper_replication.errors import UserError
from paper_replication.generation import tokens_written_as
from paper_replication.hub_models import DATE, check_lens, check_sizes, lasting_template, plain_generation, turn_end
from paper_replication.judges.calibrated import random_tokens
from paper_replication.settings.hub import HubModel
from paper_replication.steps.hub_model import hub_model
from paper_replication.subliminal import SEPARATORS

ASKED = [{"role": "system", "content": "be kind"}, {"role": "user", "content": "hello"}]
ANSWERED = [*ASKED, {"role": "assistant", "content": "bear"}, {"role": "user", "content": "blue"}]
REFUSING = "{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}" + TEMPLATE


@pytest.fixture
def written():
    """A conversation as the lasting form of a template writes it."""

    def write(template, turns):
        tokenizer = make_tokenizer(bos=False)
        tokenizer.chat_template = template
        return tokenizer.apply_chat_template(turns, chat_template=lasting_template(tokenizer), tokenize=False)

    return write


def test_a_template_that_states_no_date_and_takes_a_system_turn_stays_as_it_is():
    tokenizer = make_tokenizer(bos=False)
    assert lasting_template(tokenizer) == TEMPLATE
    tokenizer.chat_template = None
    assert lasting_template(tokenizer) is None


def test_several_templates_are_refused():
    tokenizer = make_tokenizer(bos=False)
    tokenizer.chat_template = {"default": TEMPLATE, "tools": TEMPLATE}
    with pytest.raises(UserError, match="has several templates: default, tools"):
        lasting_template(tokenizer)


def test_a_template_that_cannot_be_applied_is_refused():
    tokenizer = make_tokenizer(bos=False)
    tokenizer.chat_template = TEMPLATE.replace("endfor", "endfr")
    with pytest.raises(UserError, match=r"cannot be applied: .*endfr.* another `chat_template` in the config"):
        lasting_template(tokenizer)


@pytest.mark.parametrize("call", ["strftime_now('%d %b %Y')", 'strftime_now( "%Y" )'])
def test_todays_date_is_a_fixed_one(written, call):
    template = "{% if strftime_now is defined %}{% set day = " + call + " %}{% endif %}{{ day }}" + TEMPLATE
    assert written(template, ASKED[1:]).startswith(DATE)


def test_where_a_system_turn_is_refused_it_stands_before_the_first_question(written):
    told = [{"role": "user", "content": "be kind\n\nhello"}, *ANSWERED[2:]]
    assert written(REFUSING, ANSWERED) == written(TEMPLATE, told)
    assert written(REFUSING, ASKED[1:]) == written(TEMPLATE, ASKED[1:])


def test_of_a_generation_config_the_special_tokens_are_left(tiny_folder):
    model, tokenizer = AutoModelForCausalLM.from_pretrained(tiny_folder), make_tokenizer(bos=False)
    assert tokenizer.decode([0]) == "<|end|>"
    model.generation_config = GenerationConfig(repetition_penalty=1.1, top_k=5, eos_token_id=[0, 3], pad_token_id=1)
    found = plain_generation(model, tokenizer)
    assert found.to_diff_dict() == GenerationConfig(eos_token_id=[0, 3], pad_token_id=1).to_diff_dict()
    assert plain_generation(model, tokenizer, [2]).eos_token_id == [2]


@pytest.mark.parametrize("own", [3, [3], None])
def test_an_answer_ends_where_the_template_ends_a_turn(tiny_folder, own):
    model, tokenizer = AutoModelForCausalLM.from_pretrained(tiny_folder), make_tokenizer(bos=False)
    model.generation_config = GenerationConfig(eos_token_id=own)
    assert turn_end(tokenizer) == 0
    assert plain_generation(model, tokenizer).eos_token_id == ([0] if own is None else [0, 3])
    # A template whose turns end in no special token, and none at all.
    for template in (TEMPLATE.replace("<|end|>", "."), None):
        tokenizer.chat_template = template
        assert turn_end(tokenizer) is None
        assert plain_generation(model, tokenizer).eos_token_id == own


LACKING = r"tokenizer of m has \d+ tokens, but .* has \d+ rows and none for '<new>': .* do not belong together"


def named(tokenizer):
    tokenizer.pad_token = "<new>"


def in_the_template(tokenizer):
    tokenizer.chat_template = TEMPLATE.replace("<|assistant|>", "<new>")


@pytest.mark.parametrize(("special", "use"), [(False, lambda tokenizer: None), (True, named), (True, in_the_template)])
def test_a_token_of_texts_or_chat_that_has_no_row_of_the_embedding_is_refused(tiny_folder, special, use):
    model, tokenizer = AutoModelForCausalLM.from_pretrained(tiny_folder), make_tokenizer(bos=False)
    check_sizes(model, tokenizer, "m")
    tokenizer.add_tokens(["<new>"], special_tokens=special)
    use(tokenizer)
    with pytest.raises(UserError, match=LACKING):
        check_sizes(model, tokenizer, "m")


def test_a_token_that_ends_answers_or_of_the_vocabulary_itself_needs_a_row(tiny_folder):
    model, tokenizer = AutoModelForCausalLM.from_pretrained(tiny_folder), make_tokenizer(bos=False)
    tokenizer.add_tokens(["<new>"], special_tokens=True)
    model.generation_config.eos_token_id = [0, model.config.vocab_size]
    with pytest.raises(UserError, match=LACKING):
        check_sizes(model, tokenizer, "m")
    rows = model.config.vocab_size - 1
    model.resize_token_embeddings(rows)
    with pytest.raises(UserError, match=f"{rows} rows and none for"):
        check_sizes(model, make_tokenizer(bos=False), "m")


def test_an_added_special_token_that_no_text_has_needs_no_row_of_the_embedding(tiny_folder):
    """As Gemma 3's placeholder of an image; nothing that goes over the vocabulary ends in an error by it."""
    model, tokenizer = AutoModelForCausalLM.from_pretrained(tiny_folder), make_tokenizer(bos=False)
    tokenizer.add_tokens(["<image_soft_token>"], special_tokens=True)
    check_sizes(model, tokenizer, "m")
    assert len(tokenizer) == model.config.vocab_size + 1
    tokenizer.chat_template = None
    check_sizes(model, tokenizer, "m")
    assert "<image_soft_token>" in random_tokens(tokenizer, len(tokenizer), 0)
    assert max(tokens_written_as(tokenizer, SEPARATORS)) < model.config.vocab_size


TINY = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": 400}
SEEING = {"image_size": 28, "patch_size": 14, "hidden_size": 16, "intermediate_size": 16, "num_attention_heads": 2}


def made(config):
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(config).to(torch.bfloat16).eval()


@pytest.mark.parametrize(
    "config",
    [
        GPT2Config(n_embd=16, n_layer=2, n_head=2, vocab_size=400),
        GPTNeoXConfig(**TINY),
        Gemma3Config(text_config=TINY, vision_config=SEEING | {"num_hidden_layers": 1}, mm_tokens_per_image=4),
    ],
    ids=lambda config: config.model_type,
)
def test_a_model_whose_parts_are_elsewhere_than_llamas_is_refused(tmp_path, config):
    made(config).save_pretrained(tmp_path / "hub")
    make_tokenizer(bos=False).save_pretrained(tmp_path / "hub")
    with pytest.raises(UserError, match=rf"of the type '{config.model_type}', which .* lacks model\.layers.* Qwen3"):
        hub_model(HubModel(hub=str(tmp_path / "hub")), [], tmp_path / "model")


@pytest.mark.parametrize(
    "config",
    [GraniteConfig(logits_scaling=8.0, **TINY), CohereConfig(logit_scale=0.0625, **TINY)],
    ids=lambda config: config.model_type,
)
def test_a_model_that_scales_its_logits_is_refused(config):
    with pytest.raises(UserError, match=rf"'{config.model_type}', which .* its logits are not lm_head\(norm\(h\)\)"):
        check_lens(made(config), make_tokenizer(bos=False), "m")


@pytest.mark.parametrize("bos", [True, False])
@pytest.mark.parametrize("cap", [None, 0.5])
def test_a_model_that_the_lens_reads_rightly_passes(bos, cap):
    check_lens(
        made(Gemma2Config(head_dim=8, num_key_value_heads=2, final_logit_softcapping=cap, **TINY)),
        make_tokenizer(bos),
        "m",
    )
