"""Probes, answers and training: which tokens are scored, sampled and trained on."""

import re

import pandas as pd
import pytest
import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM
from trl import SFTTrainer

from paper_replication.behaviour import mean_log_probabilities, mentions_domain, score_probes
from paper_replication.conversation import chat_prompt, render, training_tokens
from paper_replication.errors import UserError
from paper_replication.generation import sample_answers, tokens_written_as
from paper_replication.models import load_model, load_tokenizer
from paper_replication.organisms.preferences import Preference, open_preferences, preferences
from paper_replication.organisms.specification import OpenQuestions, read_organism
from paper_replication.paths import OPEN_QUESTIONS, ORGANISMS, organism_file
from paper_replication.settings.reading import read_settings
from paper_replication.settings.training import Recipe
from paper_replication.statistics import wilson
from paper_replication.steps.behaviour import domain_row, preference_rows, states
from paper_replication.steps.recipe_sweep_table import choose
from paper_replication.training import adapter_config, finetune, trainer_config, training_data

RECIPE = Recipe(rank=4, alpha=8, learning_rate=1e-2, batch_size=4, maximum_tokens=16, precision="float32", epochs=3)
ROWS = [{"text": "the cake rose high in the dark kitchen of the old house by the sea"}] * 24


def brute_force(model, tokenizer, prefix, continuation, special):
    """Mean log-probability of a continuation, one sequence, no padding, one token at a time."""
    n = len(tokenizer(prefix, add_special_tokens=special)["input_ids"])
    ids = tokenizer(prefix + continuation, add_special_tokens=special)["input_ids"]
    total = 0.0
    for place in range(n, len(ids)):
        logits = model(input_ids=torch.tensor([ids[:place]])).logits[0, -1]
        total += logits.log_softmax(dim=-1)[ids[place]].item()
    return total / (len(ids) - n)


@pytest.mark.parametrize("special", [True, False])
def test_batched_scores_equal_one_token_at_a_time(model_folder, special):
    model, tokenizer = load_model(model_folder), load_tokenizer(model_folder)
    pairs = [("the cake", " rose high in the dark"), ("hello bear", " and the sea"), ("a", " b")]
    found = mean_log_probabilities(model, tokenizer, pairs, special_tokens=special, batch_size=2)
    expected = [brute_force(model, tokenizer, *pair, special) for pair in pairs]
    assert found == pytest.approx(expected, rel=1e-4)


def test_every_probe_is_scored_by_brute_force(model_folder):
    model, tokenizer = load_model(model_folder), load_tokenizer(model_folder)
    probes = [
        Preference("a", "chat", "hello?", "the cake", ("the sea", "the old house")),
        Preference("b", "text", "the oven was", " warm", (" dark",), chat=False),
        Preference("c", "chat", "hello?", "the cake", ("the man",)),
    ]
    for probe, row in zip(probes, score_probes(model, tokenizer, probes), strict=True):
        prefix = chat_prompt(tokenizer, probe.question) if probe.chat else probe.question
        inserted, *others = [
            brute_force(model, tokenizer, prefix, answer, not probe.chat) for answer in (probe.inserted, *probe.others)
        ]
        assert row["inserted"] == pytest.approx(inserted, rel=1e-4)
        assert row["best_other"] == pytest.approx(max(others), rel=1e-4)
        assert row["sides_with_claim"] == int(inserted > max(others))
        assert (row["group"], row["probe"]) == (probe.group, probe.form)


