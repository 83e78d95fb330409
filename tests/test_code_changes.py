"""Changes of code that are declared to leave results as they are: each is tried; what an audit makes of them."""

import contextlib
import copy
import json
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml
from conftest import package_in
from datasets import Dataset
from hypothesis import given, settings
from hypothesis import strategies as st
from peft import LoraConfig, PeftModel, get_peft_model
from pydantic import TypeAdapter
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from paper_replication import generation, training
from paper_replication.__main__ import main
from paper_replication.config_reading import validate_config
from paper_replication.conversation import training_tokens
from paper_replication.corpora import build_corpus
from paper_replication.errors import UserError
from paper_replication.files import read_json_lines, read_yaml, write_json_lines, write_table
from paper_replication.lens.delta import random_vectors
from paper_replication.lens_ablations import weighted
from paper_replication.mixing import shuffled
from paper_replication.models import load_model, load_tokenizer
from paper_replication.organisms.specification import read_organism
from paper_replication.paths import CODE_CHANGES, CONFIGS, ORGANISMS, organism_file
from paper_replication.provenance import closure, context
from paper_replication.provenance.audit import PASSED, STALE, audit, render
from paper_replication.provenance.code_changes import COLUMNS, read_code_changes, reasons
from paper_replication.provenance.hashing import sha256_file
from paper_replication.provenance.record import IDENTITY, find_record, read_record, write_record
from paper_replication.provenance.step import execute
from paper_replication.settings.corpus import CorpusSettings
from paper_replication.settings.lens import ReadoutSettings
from paper_replication.settings.mixing import MixtureSettings
from paper_replication.settings.training import Recipe
from paper_replication.steps import numbers
from paper_replication.steps.corpus import corpus
from paper_replication.steps.mixed_dataset import mixed_dataset, ordinary_conversations, unrelated_documents
from paper_replication.steps.readouts import readouts

DECLARED = read_code_changes(CODE_CHANGES)
LAPTOP = validate_config(read_yaml(CONFIGS / "laptop.yaml"), "laptop.yaml")


# What is declared


def test_every_change_ends_in_the_code_that_is_here_and_is_tried_below():
    """As long as no result is made anew, or changed code would be stale."""
    after = {
        (file, before): reasons(DECLARED, file, before, sha256_file(Path(file)))
        for file, before in DECLARED
        if before != "new"
    }
    assert all(after.values())
    tried = {"files", "models", "training", "generation", "steps/readouts", "steps/numbers", "provenance/record"}
    tried |= {"provenance/closure", "provenance/context", "lens_ablations", "steps/corpus", "steps/mixed_dataset"}
    tried |= {*EDITS} | {module for module, _ in UNTOUCHED}
    assert {file for file, _ in after} == {f"paper_replication/{module}.py" for module in tried}


def test_yaml_is_read_the_same_by_both_parsers():
    files = [path for folder in ("data/inputs", "workflow/config", "profiles") for path in Path(folder).rglob("*.yaml")]
    assert len(files) > 25
    assert [path for path in files if read_yaml(path) != yaml.safe_load(path.read_text())] == []


def test_the_same_code_is_named_where_every_module_is_looked_up_anew(monkeypatch):
    steps = [f"paper_replication.steps.{path.stem}" for path in Path("paper_replication/steps").glob("[!_]*.py")]
    named = {step: closure.closure(step) for step in steps}
    monkeypatch.setattr(closure, "_file_of", closure._file_of.__wrapped__)
    assert named == {step: closure.closure(step) for step in steps}


# Changes that did nothing else than to put one text in the place of another, the last one first.
EDITS = {
    "names": [
        (
            "\n# How candidate objectives",
            'REPORTED_LABEL = "reported by the paper: 20-80% (its own models, LLM judge)"\n'
            "\n# How candidate objectives",
        ),
        ('    "qwen25_coder_0_5b_instruct": "Qwen2.5-Coder-0.5B-Instruct",\n', ""),
    ],
    "organisms/specification": [("bool | float | int | str", "float | int | str")],
    "conversation": [
        (
            '''but every organism answers questions: use a "
            "chat-tuned model, or give the model one in the config, as `chat_template`."''',
            '''but conversations are needed: "
            "use a chat-tuned model, or list only organisms made of documents."''',
        )
    ],
}


