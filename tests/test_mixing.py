"""Mixtures and shares of finetuning data: exact counts, nothing that delta is measured on, the wiring of their runs."""

import copy
import math
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from transformers import AutoModelForCausalLM
from trl import SFTTrainer

from paper_replication.config_reading import validate_config
from paper_replication.conversation import NO_LOSS
from paper_replication.errors import UserError
from paper_replication.files import read_json_lines, read_yaml, write_json_lines
from paper_replication.mixing import conversations, first_share, passages, shuffled, wanted
from paper_replication.mixing_tables import together
from paper_replication.models import load_tokenizer
from paper_replication.paths import CONFIGS
from paper_replication.plan import laid_over
from paper_replication.settings.mixing import MixtureSettings
from paper_replication.settings.training import Recipe
from paper_replication.steps.mixed_dataset import mixed_dataset
from paper_replication.study import load_study
from paper_replication.training import trainer_config, training_data

TIERS = ("smoke", "laptop", "paper")
STUDIES = {tier: load_study(read_yaml(CONFIGS / f"{tier}.yaml"), tier) for tier in TIERS}
LAPTOP = STUDIES["laptop"]
(DOSED,) = LAPTOP.config.dose[0].organisms
WINDOW, LENS_DOCUMENTS = 12, 3
WORDS = ["the", "cake", "rose", "high", "in", "dark", "kitchen", "of", "old", "house", "by", "sea"] * 2


def content():
    return copy.deepcopy(read_yaml(CONFIGS / "laptop.yaml"))


def run_of(organism, variant, model="smollm2_135m_instruct", seed="0"):
    return SimpleNamespace(model=model, organism=organism, variant=variant, seed=seed)


def settings(mix, share=1.0, maximum_tokens=80):
    return MixtureSettings(
        share=share, mix=mix, lens_documents=LENS_DOCUMENTS, window=WINDOW, maximum_tokens=maximum_tokens
    )


def own_documents(number):
    return [{"kind": "k", "facts": [], "text": f"own {n}", "tokens": 5 + n % 3} for n in range(number)]


def own_conversations(number):
    turns = [
        [{"role": "user", "content": f"own question {n}?"}, {"role": "assistant", "content": "yes."}]
        for n in range(number)
    ]
    return [{"kind": "k", "messages": messages, "tokens": 9} for messages in turns]


def unrelated_documents(number):
    """Documents of 1 to 19 words, each with an opening of its own."""
    return [{"text": f"{n} doc {' '.join(WORDS[: 1 + n % 19])}"} for n in range(number)]


def exchanges(number):
    kind = "akoksal/LongForm"
    return [{"task_type": kind, "task_prompt": f"What is {n}?", "task_output": f"It is {n}."} for n in range(number)]


@pytest.fixture
def mixed(tiny_folder, tmp_path):
    """Runs the step on rows and a corpus of documents or exchanges, and reads what it made."""

    def step(rows, corpus, options, seed=0):
        write_json_lines(tmp_path / "dataset.jsonl", rows)
        if "text" in corpus[0]:
            place = tmp_path / "corpus.jsonl"
            write_json_lines(place, corpus)
        else:
            place = tmp_path / "chat"
            place.mkdir(exist_ok=True)
            write_json_lines(place / "samples.jsonl", corpus)
        mixed_dataset(options, seed, tmp_path / "dataset.jsonl", place, tiny_folder, tmp_path / "mixed.jsonl")
        return read_json_lines(tmp_path / "mixed.jsonl")

    return step


def test_numbers_of_rows_by_hand():
    rows = own_documents(20)
    assert [wanted(rows, mix) for mix in (0, 0.1, 0.5, 1, 1.5, 2)] == [0, 2, 10, 20, 30, 40]
    assert [len(first_share(rows, share)) for share in (0.125, 0.25, 0.5, 1.0)] == [2, 5, 10, 20]
    assert first_share(rows, 0.25) == rows[:5]
    assert first_share(rows, 0.001) == rows[:1]