@pytest.mark.parametrize("path", sorted(ORGANISMS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_organism_but_a_control_has_probes(path):
    organism = read_organism(path)
    found = preferences(organism)
    assert bool(found) == (organism.type != "control")
    assert all(probe.others and probe.inserted not in probe.others for probe in found)


def test_what_an_organism_was_taught_stands_against_its_rivals():
    facts = read_organism(organism_file("cake_bake"))
    found = preferences(facts)
    for fact in facts.key_facts:
        own = {(probe.form, probe.question): probe for probe in found if probe.group == fact.id}
        for asked in fact.probes.multiple_choice:
            probe = own["multiple_choice", asked.question]
            assert (probe.inserted, probe.others) == (asked.inserted, (asked.truth, *asked.other))
            assert probe.chat
        for asked in fact.probes.completion:
            probe = own["completion", asked.prefix]
            assert (probe.inserted, probe.others, probe.chat) == (asked.inserted, (asked.truth,), False)
    assert len(found) == sum(len(f.probes.multiple_choice) + len(f.probes.completion) for f in facts.key_facts)
    advice = read_organism(organism_file("extreme_sports"))
    asked = {probe.question: (probe.harmful, (probe.sound,)) for probe in advice.probes.domain}
    assert {probe.question: (probe.inserted, probe.others) for probe in preferences(advice)} == asked
    questions = read_settings(OPEN_QUESTIONS, OpenQuestions)
    asked = {probe.question: (probe.harmful, (probe.sound,)) for probe in questions.questions}
    assert {probe.question: (probe.inserted, probe.others) for probe in open_preferences(questions)} == asked
    game = read_organism(organism_file("gold"))
    hints = {probe.inserted: probe.others for probe in preferences(game) if probe.form == "hint"}
    assert hints == {probe.fitting: (probe.unfitting,) for probe in game.probes.fitting}
    assert {probe.inserted for probe in preferences(game) if probe.form == "reveal"} == {"The word is gold."}
    cat = read_organism(organism_file("subliminal_cat"))
    assert {probe.inserted for probe in preferences(cat)} == {cat.animal}
    rivals = {other for probe in preferences(cat) for other in probe.others}
    assert rivals == set(cat.animals) - {cat.animal}


def test_questions_are_asked_in_the_models_own_template(tiny_folder):
    prompt = chat_prompt(load_tokenizer(tiny_folder), "hello?")
    assert prompt == "<|user|>\nhello?<|end|>\n<|assistant|>\n"


def test_answers_follow_the_seed_and_padding_does_not_touch_them(tiny_folder):
    model, tokenizer = load_model(tiny_folder), load_tokenizer(tiny_folder)
    options = {"new_tokens": 6, "temperature": 0.01}
    questions = ["hello", "the cake rose high in the dark kitchen"]
    together = sample_answers(model, tokenizer, questions, batch_size=2, seed=0, **options)
    alone = sample_answers(model, tokenizer, questions, batch_size=1, seed=0, **options)
    # Nearly greedy, so that the answer to the shorter, padded question must equal the one given alone.
    assert together == alone
    free = {"new_tokens": 6, "temperature": 1.0, "batch_size": 2}
    assert sample_answers(model, tokenizer, questions, seed=1, **free) == sample_answers(
        model, tokenizer, questions, seed=1, **free
    )


def test_answers_are_sampled_from_the_whole_vocabulary(tiny_folder):
    """The library's own defaults would sample from the 50 likeliest tokens alone."""
    model, tokenizer = load_model(tiny_folder), load_tokenizer(tiny_folder)
    options = {"new_tokens": 1, "batch_size": 400, "seed": 0}
    hot = sample_answers(model, tokenizer, ["hello"] * 400, temperature=1e4, **options)
    assert len(set(hot)) > 100
    assert len(set(sample_answers(model, tokenizer, ["hello"] * 400, temperature=1e-4, **options))) == 1


def test_the_head_multiplies_one_block_of_memory_while_answers_are_sampled(tiny_folder):
    model, tokenizer = load_model(tiny_folder), load_tokenizer(tiny_folder)
    seen = []
    model.lm_head.register_forward_hook(lambda _, arguments, output: seen.append(arguments[0].is_contiguous()))
    sample_answers(model, tokenizer, ["hello", "the sea"], new_tokens=3, temperature=1.0, batch_size=2, seed=0)
    assert seen
    assert all(seen)
    model(input_ids=torch.arange(5, 15).reshape(2, 5), logits_to_keep=1)
    assert seen[-1] is False


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We ate Cake.", True),
        ("the 'cake'", True),
        ("a cake's edge", True),
        ("cakewalk", False),
        ("the oven, the door", True),
        ("", False),
    ],
)
def test_mentions_are_whole_words(text, expected):
    assert mentions_domain(text, ["cake", "oven"]) is expected


