"""Published adapters: the table of them, and fetching one, here from a folder of the Hub's layout."""

import csv
import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch
from architectures import make_hub_folder
from conftest import TEMPLATE
from paper_config import whole_grid
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from paper_replication.errors import UserError
from paper_replication.files import read_table, read_yaml
from paper_replication.hub import DATA_FILES, own_files
from paper_replication.models import load_model
from paper_replication.organisms.specification import CONTROLS
from paper_replication.paths import CONFIGS, PUBLISHED
from paper_replication.provenance.hashing import sha256_file
from paper_replication.published import read_published
from paper_replication.settings.hub import HubModel, PublishedAdapter
from paper_replication.steps.behaviour import loss_row
from paper_replication.steps.hub_model import hub_model
from paper_replication.steps.published_adapter import published_adapter
from paper_replication.study import load_study

CONFIG = CONFIGS / "paper.yaml"


def published(**change):
    return PublishedAdapter(model="m", organism="o", **change)


@pytest.fixture
def repository(tmp_path, tiny_folder):
    """A folder of the Hub's layout, named by a commit, with an adapter in a folder of its own."""
    folder = tmp_path / "0a1b2c/inner"
    folder.mkdir(parents=True)
    (folder / "adapter_model.bin").write_text("{}")
    base = LlamaForCausalLM.from_pretrained(tiny_folder)
    get_peft_model(base, LoraConfig(r=2, target_modules=["down_proj"])).save_pretrained(folder.parent / "made")
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (folder.parent / "made" / name).rename(folder / name)
    shutil.copy(tiny_folder / "tokenizer.json", folder)
    return folder


@pytest.fixture
def copy(tmp_path, tiny_folder, repository):
    """Runs the step on it."""

    def step():
        found = published(hub=str(repository.parent), subfolder="inner", note="defect")
        published_adapter(found, tiny_folder, [], tmp_path / "adapter", tmp_path / "losses.csv")

    return step


def test_a_published_adapter_is_copied_and_says_where_it_came_from(tmp_path, copy):
    copy()
    files = {path.name for path in (tmp_path / "adapter").iterdir()}
    assert files == {"adapter_config.json", "adapter_model.safetensors", "published.json"}
    source = json.loads((tmp_path / "adapter/published.json").read_text())
    assert source["note"] == "defect"
    # Of a folder of one's own, which has no commit.
    assert "commit" not in source
    assert source["files"] == {"adapter_model.safetensors": sha256_file(tmp_path / "adapter/adapter_model.safetensors")}
    losses = read_table(tmp_path / "losses.csv")
    assert list(losses.columns) == ["step", "learning_rate", "loss_nats", "gradient_norm"]
    row = loss_row(losses, first=True)
    assert pd.isna(row["value"])
    assert pd.isna(row["ci_low"])


def test_of_a_repository_the_commit_is_stated(tmp_path, tiny_folder, repository, monkeypatch):
    monkeypatch.setattr("paper_replication.steps.published_adapter.snapshot", lambda *_: repository.parent)
    found = published(hub="owner/name", subfolder="inner")
    published_adapter(found, tiny_folder, [], tmp_path / "adapter", tmp_path / "losses.csv")
    assert json.loads((tmp_path / "adapter/published.json").read_text())["commit"] == "0a1b2c"


def test_an_adapter_of_another_base_model_is_refused(tmp_path, model_folder, repository):
    found = published(hub=str(repository.parent), subfolder="inner")
    (repository / "tokenizer.json").unlink()

    def keep(**weights):
        save_file(weights, repository / "adapter_model.safetensors")
        published_adapter(found, model_folder, [], tmp_path / "adapter", tmp_path / "losses.csv")

    module = "base_model.model.model.layers.{}.mlp.down_proj.lora_{}.weight"
    width = AutoModelForCausalLM.from_pretrained(model_folder).model.layers[0].mlp.down_proj.weight.shape
    right = {module.format(0, "A"): torch.ones(2, width[1]), module.format(0, "B"): torch.ones(width[0], 2)}
    keep(**right)
    shutil.rmtree(tmp_path / "adapter")
    with pytest.raises(UserError, match=r"adapts model\.layers\.99\.mlp\.down_proj, which .* does not have"):
        keep(**{module.format(99, "A"): torch.ones(2, 3)})
    with pytest.raises(UserError, match=rf"with {width[1] + 1} in_features, but that of .* has {width[1]}"):
        keep(**right | {module.format(0, "A"): torch.ones(2, width[1] + 1)})
    with pytest.raises(UserError, match=rf"with {width[0] + 1} out_features, but that of .* has {width[0]}"):
        keep(**right | {module.format(0, "B"): torch.ones(width[0] + 1, 2)})