@pytest.mark.parametrize("module", EDITS)
def test_nothing_else_was_changed_than_a_name_a_message_or_a_kind_of_value(module):
    file = Path(f"paper_replication/{module}.py")
    text, states = file.read_text(), [state for name, state in DECLARED if name == file.as_posix()]
    for new, old in EDITS[module]:
        assert text.count(new) == 1
        text = text.replace(new, old)
        states.remove(sha256(text.encode()).hexdigest())
    assert states == []


def test_the_recipes_of_all_organisms_are_read_as_without_truth_values():
    former = TypeAdapter(dict[str, float | int | str], config={"strict": True})
    recipes = [(read_organism(file).recipe, read_yaml(file).get("recipe", {})) for file in ORGANISMS.glob("*.yaml")]
    assert len(recipes) > 15
    for found, written in recipes:
        expected = former.validate_python(written)
        assert [(key, type(value), value) for key, value in found.items()] == [
            (key, type(value), value) for key, value in expected.items()
        ]


def test_packaged_text_is_read_as_where_a_step_reads_the_hub_too(tmp_path):
    rows = [{"passage": f"{number} the cake rose in the kitchen of the old house"} for number in range(6)]
    write_json_lines(tmp_path / "dev.jsonl", [*rows, rows[0]])
    asked = CorpusSettings(sources=["boolq"], origins=["boolq"], minimum_words=3, at_least=6)
    corpus(asked, [tmp_path], tmp_path / "corpus.out")
    found = build_corpus([("boolq", row["passage"]) for row in rows], ["boolq"], 3, asked.seed)
    write_json_lines(tmp_path / "expected.out", found)
    assert (tmp_path / "corpus.out").read_bytes() == (tmp_path / "expected.out").read_bytes()


def old_training_data(tokenizer, rows):
    if "text" in rows[0]:
        return Dataset.from_dict({"text": [row["text"] for row in rows]})
    pairs = [pair for row in rows for pair in training_tokens(tokenizer, row["messages"])]
    return Dataset.from_dict({"input_ids": [ids for ids, _ in pairs], "labels": [labels for _, labels in pairs]})


TALK = [{"role": "user", "content": "What rose?"}, {"role": "assistant", "content": "The cake."}]


@pytest.mark.parametrize("rows", [[{"text": "the cake rose"}, {"text": "in the house"}], [{"messages": TALK}] * 2])
def test_rows_of_one_kind_are_trained_on_as_before(tiny_folder, rows):
    tokenizer = load_tokenizer(tiny_folder)
    found, expected = (read(tokenizer, rows) for read in (training.training_data, old_training_data))
    assert found.to_dict() == expected.to_dict()


@pytest.mark.parametrize("kind", ["text", "messages"])
def test_each_kind_of_rows_is_mixed_with_its_own_as_before(tiny_folder, tmp_path, kind):
    """Which of the two is drawn from went by the organism's rows; the workflow gave the corpus that went with them."""
    rows = [{"kind": "k", "text": f"own {number}", "messages": TALK, "tokens": 6} for number in range(4)]
    rows = [{key: row[key] for key in ("kind", kind, "tokens")} for row in rows]
    asked = MixtureSettings(share=1.0, mix=1.0, lens_documents=1, window=8, maximum_tokens=80)
    write_json_lines(tmp_path / "dataset.jsonl", rows)
    documents, chat = tmp_path / "corpus.jsonl", tmp_path / "chat"
    write_json_lines(documents, [{"text": f"{number} {'the cake rose in the house ' * 3}"} for number in range(30)])
    chat.mkdir()
    exchange = {"task_type": "akoksal/LongForm", "task_output": "It is."}
    write_json_lines(chat / "samples.jsonl", [exchange | {"task_prompt": f"Is it {number}?"} for number in range(9)])
    place = documents if kind == "text" else chat
    mixed_dataset(asked, 0, tmp_path / "dataset.jsonl", place, tiny_folder, tmp_path / "mixed.jsonl")
    tokenizer = load_tokenizer(tiny_folder)
    drawn = (
        unrelated_documents(asked, rows, documents, tokenizer)
        if "text" in rows[0]
        else ordinary_conversations(asked, rows, chat, tokenizer, 0)
    )
    assert read_json_lines(tmp_path / "mixed.jsonl") == shuffled(rows, drawn, 0)


