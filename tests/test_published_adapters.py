"""Published adapters and whole models: fetching one, here from a folder of the Hub's layout."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch
from architectures import make_hub_folder
from conftest import TEMPLATE
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from paper_replication.errors import UserError
from paper_replication.files import read_table
from paper_replication.hub_models import check_same_tokens, load_whole
from paper_replication.models import load_model
from paper_replication.paths import CONFIGS
from paper_replication.provenance.hashing import sha256_file
from paper_replication.settings.hub import HubModel, PublishedAdapter
from paper_replication.steps.behaviour import loss_row
from paper_replication.steps.hub_model import hub_model
from paper_replication.steps.published_adapter import published_adapter
from paper_replication.whole_models import check_same_chat

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

    shapes = {name: tensor.shape for name, tensor in load_file(repository / "adapter_model.safetensors").items()}
    ones = {name: torch.ones(shape) for name, shape in shapes.items()}
    keep(**ones)
    shutil.rmtree(tmp_path / "adapter")
    name = next(iter(shapes))
    beyond, wider = name.replace("layers.0", "layers.99"), torch.ones(shapes[name][0], shapes[name][1] + 1)
    for weights, named in (({beyond: ones[name].clone()}, beyond), ({name: wider}, name)):
        with pytest.raises(UserError, match=rf"base model .*: the shape of {named} is \(.*\), but .* by these"):
            keep(**ones | weights)
    with pytest.raises(UserError, match=rf"the shape of {name} is None, but \({shapes[name][0]}, .* by these"):
        keep(**{other: tensor for other, tensor in ones.items() if other != name})
    # As is kept of an embedding that was resized; PEFT loads it.
    rows = AutoModelForCausalLM.from_pretrained(model_folder).get_input_embeddings().weight
    keep(**ones | {"base_model.model.model.embed_tokens.weight": rows.clone()})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        # PEFT would load nothing, and the base model would be measured as the finetuned one.
        ({"target_modules": ["up_proj"]}, r"does not go with the adapter_config\.json beside it"),
        ({"target_modules": ["down_proj", "up_proj"]}, r"the shape of .*up_proj\.lora_A\.weight is None"),
        ({"r": 8}, r"lora_A\.weight is \(2, 64\), but \(8, 64\) by these"),
        ({"target_modules": ["elsewhere"]}, r"PEFT cannot use .*adapter_config\.json on the base model"),
        ({"r": "two"}, r"PEFT cannot use .*adapter_config\.json"),
    ],
)
def test_an_adapter_whose_config_is_another_ones_is_refused(copy, repository, changed, message):
    change(repository / "adapter_config.json", **changed)
    with pytest.raises(UserError, match=message):
        copy()


@pytest.mark.parametrize(
    "other", [{"use_dora": True}, {"init_lora_weights": "pissa"}, {"modules_to_save": ["lm_head"]}]
)
def test_an_adapter_of_another_kind_of_lora_is_taken(copy, repository, tiny_folder, other):
    base = AutoModelForCausalLM.from_pretrained(tiny_folder)
    model = get_peft_model(base, LoraConfig(r=2, target_modules=["down_proj"], **other))
    model.save_pretrained(repository)
    copy()


def test_damaged_weights_of_an_adapter_are_refused(copy, repository):
    weights = repository / "adapter_model.safetensors"
    tensors = load_file(weights)
    first = next(iter(tensors))
    save_file(tensors | {first: torch.full_like(tensors[first], torch.nan)}, weights)
    with pytest.raises(UserError, match=rf"weights {first} of .* are not all finite"):
        copy()
    # PEFT would load none, and the base model would be measured as the finetuned one.
    save_file({name.removeprefix("base_model."): found for name, found in tensors.items()}, weights)
    with pytest.raises(UserError, match=r"the shape of model\.model\.layers.* is \(.*\), but None by these"):
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
    with pytest.raises(UserError, match=r"There is no nowhere/tokenizer\.json, by which tokenizers are compared"):
        check_same_tokens(Path("nowhere/tokenizer.json"), repository / "tokenizer.json")


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


def test_comparing_chats_leaves_both_templates_as_they_are(tiny_folder):
    dated = TEMPLATE + "{{ strftime_now('%Y') }}"
    both = [load_whole(tiny_folder, "m") for _ in range(2)]
    for _, tokenizer in both:
        tokenizer.chat_template = dated
    check_same_chat(*both, "finetuned", "base")
    assert [tokenizer.chat_template for _, tokenizer in both] == [dated, dated]


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