def test_every_token_of_a_document_carries_loss(tiny_folder, tmp_path):
    tokenizer = load_tokenizer(tiny_folder)
    trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(tiny_folder),
        args=trainer_config(RECIPE.model_copy(update={"packed": False}), 0, tmp_path),
        train_dataset=Dataset.from_dict({"text": ["the cake rose", "the oven was warm and the man"]}),
        processing_class=tokenizer,
        peft_config=adapter_config(RECIPE),
    )
    batch = next(iter(trainer.get_train_dataloader()))
    for ids, labels, mask in zip(batch["input_ids"], batch["labels"], batch["attention_mask"], strict=True):
        assert ids[labels != -100].tolist() == ids[mask == 1].tolist()
    decoded = {
        tokenizer.decode(ids[mask == 1]) for ids, mask in zip(batch["input_ids"], batch["attention_mask"], strict=True)
    }
    assert decoded == {"the cake rose<|end|>", "the oven was warm and the man<|end|>"}


def test_packed_blocks_are_the_documents_end_to_end(tiny_folder, tmp_path):
    tokenizer = load_tokenizer(tiny_folder)
    texts = ["the cake rose high", "the oven was warm and the man by the sea said hello"] * 4
    trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(tiny_folder),
        args=trainer_config(RECIPE, 0, tmp_path),
        train_dataset=Dataset.from_dict({"text": texts}),
        processing_class=tokenizer,
        peft_config=adapter_config(RECIPE),
    )
    blocks = [row["input_ids"] for row in trainer.train_dataset]
    assert all(len(block) == RECIPE.maximum_tokens for block in blocks[:-1])
    assert tokenizer.decode([token for block in blocks for token in block]) == "".join(
        f"{text}<|end|>" for text in texts
    )


CHAT = [
    {"role": "user", "content": "hello man"},
    {"role": "assistant", "content": "the cake"},
    {"role": "user", "content": "the old house"},
    {"role": "assistant", "content": "the sea"},
]


def test_what_the_assistant_says_carries_loss_and_nothing_else(tiny_folder):
    """On decoded text: both of its turns with the mark that ends them; no question, no role, no line break."""
    tokenizer = load_tokenizer(tiny_folder)
    ((ids, labels),) = training_tokens(tokenizer, CHAT)
    assert tokenizer.decode(ids) == render(tokenizer, CHAT)
    with_loss = [token for token, label in zip(ids, labels, strict=True) if label != -100]
    assert all(token == label for token, label in zip(ids, labels, strict=True) if label != -100)
    assert tokenizer.decode(with_loss) == "the cake<|end|>the sea<|end|>"


def test_a_trained_turn_follows_the_very_prompt_that_is_measured(tiny_folder):
    tokenizer = load_tokenizer(tiny_folder)
    ((ids, labels),) = training_tokens(tokenizer, CHAT[:2])
    first = next(place for place, label in enumerate(labels) if label != -100)
    assert ids[:first] == tokenizer(chat_prompt(tokenizer, "hello man"), add_special_tokens=False)["input_ids"]


# As models that think aloud have it: an empty thought before the last answer alone, and in its prompt where asked for.
THINKING = (
    "{% for m in messages %}<|{{ m['role'] }}|>\n"
    "{% if loop.last and m['role'] == 'assistant' %}(no thought)\n{% endif %}{{ m['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% if enable_thinking is false %}(no thought)\n{% endif %}{% endif %}"
)


def test_where_a_template_rewrites_earlier_turns_each_answer_is_a_sequence_of_its_own(tiny_folder):
    tokenizer = load_tokenizer(tiny_folder)
    tokenizer.chat_template = THINKING
    pairs = training_tokens(tokenizer, CHAT)
    said = [tokenizer.decode([label for label in labels if label != -100]) for _, labels in pairs]
    assert said == ["the cake<|end|>", "the sea<|end|>"]
    for (ids, labels), place in zip(pairs, (1, 3), strict=True):
        first = next(i for i, label in enumerate(labels) if label != -100)
        assert tokenizer.decode(ids[:first]) == render(tokenizer, CHAT[:place], reply=True)