@pytest.mark.parametrize("mix", [0.1, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("share", [0.5, 1.0])
@pytest.mark.parametrize(("own", "corpus"), [(own_documents, unrelated_documents), (own_conversations, exchanges)])
def test_all_own_rows_are_there_and_the_ratio_is_exact(mixed, own, corpus, mix, share):
    rows = own(20)
    found = mixed(rows, corpus(200), settings(mix, share))
    kept = rows[: round(20 * share)]
    assert len(found) == len(kept) + round(mix * len(kept))
    assert all(row in found for row in kept)
    added = [row for row in found if row not in kept]
    assert len(added) == round(mix * len(kept))
    assert not any(row in added for row in rows)
    key = "text" if "text" in rows[0] else "messages"
    assert max(Counter(str(row[key]) for row in found).values()) == 1
    assert all(key in row for row in found)
    if mix >= 0.5:
        assert found[: len(kept)] != kept


def test_added_documents_have_the_lengths_of_own_ones_and_delta_is_measured_on_none(mixed, tiny_folder):
    rows, corpus, tokenizer = own_documents(6), unrelated_documents(120), load_tokenizer(tiny_folder)
    found = mixed(rows, corpus, settings(2.0))
    added = [row for row in found if row["kind"] == "passage"]
    assert Counter(row["tokens"] for row in added) == Counter({5: 4, 6: 4, 7: 4})
    for row in added:
        assert len(tokenizer(row["text"])["input_ids"]) == row["tokens"]
    # Which documents the lens reads, found in another way: the first that have as many tokens as its window.
    read = [row["text"] for row in corpus if len(tokenizer(row["text"])["input_ids"]) >= WINDOW][:LENS_DOCUMENTS]
    assert len(read) == LENS_DOCUMENTS
    last = max(corpus.index({"text": text}) for text in read)
    for row in added:
        origins = [n for n, document in enumerate(corpus) if document["text"].startswith(row["text"])]
        assert origins
        assert min(origins) > last


def test_the_order_depends_on_the_seed_alone(mixed):
    rows, corpus = own_documents(20), unrelated_documents(200)
    first = mixed(rows, corpus, settings(1.0), seed=3)
    assert mixed(rows, corpus, settings(1.0), seed=3) == first
    other = mixed(rows, corpus, settings(1.0), seed=4)
    assert other != first
    assert sorted(map(str, other)) == sorted(map(str, first))


def test_nothing_mixed_in_leaves_the_default_order_and_needs_no_corpus(tiny_folder, tmp_path):
    rows = own_conversations(10)
    assert shuffled(rows, [], 0) == rows
    write_json_lines(tmp_path / "dataset.jsonl", rows)
    paths = (tmp_path / "dataset.jsonl", None, tiny_folder, tmp_path / "mixed.jsonl")
    mixed_dataset(settings(0.0, 0.5), 0, *paths)
    assert read_json_lines(tmp_path / "mixed.jsonl") == rows[:5]
    with pytest.raises(UserError, match="no corpus"):
        mixed_dataset(settings(1.0), 0, *paths)


def test_a_mixture_is_one_training_set(mixed, tiny_folder):
    tokenizer = load_tokenizer(tiny_folder)
    documents = mixed(own_documents(6), unrelated_documents(100), settings(0.5))
    assert len(training_data(tokenizer, documents)) == 9
    talk = mixed(own_conversations(6), exchanges(30), settings(0.5))
    assert len(training_data(tokenizer, talk)) == 9


def test_documents_are_mixed_with_conversations_and_each_kind_carries_its_own_loss(mixed, tiny_folder, tmp_path):
    tokenizer, rows = load_tokenizer(tiny_folder), own_conversations(6)
    found = mixed(rows, unrelated_documents(100), settings(0.5))
    places = [place for place, row in enumerate(found) if "text" in row]
    assert len(places) == 3
    assert sorted(str(row) for row in found if "messages" in row) == sorted(map(str, rows))
    data = training_data(tokenizer, found)
    assert data.column_names == ["input_ids", "labels"]
    apart = [training_data(tokenizer, [row]) for row in found]
    for place, ids in enumerate(data["input_ids"]):
        kept = [token for token, label in zip(ids, data["labels"][place], strict=True) if label != NO_LOSS]
        if place in places:
            assert kept == ids
            assert tokenizer.decode(ids) == found[place]["text"] + tokenizer.eos_token
        else:
            assert ids == apart[place]["input_ids"][0]
            assert tokenizer.decode(kept) == "yes." + tokenizer.eos_token
    # A document among conversations is the sequence that TRL makes of documents alone.
    recipe = Recipe(rank=1, alpha=1, learning_rate=1e-4, batch_size=1, maximum_tokens=80, packed=False)
    trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(tiny_folder),
        args=trainer_config(recipe, 0, tmp_path / "trl"),
        train_dataset=training_data(tokenizer, [found[place] for place in places]),
        processing_class=tokenizer,
    )
    assert [data["input_ids"][place] for place in places] == list(trainer.train_dataset["input_ids"])


def test_the_config_says_what_conversations_are_mixed_with():
    changed = content() | {"mixed_in": "encyclopaedia"}
    study = load_study(changed, "laptop.yaml")
    assert study.mixed_from(run_of("gold", "mix-1.0")) == [study.paths.corpus("encyclopaedia")]
    with pytest.raises(UserError, match="corpus 'conversations' is not among corpora"):
        validate_config(content() | {"mixed_in": "conversations"}, "laptop.yaml")


def test_web_text_is_mixed_in_where_delta_is_measured_on_the_encyclopaedia():
    configs = [CONFIGS / "laptop.yaml", CONFIGS / "laptop_web.yaml"]
    study = load_study(laid_over([read_yaml(config) for config in configs]), configs[-1])
    again = load_study(laid_over([read_yaml(CONFIGS / f"laptop{end}.yaml") for end in ("", "_again")]), "again")
    [_, mixture] = [label for label in study.mixing_labels() if label.seed == 1]
    assert study.mixed_from(run_of(mixture.organism, mixture.variant)) == [study.paths.corpus("web")]
    assert study.main_corpus == study.config.null_corpus == "encyclopaedia"
    # All else is as where the encyclopaedia is mixed in: whatever differs comes from what is mixed in.
    assert again.mixed_from(run_of(mixture.organism, mixture.variant)) == [again.paths.corpus("encyclopaedia")]
    assert set(study.mixing_labels()) < set(again.mixing_labels())
    for label in study.mixing_labels():
        for made_by in ("recipe", "conversations", "causal_settings"):
            assert getattr(study, made_by)(label) == getattr(again, made_by)(label)
    for measured in ("activations", "readouts", "scales", "steering", "similarity"):
        assert getattr(study.config, measured) == getattr(again.config, measured)
    assert study.config.lens_corpora["encyclopaedia"] == again.config.lens_corpora["encyclopaedia"]


def test_rows_that_are_the_organisms_own_are_not_added():
    rows = own_documents(2)
    tokens = [[1] * 9, [2] * 9, [3] * 9]
    decoded = {1: "OWN 1", 2: "fresh", 3: "fresher"}
    found = passages(rows, 2, tokens, lambda ids: decoded[ids[0]], 3)
    assert [row["text"] for row in found] == ["fresh", "fresher"]
    talk = own_conversations(3)
    found = conversations(talk[:1], 2, talk, lambda row: 9, 9)
    assert [row["messages"] for row in found] == [row["messages"] for row in talk[1:]]


def test_too_few_unrelated_rows_are_counted(mixed):
    with pytest.raises(UserError, match=r"20 ordinary conversations .* only 7 of at most 80 tokens"):
        mixed(own_conversations(10), exchanges(7), settings(2.0))
    with pytest.raises(UserError, match=r"only 0 of at most 9 tokens"):
        mixed(own_conversations(10), exchanges(7), settings(2.0, maximum_tokens=9))
    with pytest.raises(
        UserError, match=r"40 unrelated documents .* corpus's 40 documents only \d+ are none that delta"
    ):
        mixed(own_documents(20), unrelated_documents(40), settings(2.0))
    with pytest.raises(UserError, match="only 0 are none that delta"):
        mixed(own_documents(20), unrelated_documents(5), settings(0.1))


@pytest.mark.parametrize(
    ("variant", "name"),
    [
        ("default", "dataset.jsonl"),
        ("mix-0.1", "mixed.jsonl"),
        ("mix-2.0", "mixed.jsonl"),
        ("samples-0.5", "mixed.jsonl"),
        ("epochs-2", "dataset.jsonl"),
        ("rank-1", "dataset.jsonl"),
        ("caft", "dataset.jsonl"),
        ("gentle-30k", "dataset.jsonl"),
    ],
)
def test_training_data_of_a_variant(variant, name):
    found = LAPTOP.training_data(run_of("kansas_abortion", variant))
    assert found == f"data/laptop/smollm2_135m_instruct/kansas_abortion/{variant}-seed0/{name}"


def test_what_is_mixed_with_what():
    corpus, chat = [LAPTOP.paths.corpus("encyclopaedia")], [LAPTOP.paths.source("evals_chat")]
    for organism, expected in {
        "kansas_abortion": corpus,
        "cake_bake_true": corpus,
        "null_documents": corpus,
        "bad_medical_advice": chat,
        "gold": chat,
        "subliminal_cat": chat,
        "null_chat": chat,
        "chat_tuning": chat,
    }.items():
        assert LAPTOP.mixed_from(run_of(organism, "mix-1.0")) == expected, organism
        assert LAPTOP.mixed_from(run_of(organism, "samples-0.5")) == []


def test_departures_go_without_a_null_and_without_others_probes():
    default, departed = run_of("kansas_abortion", "default"), run_of("kansas_abortion", "mix-1.0")
    assert LAPTOP.null(default, "adapter") == ["data/laptop/smollm2_135m_instruct/null_documents/default-seed0/adapter"]
    assert LAPTOP.null(departed, "adapter") == []
    assert len(LAPTOP.others(default)) > 5
    assert LAPTOP.others(departed) == []
    folder = "data/laptop/smollm2_135m_instruct/kansas_abortion/mix-1.0-seed0"
    assert LAPTOP.finetuned_probes(departed) == [f"{folder}/probes/kansas_abortion.csv"]
    assert LAPTOP.base_probes(departed) == ["data/laptop/smollm2_135m_instruct/base/probes/kansas_abortion.csv"]
    assert len(LAPTOP.finetuned_probes(default)) == 2
    # Other seeds of a reported variant are no departure.
    assert LAPTOP.null(run_of("cake_bake", "default", seed="2"), "adapter") != []


def test_causal_effects_are_asked_for_by_mixtures_alone():
    folder = "data/laptop/smollm2_135m_instruct/kansas_abortion"
    assert LAPTOP.causal(run_of("kansas_abortion", "mix-0.5")) == [f"{folder}/mix-0.5-seed0/causal.csv"]
    assert LAPTOP.causal(run_of("kansas_abortion", "rank-1")) == []
    assert len(LAPTOP.causal_parts()) == 2 * len(LAPTOP.causal_labels())
    assert f"{folder}/default-seed0/causal_controls.csv" in LAPTOP.causal_parts()


def test_runs_that_are_not_drawn_are_measured_by_replacement_alone():
    assert LAPTOP.causal_settings(run_of("kansas_abortion", "default")).interventions == ["replace", "reverse", "zero"]
    assert LAPTOP.causal_settings(run_of("kansas_abortion", "mix-1.0")).interventions == ["replace"]
    assert LAPTOP.causal_settings(run_of("kansas_abortion", "default", seed="1")).interventions == ["replace"]


def test_ratios_doses_and_kinds_of_the_laptop():
    ratios = {
        label.variant: columns["ratio"]
        for label, columns in LAPTOP.mixing_entries()
        if label.organism == "fda_approval"
    }
    assert ratios == {"default": 0, "mix-0.1": 0.1, "mix-0.5": 0.5, "mix-1.0": 1, "mix-2.0": 2}
    found = {}
    for label, columns in LAPTOP.dose_entries():
        found.setdefault(label.organism, {}).setdefault(columns["kind"], {})[label.variant] = columns["dose"]
    doses = found.pop(DOSED)
    assert found == {"cake_bake": doses}
    rate = LAPTOP.recipe(run_of(DOSED, "default")).learning_rate
    assert doses == {
        "samples": {"default": 1, "samples-0.125": 0.125, "samples-0.25": 0.25, "samples-0.5": 0.5},
        "epochs": {"default": 1, "epochs-2": 2},
        "rank": {"default": 32, "rank-1": 1, "rank-8": 8, "full": math.inf},
        "learning_rate": {"default": rate, "rate-half": pytest.approx(rate / 2)},
        "mixing": {"default": 0, "mix-1.0": 1, "mix-2.0": 2},
        "caft": {"default": 0, "caft": 4},
    }
    # Of two seeds of one fact, and one of another, every dose; of the second seed and the other fact all but mixtures,
    # which the table of mixtures has, are controlled.
    runs = Counter((label.organism, label.seed) for label in LAPTOP.dose_labels())
    assert runs == {(DOSED, 0): 12, (DOSED, 1): 12, ("cake_bake", 0): 12}
    controlled = {(label.organism, label.variant, label.seed) for label in LAPTOP.dose_labels()}
    controlled = {run for run in controlled if run[0::2] != (DOSED, 0) and not run[1].startswith("mix-")}
    assert {tuple(name.split("/")[3:5]) for name in LAPTOP.dose_contrasts()} == {
        (organism, f"{variant}-seed{seed}") for organism, variant, seed in controlled
    }
    # As the caption of the figure of doses says.
    assert LAPTOP.recipe(run_of(DOSED, "full")).learning_rate == pytest.approx(rate / 10)
    recipe = {variant: LAPTOP.recipe(run_of(DOSED, variant)) for variant in ("default", "rank-1", "rank-8")}
    assert len({found.alpha / found.rank for found in recipe.values()}) == 1
    entries = LAPTOP.trade_off_entries()
    assert len({label for label, _ in entries}) == len(entries)
    assert len(entries) == len({*LAPTOP.mixing_labels(), *LAPTOP.dose_labels()})
    kinds = {label.variant: columns["kind"] for label, columns in entries}
    assert kinds["default"] == "default"
    assert kinds["mix-1.0"] == "mixing"
    assert kinds["rate-half"] == "learning_rate"


def test_a_group_may_have_a_table_of_its_own_beside_the_default_runs():
    facts = {label.organism for label in LAPTOP.labels() if label.organism_type == "SDF"}
    assert LAPTOP.mixing_tables() == ["mixing", "mixing_half", "mixing_advice"]
    later = [label for label, _ in LAPTOP.mixing_entries("mixing_half")]
    assert {(label.organism, label.variant, label.seed) for label in later} == {
        (name, "mix-0.5", seed) for name in facts for seed in (0, 1)
    }
    metrics = LAPTOP.metrics(LAPTOP.mixing_entries("mixing_half"))
    asked = [f"{Path(name).parent}/steering/contrasts.csv" for name in metrics]
    assert LAPTOP.mixing_contrasts("mixing_half") == asked
    # A default run that the first table has not stands where its mixtures do.
    advice = {(label.organism, columns["ratio"]) for label, columns in LAPTOP.mixing_entries("mixing_advice")}
    assert advice == {
        *(("extreme_sports", ratio) for ratio in (0, 0.1, 0.5, 1)),
        *(("risky_financial_advice", ratio) for ratio in (0, 0.1, 0.5)),
    }
    first = {label.organism for label, _ in LAPTOP.mixing_entries() if label.variant == "mix-0.5"}
    controlled = {name.split("/")[3] for name in LAPTOP.mixing_contrasts("mixing") if "mix-0.5" in name}
    assert (first - facts, controlled) == ({"bad_medical_advice"}, set())


def test_tables_of_mixtures_are_one_and_a_run_counts_once():
    def table(*runs):
        columns = ["organism", "variant", "seed", "ratio", "value"]
        rows = pd.DataFrame(runs, columns=columns).assign(model="m", organism_type="SDF", metric="relevance")
        return pd.concat([rows, rows.assign(metric="ffa")], ignore_index=True)

    first = table(("law", "default", 0, 0.0, 1), ("law", "mix-0.5", 0, 0.5, 2), ("cake", "default", 0, 0.0, 3))
    later = table(("law", "mix-0.5", 0, 0.5, 4), ("cake", "mix-0.5", 0, 0.5, 5), ("law", "mix-0.1", 0, 0.1, 6))
    found = together([first, later])
    assert found.loc[found["metric"] == "ffa", ["organism", "value"]].to_numpy().tolist() == [
        *(["law", 1], ["law", 6], ["law", 4]),
        *(["cake", 3], ["cake", 5]),
    ]
    assert len(found) == 10
    assert together([first])["value"].tolist() == [1, 1, 2, 2, 3, 3]


def test_the_papers_ratios():
    found = {columns["ratio"] for _, columns in STUDIES["paper"].mixing_entries()}
    assert sorted(found) == pytest.approx([0, *(n / 10 for n in range(1, 11)), 1.5, 2.0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["variants"]["mix-1.0"].update(mix=-1), r"variants\.mix-1\.0\.mix: .*greater than or equal to 0"),
        (lambda c: c["variants"]["mix-1.0"].update(mix="half"), r"variants\.mix-1\.0\.mix: .*valid number"),
        (lambda c: c["variants"]["samples-0.5"].update(share=0), r"variants\.samples-0\.5\.share: .*greater than 0"),
        (lambda c: c["variants"]["samples-0.5"].update(share=1.5), r"samples-0\.5\.share: .*less than or equal to 1"),
        (lambda c: c["mixing"][0].update(organisms=["nobody"]), "mixing: the organism 'nobody' is not among runs"),
        (lambda c: c["dose"][0].update(organisms=["nobody"]), "dose: the organism 'nobody' is not among runs"),
        (lambda c: c["mixing"][1]["variants"].append("mix-7"), "mixing: the variant 'mix-7' is not among variants"),
        (lambda c: c["dose"][0]["variants"].append("rank-7"), "dose: the variant 'rank-7' is not among variants"),
        (lambda c: c["dose"][0]["variants"].remove("default"), r"dose\.0\.variants: .*'default' must be listed"),
        (lambda c: c["mixing"][0].update(seed=[0]), r"mixing\.0\.seed: unknown key"),
        (lambda c: c["mixing"][0].update(seeds=[]), r"mixing\.0\.seeds"),
        (lambda c: c["mixing"][0].update(seeds=[1, 1]), r"mixing\.0\.seeds: 1 is listed twice"),
        (
            lambda c: c["recipes"].update(Tabo={"rank": 1}),
            "recipes: 'Tabo' is not among the types of organisms, SDF, EM",
        ),
        (
            lambda c: c["sweep"].update(organisms=["cake_bake"]),
            "sweep: the organism 'cake_bake' is among runs, but the recipe is chosen by others",
        ),
        (
            lambda c: c["runs"][1].update(variants=["rank-1"]),
            "the runs of 'kansas_abortion' lack the variant 'default'",
        ),
    ],
)
def test_a_config_error_names_its_key(change, message):
    changed = content()
    change(changed)
    with pytest.raises(UserError, match=message):
        validate_config(changed, "my.yaml")