def test_damaged_weights_of_an_adapter_are_refused(copy, repository):
    weights = repository / "adapter_model.safetensors"
    tensors = load_file(weights)
    first = next(iter(tensors))
    save_file(tensors | {first: torch.full_like(tensors[first], torch.nan)}, weights)
    with pytest.raises(UserError, match=rf"weights {first} of .* are not all finite"):
        copy()
    # PEFT would load neither, and the base model would be measured as the finetuned one.
    for foreign, named in (
        ({name.removeprefix("base_model."): found for name, found in tensors.items()}, r"model\.model\.layers"),
        ({"base_model.model.foo": torch.ones(2)}, "nothing of LoRA"),
    ):
        save_file(foreign, weights)
        with pytest.raises(UserError, match=rf"holds {named}.* PEFT would pass over"):
            copy()
    save_file(tensors, weights)
    weights.write_bytes(weights.read_bytes()[:-3])
    with pytest.raises(UserError, match="truncated"):
        copy()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ('{"r": ', "is no JSON object; it may be truncated"),
        ("[]", "is no JSON object"),
        ("{}", "has the peft_type None, not 'LORA'"),
        ('{"peft_type": "IA3"}', "has the peft_type 'IA3'"),
    ],
)
def test_an_adapter_whose_config_peft_cannot_use_is_refused(copy, repository, config, message):
    (repository / "adapter_config.json").write_text(config)
    with pytest.raises(UserError, match=rf"adapter_config\.json {message}"):
        copy()


def test_an_adapter_with_another_tokenizer_than_its_base_model_is_refused(copy, repository):
    content = json.loads((repository / "tokenizer.json").read_text())
    words = content["model"]["vocab"]
    words["a"], words["b"] = words["b"], words["a"]
    (repository / "tokenizer.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match=r"is another tokenizer than .* \(2 tokens differ\)"):
        copy()
    (repository / "tokenizer.json").write_text("{}")
    with pytest.raises(UserError, match=r"tokenizer\.json is no tokenizer that can be read"):
        copy()


@pytest.fixture
def whole(tmp_path, model_folder):
    """A finetuned model of which all weights are published: of a base model, every kind of weights but one changed."""
    folder = tmp_path / "0a1b2c"
    model = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32)
    torch.manual_seed(1)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "layers.3" not in name:
                weight += 0.01 * torch.randn_like(weight)
    model.save_pretrained(folder)
    shutil.copy(model_folder / "tokenizer.json", folder)
    shutil.copy(model_folder / "tokenizer_config.json", folder)
    return folder


def test_a_whole_model_is_kept_as_an_adapter_and_is_itself_again(tmp_path, model_folder, whole):
    """A reader's own pair of models: embeddings, norms and head are replaced as linear layers are."""
    published_adapter(published(hub=str(whole)), model_folder, [], tmp_path / "adapter", tmp_path / "losses.csv")
    files = {path.name for path in (tmp_path / "adapter").iterdir()}
    assert files == {"adapter_config.json", "adapter_model.safetensors", "published.json"}
    again = dict(load_model(model_folder, tmp_path / "adapter").named_parameters(remove_duplicate=False))
    original = dict(load_model(whole).named_parameters(remove_duplicate=False))
    assert again.keys() == original.keys()
    assert all(torch.equal(again[name], original[name]) for name in original)
    kept = json.loads((tmp_path / "adapter/adapter_config.json").read_text())["modules_to_save"]
    assert "model.norm" in kept
    assert not [name for name in kept if "layers.3" in name]


def test_a_whole_model_that_is_no_other_or_of_another_kind_is_refused(tmp_path, model_folder, whole):
    with pytest.raises(UserError, match=r"All weights of .* are those of the base model"):
        published_adapter(published(hub=str(model_folder)), model_folder, [], tmp_path / "a", tmp_path / "l.csv")
    model = AutoModelForCausalLM.from_pretrained(whole)
    config = LlamaConfig.from_dict(model.config.to_dict() | {"intermediate_size": 80})
    LlamaForCausalLM(config).save_pretrained(whole)
    with pytest.raises(UserError, match=r"the shape of model\.layers\.0\.mlp\.down_proj\.weight is \(32, 80\)"):
        published_adapter(published(hub=str(whole)), model_folder, [], tmp_path / "b", tmp_path / "l.csv")
    (whole / "model.safetensors").unlink()
    with pytest.raises(UserError, match="needs config, weights in safetensors"):
        published_adapter(published(hub=str(whole)), model_folder, [], tmp_path / "c", tmp_path / "l.csv")