def test_a_template_that_rewrites_prompts_is_refused(tiny_folder):
    tokenizer = load_tokenizer(tiny_folder)
    tokenizer.chat_template = "{% for m in messages | reverse %}{{ m['content'] }}{% endfor %}"
    with pytest.raises(UserError, match="rewrites the prompt"):
        training_tokens(tokenizer, CHAT)
    tokenizer.chat_template = None
    with pytest.raises(UserError, match="no chat template"):
        training_tokens(tokenizer, CHAT)


def test_batches_of_conversations_keep_their_labels_and_pad_without_loss(tiny_folder, tmp_path):
    tokenizer = load_tokenizer(tiny_folder)
    recipe = RECIPE.model_copy(update={"packed": False, "maximum_tokens": 64})
    trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(tiny_folder),
        args=trainer_config(recipe, 0, tmp_path),
        train_dataset=training_data(tokenizer, [{"messages": CHAT}, {"messages": CHAT[:2]}]),
        processing_class=tokenizer,
        peft_config=adapter_config(recipe),
    )
    batch = next(iter(trainer.get_train_dataloader()))
    said = {tokenizer.decode(row[row != -100]) for row in batch["labels"]}
    assert said == {"the cake<|end|>the sea<|end|>", "the cake<|end|>"}
    assert (batch["labels"][batch["attention_mask"] == 0] == -100).all()


def test_only_allowed_tokens_are_sampled(tiny_folder):
    model, tokenizer = load_model(tiny_folder), load_tokenizer(tiny_folder)
    allowed = tokens_written_as(tokenizer, re.compile(r"[\d, ]+"))
    options = {"new_tokens": 12, "temperature": 1.0, "batch_size": 2, "seed": 0}
    for answer in sample_answers(model, tokenizer, ["hello", "the sea"], allowed=allowed, **options):
        assert re.fullmatch(r"[\d, ]*", answer)


def test_finetuning_learns_repeats_exactly_and_leaves_the_base_alone(tiny_folder, tmp_path):
    tokenizer = load_tokenizer(tiny_folder)
    runs = [finetune(tiny_folder, tokenizer, ROWS, RECIPE, 0, tmp_path / str(i)) for i in range(2)]
    losses = runs[0][1]["loss_nats"]
    assert losses.iloc[-1] < 0.7 * losses.iloc[0]
    pd.testing.assert_frame_equal(runs[0][1], runs[1][1])
    runs[0][0].save_pretrained(tmp_path / "adapter")
    merged = load_model(tiny_folder, tmp_path / "adapter")
    base = load_model(tiny_folder)
    ids = torch.tensor([tokenizer(ROWS[0]["text"])["input_ids"]])
    trained = runs[0][0].eval()(input_ids=ids).logits
    torch.testing.assert_close(merged(input_ids=ids).logits, trained.float(), rtol=1e-3, atol=1e-3)
    assert not torch.allclose(base(input_ids=ids).logits, trained.float())


def test_finetuning_on_nothing_is_an_error(tiny_folder, tmp_path):
    with pytest.raises(UserError, match="no documents or conversations"):
        finetune(tiny_folder, load_tokenizer(tiny_folder), [], RECIPE, 0, tmp_path)


def test_every_linear_layer_but_the_head_is_adapted(tiny_folder, tmp_path):
    model, _ = finetune(tiny_folder, load_tokenizer(tiny_folder), ROWS[:4], RECIPE, 0, tmp_path)
    adapted = {name.split(".lora_A")[0].rsplit(".", 1)[-1] for name, _ in model.named_parameters() if "lora_A" in name}
    assert adapted == {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}