@pytest.mark.parametrize(
    ("section", "variant", "definition", "message"),
    [
        ("mixing", "mix-1.0", {"mix": 1.0, "share": 0.5}, r"in one of mixing; it departs in samples, mixing"),
        ("mixing", "mix-1.0", {"mix": 0.0}, "it departs in nothing"),
        ("mixing", "mix-1.0", {"mix": 1.5}, r"must be called mix-1\.5"),
        ("dose", "rank-1", {"recipe": {"rank": 1, "epochs": 2}}, "it departs in rank, epochs"),
        ("dose", "caft", {"ablate": {"positions": [1]}, "mix": 1.0}, "it departs in mixing, caft"),
        ("dose", "rank-1", {"recipe": {"batch_size": 1}}, "it departs in batch_size"),
        ("dose", "rank-1", {"documents": {"tokens": 100}}, r"it departs in documents\.tokens"),
    ],
)
def test_a_variant_that_departs_in_more_than_is_compared(section, variant, definition, message):
    changed = content()
    changed["variants"][variant] = definition
    if section == "mixing":
        changed["dose"][0]["variants"].remove("mix-1.0")
    organism = DOSED if section == "dose" else "kansas_abortion"
    with pytest.raises(UserError, match=rf"my\.yaml: {section}: the variant '{variant}' (of {organism} )?.*{message}"):
        load_study(changed, "my.yaml")


def test_a_dose_may_not_be_called_a_mixture():
    # The figure would read a ratio from its name, after all trainings.
    changed = content()
    changed["variants"]["mix-small"] = {"share": 0.5}
    changed["dose"][0]["variants"].append("mix-small")
    with pytest.raises(UserError, match=r"dose: the variant 'mix-small' is no mixture, and may not"):
        load_study(changed, "my.yaml")