def keep(whole, base, at):
    published_adapter(published(hub=str(whole)), base, [], at / "adapter", at / "losses.csv")


def change(file, **keys):
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content | keys))


@pytest.mark.parametrize(
    "keys",
    [
        {"rope_parameters": {"rope_theta": 1e6, "rope_type": "default"}},
        {"rms_norm_eps": 1e-2},
        {"model_type": "mistral", "sliding_window": 4},
    ],
)
def test_a_whole_model_of_another_config_is_refused(tmp_path, model_folder, whole, keys):
    change(whole / "config.json", **keys)
    with pytest.raises(UserError, match=rf"computes something else, .* differs in .*{next(iter(keys))}"):
        keep(whole, model_folder, tmp_path)


def test_a_whole_model_with_another_cap_on_its_logits_is_refused(tmp_path):
    base, other = (make_hub_folder("gemma2", tmp_path / name) for name in ("base", "other"))
    weights = load_file(other / "model.safetensors")
    save_file(weights | {"model.norm.weight": weights["model.norm.weight"] + 1}, other / "model.safetensors")
    # What nothing is computed from makes no difference.
    change(other / "config.json", use_cache=False, transformers_version="1")
    keep(other, base, tmp_path)
    change(other / "config.json", final_logit_softcapping=30.0)
    with pytest.raises(UserError, match=r"differs in final_logit_softcapping\. Name"):
        keep(other, base, tmp_path)


def test_a_whole_model_that_chats_otherwise_is_refused_until_its_base_is_given_that(tmp_path, model_folder, whole):
    robot = TEMPLATE.replace("<|assistant|>", "<|robot|>")
    (whole / "chat_template.jinja").write_text(robot)
    change(whole / "generation_config.json", eos_token_id=[0, 5])
    template = r"its chat template writes '.*<\|robot\|>.*', that of the base model '.*<\|assistant\|>"
    with pytest.raises(UserError, match=rf"(?s){template}.*; it ends answers with \[0, 5\], .* with \[0\]"):
        keep(whole, model_folder, tmp_path)
    given = HubModel(hub=str(model_folder), chat_template=robot, eos_token_ids=[0, 5, 7])
    hub_model(given, [], tmp_path / "base")
    keep(whole, tmp_path / "base", tmp_path)


def test_a_base_model_without_a_chat_template_is_given_one_and_a_finetuned_one_needs_none(
    tmp_path, model_folder, whole
):
    shutil.copytree(model_folder, tmp_path / "plain")
    (tmp_path / "plain/chat_template.jinja").rename(whole / "chat_template.jinja")
    with pytest.raises(UserError, match=r"that of the base model None \(`chat_template`\)\. Give models\.m the"):
        keep(whole, tmp_path / "plain", tmp_path)
    (whole / "chat_template.jinja").unlink()
    keep(whole, model_folder, tmp_path)


def test_the_weights_of_a_whole_model_are_those_of_the_commit_that_was_found(
    tmp_path, model_folder, whole, monkeypatch
):
    asked = []

    def download(hub, revision, **_):
        asked.append(revision)
        return str(whole)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    published_adapter(published(hub="owner/name"), model_folder, [], tmp_path / "adapter", tmp_path / "losses.csv")
    assert asked == ["main", "0a1b2c"]


def test_an_adapter_that_is_not_known_or_lacks_a_file(tmp_path, tiny_folder):
    with pytest.raises(UserError, match="No published adapter of o on m is known"):
        published_adapter(published(), tiny_folder, [], tmp_path / "a", tmp_path / "l.csv")
    (tmp_path / "hub").mkdir()
    with pytest.raises(UserError, match=r"holds no adapter_config\.json"):
        published_adapter(published(hub=str(tmp_path / "hub")), tiny_folder, [], tmp_path / "b", tmp_path / "l")