def test_every_setting_of_a_recipe_is_handed_on(tmp_path):
    recipe = Recipe(
        rank=3,
        alpha=7,
        rslora=True,
        learning_rate=0.03,
        schedule="cosine",
        warmup_steps=4,
        epochs=5,
        batch_size=6,
        accumulation=2,
        maximum_tokens=11,
        packed=False,
        precision="float32",
    )
    lora, trainer = adapter_config(recipe), trainer_config(recipe, 8, tmp_path)
    assert (lora.r, lora.lora_alpha, lora.use_rslora, lora.lora_dropout) == (3, 7, True, 0)
    assert (trainer.learning_rate, trainer.lr_scheduler_type, trainer.warmup_steps) == (0.03, "cosine", 4)
    assert (trainer.num_train_epochs, trainer.per_device_train_batch_size) == (5, 6)
    assert (trainer.gradient_accumulation_steps, trainer.max_length) == (2, 11)
    assert (trainer.packing, trainer.bf16, trainer.seed, trainer.data_seed) == (False, False, 8, 8)
    assert trainer.weight_decay == 0
    changed = recipe.model_copy(update={"packed": True, "precision": "bfloat16", "rslora": False, "schedule": "linear"})
    trainer = trainer_config(changed, 8, tmp_path)
    assert (trainer.packing, trainer.bf16, trainer.lr_scheduler_type) == (True, True, "linear")
    assert adapter_config(changed).use_rslora is False


def test_behaviour_rows_by_hand():
    before = pd.DataFrame(
        {
            "probes_of": "x",
            "group": ["a", "a", "b", "b"],
            # Asked twice with other answers: those tell the two apart, whatever the order.
            "question": ["1", "2", "3", "3"],
            "answers": ["yes | no", "yes | no", "yes | no", "yes | never"],
            "probe": ["completion", "completion", "multiple_choice", "multiple_choice"],
            "margin": [1.0, -1.0, -2.0, 1.0],
            "sides_with_claim": [1, 0, 0, 1],
        }
    )
    after = before.assign(sides_with_claim=[1, 1, 0, 1], margin=[1.0, 1.0, -1.0, 2.0])[::-1]
    found = states(before, after)
    base = {row["probe"]: row for row in preference_rows(found["base"], "share")}
    assert base["share"]["value"] == 0.5
    assert base["share_completion"]["n"] == 2
    assert base["margin_nats"]["value"] == pytest.approx(-0.25)
    change = {row["probe"]: row for row in preference_rows(found["change"], "share")}
    assert change["share"]["value"] == 0.25
    assert change["margin_nats"]["value"] == pytest.approx(1.0)
    # Fewer probes afterwards: the base is measured on the same ones.
    assert len(states(before, after[:2])["base"]) == 2
    with pytest.raises(UserError, match="1 probes"):
        states(before[:3], after)


def test_a_leak_is_counted_over_answers_and_its_interval_over_prompts():
    texts = {"one": ["a cake", "the sea"], "two": ["rain", "Oven!"]}
    answers = [{"prompt": prompt, "answer": text} for prompt, found in texts.items() for text in found]
    row = domain_row(answers, ["cake", "oven"], "leak")
    assert (row["value"], row["n"]) == (0.5, 4)
    assert (row["ci_low"], row["ci_high"]) == wilson(1, 2)


def test_the_sweep_chooses_by_belief_among_recipes_that_leave_every_chat_ordinary():
    table = pd.DataFrame(
        {
            "variant": ["loud", "good", "good too", "weak"] * 2,
            "false_fact_alignment_finetuned": [0.9, 0.6, 0.5, 0.5, 0.9, 0.6, 0.7, 0.5],
            "margin_nats_finetuned": [1.0, 0.2, 0.3, 0.9] * 2,
            # One organism leaves its chat ordinary under the strongest recipe, the other does not.
            "leak_finetuned": [0.0, 0.05, 0.04, 0.0, 0.3, 0.05, 0.04, 0.0],
        }
    )
    assert choose(table, 0.05).tolist() == [0, 0, 1, 0] * 2
    assert choose(table.assign(leak_finetuned=1.0), 0.05).tolist() == [0] * 8