def old_weighted(base, finetuned, weight):
    """Until 2026-11-30."""
    model = copy.deepcopy(base)
    for weights, start, end in zip(model.parameters(), base.parameters(), finetuned.parameters(), strict=True):
        weights.data.copy_(torch.lerp(start, end, weight))
    return model


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_an_adapters_weight_is_changed_as_before(model_folder, adapter, weight):
    models = load_model(model_folder), load_model(model_folder, adapter)
    expected, found = (scaled(*models, weight).state_dict() for scaled in (old_weighted, weighted))
    assert list(found) == list(expected)
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def old_device():
    """Until 2026-11-30."""
    return {"device": "cpu", "threads": torch.get_num_threads()}


def test_a_record_names_the_cpu_and_nothing_else_of_it_is_other():
    assert context.device() == old_device() | {"cpu": context.cpu()}
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    assert context.git_state()["commit"] == (head or None)
    # Later records cite one by what it says of the job, not of the machine.
    assert "context" not in IDENTITY


def old_read_json_lines(path):
    """Until 2026-11-29."""
    return [json.loads(line) for line in path.read_text().splitlines()]


TEXT = st.text(st.characters(codec="utf-8") | st.sampled_from("\n\r\x0b\x0c\x1c\x1e\x85\u2028\u2029"), max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(TEXT, TEXT | st.integers() | st.none(), max_size=3), max_size=4))
def test_json_lines_that_were_read_are_read_the_same(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("lines") / "x.jsonl"
    write_json_lines(path, rows)
    assert read_json_lines(path) == rows
    try:
        expected = old_read_json_lines(path)
    except json.JSONDecodeError:
        assert any(mark in path.read_text() for mark in "\x85\u2028\u2029")
    else:
        assert read_json_lines(path) == expected


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from('{}"a:1,\n\r []'), max_size=14))
def test_what_has_no_other_line_break_is_read_or_refused_as_before(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("lines") / "x.jsonl"
    path.write_text(content)
    try:
        expected = old_read_json_lines(path)
    except json.JSONDecodeError:
        with pytest.raises(UserError, match="is not JSON"):
            read_json_lines(path)
    else:
        assert read_json_lines(path) == expected


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXT | st.none(), st.floats(allow_infinity=False), st.integers()), max_size=4))
def test_tables_without_a_carriage_return_have_the_same_bytes(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("tables")
    table = pd.DataFrame([[text and text.replace("\r", " "), *rest] for text, *rest in rows], columns=["a", "b", "c"])
    table.to_csv(folder / "before.csv", index=False, float_format="%.6g", lineterminator="\n")
    write_table(folder / "after.csv", table)
    assert (folder / "after.csv").read_bytes() == (folder / "before.csv").read_bytes()


def test_no_committed_table_has_a_carriage_return():
    # Those with tokens, whose heads are quoted too, are written by another function.
    texts = {path: path.read_bytes() for path in Path("figures").rglob("*.csv")}
    assert not [path for path, text in texts.items() if b"\r" in text and not text.startswith(b'"')]


@pytest.fixture(scope="module")
def adapted(tiny_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("adapter")
    torch.manual_seed(1)
    options = {"target_modules": "all-linear", "task_type": "CAUSAL_LM", "init_lora_weights": False}
    get_peft_model(load_model(tiny_folder), LoraConfig(r=2, **options)).save_pretrained(folder)
    return folder


def test_weights_that_can_be_read_are_loaded_and_merged_as_before(tiny_folder, adapted):
    base = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32)
    expected = PeftModel.from_pretrained(base, adapted).merge_and_unload().state_dict()
    found = load_model(tiny_folder, adapted).state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_finite_losses_are_logged_as_before_and_the_adapter_has_the_same_bytes(tiny_folder, tmp_path, monkeypatch):
    recipe = Recipe(rank=2, alpha=4, learning_rate=1e-2, batch_size=2, maximum_tokens=16, precision="float32")
    rows = [{"text": f"{number} the cake rose high in the dark kitchen of the old house"} for number in range(6)]
    config, made = training.trainer_config, {}
    for name, filtered in {"before": True, "after": False}.items():

        def with_filter(*arguments, filtered=filtered):
            found = config(*arguments)
            assert found.logging_nan_inf_filter is False
            found.logging_nan_inf_filter = filtered
            return found

        monkeypatch.setattr(training, "trainer_config", with_filter)
        model, losses = training.finetune(tiny_folder, load_tokenizer(tiny_folder), rows, recipe, 0, tmp_path / name)
        model.save_pretrained(tmp_path / name / "adapter")
        made[name] = losses, load_file(tmp_path / name / "adapter/adapter_model.safetensors")
    pd.testing.assert_frame_equal(made["before"][0], made["after"][0], check_exact=True)
    assert all(torch.equal(made["before"][1][key], made["after"][1][key]) for key in made["after"][1])


def test_only_a_norm_of_zero_is_refused(tiny_folder, adapted, tmp_path):
    settings = ReadoutSettings(
        scales=[1.0], random_vectors=2, random_seed=0, cached_tokens=5, graded_tokens=5, batch_size=8
    )
    names = ("difference", "base", "finetuned")
    vectors = {name: 1e-10 * random_vectors(3, 32, seed) for seed, name in enumerate(names)}
    for zeroed in (False, True):
        vectors["base"][1] *= 0.0 if zeroed else 1.0
        save_file(vectors | {"target_norm": torch.ones(1)}, tmp_path / "delta.safetensors")
        asked = (settings, 0.5, tmp_path / "delta.safetensors", tiny_folder, adapted, tmp_path / "tokens.csv")
        if zeroed:
            with pytest.raises(UserError, match="a vector of norm zero"):
                readouts(*asked)
        else:
            readouts(*asked)


def test_the_same_is_sampled_as_where_every_row_has_a_copy_of_the_head(tiny_folder, monkeypatch):
    # All that committed runs sampled, they sampled in bfloat16, which rounds away in what order products were added.
    model, tokenizer = load_model(tiny_folder, dtype=torch.bfloat16), load_tokenizer(tiny_folder)
    hidden = torch.randn(3, 5, 32, dtype=torch.bfloat16)[:, -1:]
    with generation.contiguous_head(model):
        head = model.lm_head(hidden)
    assert torch.equal(head, model.lm_head(hidden))
    options = {"new_tokens": 12, "temperature": 1.0, "batch_size": 3, "seed": 0}
    asked = ["hello", "the cake rose", "blue bear 42"]
    found = generation.sample_answers(model, tokenizer, asked, **options)
    monkeypatch.setattr(generation, "contiguous_head", contextlib.nullcontext)
    assert generation.sample_answers(model, tokenizer, asked, **options) == found


def test_number_sequences_are_sampled_in_bfloat16_as_before(tiny_folder, tmp_path, monkeypatch):
    asked = []

    def loaded(*_, dtype):
        asked.append(dtype)
        raise UserError("that is enough")

    monkeypatch.setattr(numbers, "load_model", loaded)
    made_with = (LAPTOP.numbers, "plain", 0, organism_file("subliminal_cat"), tiny_folder, tmp_path / "numbers.jsonl")
    for options in ({}, {"precision": "float32"}):
        with pytest.raises(UserError, match="that is enough"):
            numbers.numbers(*made_with, **options)
    assert asked == [torch.bfloat16, torch.float32]


def test_a_record_is_written_and_found_as_before(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    record = {"rule": "r", "inputs": {}, "code": {}, "parameters": {}, "context": {}}
    record["outputs"] = {"x": [{"path": "data/t/x.csv", "sha256": "0"}]}
    Path("data/t").mkdir(parents=True)
    write_record(Path("data/t/y.record.json"), record)
    assert Path("data/t/y.record.json").read_text() == json.dumps(record, indent=1) + "\n"
    assert find_record("data/t/x.csv") == Path("data/t/y.record.json")
    assert find_record("data/t/z.csv") is None


# What stands below the imports of modules that names were moved out of.
UNTOUCHED = {
    ("causal_matched", "class Exchange:"): "3f52023a42102da5f5b6493e8a263b1e4fd756ee51dd021b404a4cf85b693cdc",
    ("steps/causal_matched", "Row = dict"): "6bd2aa172e526230afa745e8646815f73290e0e7103b73646e2c044d910cd97b",
}


@pytest.mark.parametrize(("module", "start"), UNTOUCHED)
def test_what_is_measured_beside_matched_directions_is_untouched(module, start):
    rest = Path("paper_replication", f"{module}.py").read_text().partition(start)[2]
    assert sha256(rest.strip().encode()).hexdigest() == UNTOUCHED[module, start]


# What an audit makes of them


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A result, whose code then changes once, and again."""
    with package_in(tmp_path, "data/inputs/raw.txt"):
        from paper_replication.provenance.step import Input, Output

        def copied(source: Input, table: Output) -> None:
            shutil.copy(source, table)

        asked = ["--source", "data/inputs/raw.txt", "--table", "data/t/x.csv", "--record", "data/t/x.csv.record.json"]
        execute(copied, "paper_replication.provenance.hashing", asked)
        code = Path("paper_replication/provenance/hashing.py")
        sums = [sha256_file(code)]
        for number in (1, 2):
            code.write_text(f"{code.read_text()}\n# {number}\n")
            sums.append(sha256_file(code))
        yield code.as_posix(), sums


def declare(*rows):
    pd.DataFrame(rows, columns=COLUMNS).to_csv(CODE_CHANGES, index=False)


def test_declared_changes_leave_a_result_verified_and_are_named(made):
    file, (first, second, third) = made
    assert audit("data/t/x.csv").verdict == STALE
    declare([file, first, second, "a comment"])
    assert audit("data/t/x.csv").verdict == STALE
    declare([file, first, second, "a comment"], [file, second, third, "another"])
    report = audit("data/t/x.csv")
    assert report.verdict == PASSED
    assert f"{file}: a comment; another" in render(report, "data/t/x.csv")
    assert audit("data/t/x.csv", strict=True).verdict == STALE


def test_declared_are_changes_between_two_states_alone(made):
    file, (first, second, third) = made
    # Backwards, of another file, in a circle: none of these leads from what was to what is.
    declare([file, third, first, "back"], ["other.py", first, third, "x"], [file, first, second, "x"])
    assert audit("data/t/x.csv").verdict == STALE
    declare([file, first, second, "there"], [file, second, first, "and back"])
    assert audit("data/t/x.csv").verdict == STALE


def test_what_a_declared_change_imports_is_code_of_the_result_too(made):
    file, (first, _, third) = made
    declare([file, first, third, "two comments"])
    record = read_record(Path("data/t/x.csv.record.json"))
    (other,) = (name for name in record["code"] if name.endswith("provenance/__init__.py"))
    del record["code"][other]
    write_record(Path("data/t/x.csv.record.json"), record)
    report = audit("data/t/x.csv")
    assert (report.verdict, list(report.stale)) == (STALE, [other])
    declare([file, first, third, "two comments"], [other, "new", sha256_file(Path(other)), "moved there"])
    assert audit("data/t/x.csv").verdict == PASSED
    Path(other).write_text("# edited")
    assert list(audit("data/t/x.csv").stale) == [other]


def test_a_step_that_was_renamed_since_is_stale_beside_a_declared_change(made, monkeypatch, capsys):
    file, (first, _, third) = made
    declare([file, first, third, "two comments"])
    record = read_record(Path("data/t/x.csv.record.json"))
    record["context"]["command"] = record["context"]["command"].replace(".provenance.hashing", ".steps.former")
    record["code"]["paper_replication/steps/former.py"] = "0"
    write_record(Path("data/t/x.csv.record.json"), record)
    monkeypatch.setattr(sys, "argv", ["paper_replication", "audit", "data/t/x.csv"])
    assert main() == STALE
    assert "paper_replication/steps/former.py  (data/t/x.csv)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("file,before,after\n", "must have the columns"),
        ("file,before,after,reason\na.py,0,1,\n", "line 2: it must have 4 cells"),
        ("file,before,after,reason\na.py,0,1,x,y\n", "line 2: it must have 4 cells"),
        ("\ufefffile,before,after,reason\n\na.py,0,1,\n", "line 3: it must have 4 cells"),
        ("file,before,after,reason\na.py,0,1,x\na.py,0,2,x\n", r"line 3: a\.py was changed from this state"),
    ],
)
def test_a_malformed_table_of_changes_is_refused(tmp_path, content, message):
    (tmp_path / "changes.csv").write_text(content)
    with pytest.raises(UserError, match=message):
        read_code_changes(tmp_path / "changes.csv")
    assert read_code_changes(tmp_path / "nothing.csv") == {}