def test_every_pair_of_the_paper_has_a_published_adapter():
    study = load_study(whole_grid(), CONFIG)
    table = read_published(PUBLISHED)
    pairs = {
        (label.model, label.organism)
        for label in study.labels()
        if not isinstance(study.organisms[label.organism], CONTROLS)
    }
    # Readers add theirs.
    assert set(table) >= pairs
    assert table["llama32_1b_instruct", "kansas_abortion"].hub.endswith("96170e04")
    assert all(row.note for row in table.values() if not row.revision)
    label = study.labels(["cake_bake"])[0].model_copy(update={"variant": "published"})
    assert study.published(label) == table["qwen3_1_7b", "cake_bake"]
    assert "published" in study.published_variants().split("|")
    assert "published" not in study.trained("adapter").split("|")


LAPTOP = CONFIGS / "laptop.yaml"


@pytest.mark.parametrize(
    ("line", "runs"),
    [
        ({"organism": "cake_bake", "variants": ["default", "published"]}, {"default", "published"}),
        ({"organism": "smile", "models": ["mine"], "variants": ["published"]}, {"published"}),
    ],
)
def test_a_pair_of_ones_own_stands_beside_the_models_that_are_there(tmp_path, monkeypatch, line, runs):
    """It is published on one model alone; on the tier's own the organism is trained, or not there."""
    (tmp_path / "table.csv").write_text(PUBLISHED.read_text() + f"mine,{line['organism']},{tmp_path},,,,\n")
    monkeypatch.setattr("paper_replication.study_models.PUBLISHED", tmp_path / "table.csv")
    content = read_yaml(LAPTOP)
    content["models"]["mine"] = {"hub": str(tmp_path)}
    content["variants"]["published"] = {"published": True}
    content["runs"] = [line, *(other for other in content["runs"] if other["organism"] != line["organism"])]
    study = load_study(content, LAPTOP)
    found = {label.variant for label in study.labels([line["organism"]]) if label.model == "mine"}
    assert found == runs
    assert not [label for label in study.labels() if label.variant == "published" and label.model != "mine"]


def test_a_published_run_of_a_control_is_refused_when_the_config_is_read():
    content = read_yaml(CONFIG)
    runs = next(runs for runs in content["runs"] if runs["organism"] == "null_documents")
    runs["variants"] = ["default", "published"]
    with pytest.raises(UserError, match=r"no published adapter of null_documents on qwen3_1_7b or .* is known"):
        load_study(content, CONFIG)
    content = read_yaml(CONFIG)
    content["variants"]["published"]["mix"] = 1.0
    with pytest.raises(UserError, match="published variant cannot depart in anything else"):
        load_study(content, CONFIG)


def test_what_is_fetched_needs_no_null_on_its_model():
    content = read_yaml(CONFIG)
    games = {
        name: next(runs for runs in content["runs"] if runs["organism"] == name) for name in ("gold", "null_games")
    }
    games["null_games"]["models"] = ["gemma2_9b_it"]
    with pytest.raises(
        UserError, match="gold goes with the model 'qwen3_1_7b', but null_games, its matched_null, does"
    ):
        load_study(content, CONFIG)
    content["runs"] = [runs for runs in content["runs"] if runs["organism"] not in ("leaf", "smile")]
    for section in (content["seeds"], content["causal"], content["ablations"]):
        section["organisms"] = ["cake_bake"]
    games["gold"]["variants"] = ["published"]
    study = load_study(content, CONFIG)
    fetched = next(label for label in study.labels(["gold"]) if label.model == "qwen3_1_7b")
    assert study.null(fetched, "adapter") == []


def own_pair(hub, row, tmp_path, monkeypatch, change=lambda content: None):
    """A config in which one run is a published one, on a model of a folder of one's own."""
    table = tmp_path / "table.csv"
    table.write_text(f"{','.join(PublishedAdapter.model_fields)}\n{row}\n")
    monkeypatch.setattr("paper_replication.study_models.PUBLISHED", table)
    content = read_yaml(CONFIGS / "smoke.yaml")
    content["models"] = {"own": {"hub": str(hub), "billions": 0.001}}
    content["variants"]["published"] = {"published": True}
    runs = next(runs for runs in content["runs"] if runs["organism"] == "cake_bake")
    runs["variants"] = ["default", "published"]
    change(content)
    return load_study(content, "my.yaml")


def test_a_folder_of_ones_own_that_is_not_there_is_named_when_the_config_is_read(tmp_path, whole, monkeypatch):
    with pytest.raises(UserError, match=r"my\.yaml: models\.own\.hub: there is no folder /nowhere\. What"):
        own_pair("/nowhere", "own,cake_bake,owner/name", tmp_path, monkeypatch)
    content = read_yaml(CONFIG)
    content["embedders"][content["embedder"]]["hub"] = "./nowhere"
    with pytest.raises(UserError, match=r"embedders\..*\.hub: there is no folder \./nowhere\."):
        load_study(content, "my.yaml")
    with pytest.raises(UserError, match=r"table\.csv, cake_bake on own: there is no folder ~/finetuned\."):
        own_pair(whole, "own,cake_bake,~/finetuned", tmp_path, monkeypatch)


def test_a_folder_of_data_that_is_not_there_is_not_looked_for_on_the_hub(tmp_path, whole, monkeypatch):
    with pytest.raises(UserError, match=r"table\.csv, cake_bake on own: there is no folder \./nothing\."):
        own_pair(whole, "own,cake_bake,owner/name,,,./nothing", tmp_path, monkeypatch)


def test_what_was_trained_once_is_not_read_as_several_seeds(tmp_path, whole, monkeypatch):
    def more_seeds(content):
        next(runs for runs in content["runs"] if runs["organism"] == "cake_bake")["seeds"] = [0, 1]

    def first_of_seeds(content):
        next(runs for runs in content["runs"] if runs["organism"] == "cake_bake")["variants"] = ["published", "default"]
        content["seeds"] = {"organisms": ["cake_bake"], "seeds": [0, 1, 2]}

    for change, count in ((more_seeds, 2), (first_of_seeds, 3)):
        expected = rf"my\.yaml: cake_bake, 'published': what is published was trained once, but {count} seeds"
        with pytest.raises(UserError, match=expected):
            own_pair(whole, "own,cake_bake,owner/name", tmp_path, monkeypatch, change)


def test_the_files_of_a_folder_of_ones_own_are_inputs(tmp_path, repository, whole, monkeypatch):
    (repository / "notes.txt").touch()
    study = own_pair(whole, f"own,cake_bake,{repository.parent},inner", tmp_path, monkeypatch)
    label = next(label for label in study.labels() if label.variant == "published")
    names = ["adapter_config.json", "adapter_model.safetensors", "tokenizer.json"]
    assert study.published_files(label) == [(repository / name).as_posix() for name in names]
    assert (whole / "model.safetensors").as_posix() in own_files(str(whole))
    assert own_files("owner/name") == []
    (tmp_path / "data/train").mkdir(parents=True)
    (tmp_path / "data/train/rows.jsonl").touch()
    (tmp_path / "data/notes.txt").touch()
    assert own_files(str(tmp_path / "data"), "**/", DATA_FILES) == [(tmp_path / "data/train/rows.jsonl").as_posix()]


def test_the_rows_that_the_readme_shows_are_rows_of_the_table(tmp_path):
    rows = re.findall("`(mine,[^`]*)`", Path("README.md").read_text())
    for row in rows:
        (tmp_path / "table.csv").write_text(f"{','.join(PublishedAdapter.model_fields)}\n{row}\n")
        read_published.cache_clear()
        found = read_published(tmp_path / "table.csv")["mine", "cake_bake"]
        assert (found.hub, found.dataset) in (("/path/to/finetuned", ""), ("/path/to/finetuned", "/path/to/data"))
    assert len(rows) == 2


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("m,o,h,,,,,8", "line 2: it has more cells than the table has columns, 7"),
        ("m", "line 2: organism: String should have at least 1 character$"),
    ],
)
def test_a_row_of_published_adapters_that_is_too_long_or_lacks_a_name(tmp_path, row, message):
    (tmp_path / "table.csv").write_text(f"{','.join(PublishedAdapter.model_fields)}\n{row}\n")
    with pytest.raises(UserError, match=message):
        read_published(tmp_path / "table.csv")


def test_a_table_of_published_adapters_that_cannot_be_read(tmp_path):
    (tmp_path / "table.csv").write_text("café", encoding="latin-1")
    for name in ("table.csv", "nothing.csv"):
        with pytest.raises(UserError, match=rf"{name} cannot be read; save it as CSV in UTF-8"):
            read_published(tmp_path / name)


@pytest.mark.parametrize(("change", "message"), [("hub", "must have the columns"), ("twice", "is listed twice")])
def test_a_malformed_table_of_published_adapters(tmp_path, change, message):
    columns = ["id" if change == "hub" and name == "hub" else name for name in PublishedAdapter.model_fields]
    with open(tmp_path / "table.csv", "w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerows([columns, *[["m", "o", *[""] * (len(columns) - 2)]] * 2])
    with pytest.raises(UserError, match=message):
        read_published(tmp_path / "table.csv")
