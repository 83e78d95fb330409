"""What comes from the Hub: errors that say what to do, and the judges' embedder, here from a folder."""

import errno
import json
from pathlib import Path

import httpx
import pytest
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

from paper_replication.errors import UserError
from paper_replication.files import read_yaml
from paper_replication.hub import damaged, is_path, own_files, snapshot
from paper_replication.ordinary_chat import ORIGINS
from paper_replication.paths import CONFIGS
from paper_replication.settings.hub import HubChat, HubEmbedder, HubModel, PublishedAdapter
from paper_replication.steps import hub_embedder as hub_embedder_step
from paper_replication.steps.hub_chat import hub_chat
from paper_replication.steps.hub_embedder import hub_embedder
from paper_replication.steps.hub_model import hub_model
from paper_replication.steps.published_adapter import published_adapter
from paper_replication.study import load_study

CONFIG = CONFIGS / "paper.yaml"


def refuse(kind, status):
    def download(hub, **_):
        request = httpx.Request("GET", f"https://huggingface.co/{hub}")
        raise kind("no", response=httpx.Response(status, request=request))

    return download


def test_a_gated_repository_says_which_terms_and_where_the_token_goes(monkeypatch):
    monkeypatch.setattr("huggingface_hub.snapshot_download", refuse(GatedRepoError, 403))
    with pytest.raises(UserError, match=r"terms at https://huggingface\.co/google/gemma-3-1b-it.*HF_TOKEN"):
        snapshot("google/gemma-3-1b-it", "main")
    monkeypatch.setattr("huggingface_hub.snapshot_download", refuse(RepositoryNotFoundError, 404))
    with pytest.raises(UserError, match="nobody/nothing at revision main cannot be fetched: check its name"):
        snapshot("nobody/nothing", "main")


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "no room for owner/name: make some, or set HF_HOME"),
        # Of clients whose errors are none of Python's own.
        (httpx.ReadError("reset"), "owner/name at revision main cannot be fetched"),
    ],
)
def test_a_fetch_that_stops_says_why(monkeypatch, problem, message):
    def stop(*_, **__):
        raise problem

    monkeypatch.setattr("huggingface_hub.snapshot_download", stop)
    with pytest.raises(UserError, match=message):
        snapshot("owner/name", "main")


def test_what_is_damaged_in_the_cache_is_removed_with_the_file_that_it_links_to(tmp_path):
    blob, snapshot_ = tmp_path / "models--owner--name/blobs/1", tmp_path / "models--owner--name/snapshots/0a1b2c"
    for folder in (blob.parent, snapshot_):
        folder.mkdir(parents=True)
    blob.write_text("truncated")
    (snapshot_ / "config.json").symlink_to("../../blobs/1")
    for place in (snapshot_, snapshot_ / "config.json"):
        assert damaged("owner/name", place) == f"Remove {blob.parents[1]}, and it is fetched again."
    assert damaged("owner/name", Path("elsewhere")) == "Remove elsewhere, and it is fetched again."


def test_nothing_is_no_folder():
    assert not is_path("")
    assert own_files("") == []


class AskedError(Exception):
    """What a repository was asked for."""


@pytest.mark.parametrize(
    "fetch",
    [
        lambda to: snapshot("owner/name", "abc"),
        lambda to: hub_model(HubModel(hub="owner/name", revision="abc"), [], to),
        lambda to: hub_embedder(HubEmbedder(hub="owner/name", revision="abc"), [], to),
        lambda to: hub_chat(HubChat(hub=ORIGINS[0], question="q", answer="a", exchanges=1, revision="abc"), to),
        lambda to: published_adapter(
            PublishedAdapter(model="m", organism="o", hub="owner/name", revision="abc"), to, [], to, to
        ),
    ],
)
def test_the_revision_that_is_pinned_is_fetched(monkeypatch, tmp_path, fetch):
    def download(hub, revision, **_):
        raise AskedError(revision)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    with pytest.raises(UserError) as problem:
        fetch(tmp_path / "out")
    assert isinstance(problem.value.__cause__, AskedError)
    assert problem.value.__cause__.args == ("abc",)


def test_an_embedder_of_the_hub_is_copied_without_what_is_hidden(tmp_path, monkeypatch):
    (tmp_path / "hub/1_Pooling").mkdir(parents=True)
    (tmp_path / "hub/.cache").mkdir()
    (tmp_path / "hub/.cache/hidden.json").write_text("{}")
    # Weights that are pickles would run what they hold.
    for name in ("model.safetensors", "pytorch_model.bin"):
        (tmp_path / "hub" / name).write_text("weights")
    (tmp_path / "hub/modules.json").write_text("[]")
    (tmp_path / "hub/1_Pooling/config.json").write_text("{}")
    (tmp_path / "hub/config.json").write_text('{"torch_dtype": "bfloat16", "hidden_size": 8}')
    hub_embedder(settings=HubEmbedder(hub=str(tmp_path / "hub"), revision="main"), files=[], folder=tmp_path / "out")
    found = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert found == {"modules.json", "config.json", "1_Pooling/config.json", "model.safetensors"}
    # Whatever weights are kept in, they are read in float32.
    assert json.loads((tmp_path / "out/config.json").read_text()) == {"hidden_size": 8, "dtype": "float32"}
    # What comes from a repository has its commit stated; a folder of one's own, as here, has none.
    monkeypatch.setattr(hub_embedder_step, "snapshot", lambda *_: tmp_path / "hub")
    hub_embedder(settings=HubEmbedder(hub="someone/embedder", revision="main"), files=[], folder=tmp_path / "other")
    assert json.loads((tmp_path / "other/hub.json").read_text()) == {"hub": "someone/embedder", "commit": "hub"}
    tracked = {Path(file).relative_to(tmp_path / "hub") for file in own_files(str(tmp_path / "hub"), within="**/")}
    assert {Path(file) for file in found} <= tracked


def test_an_embedder_whose_transformer_lies_in_a_folder_is_read_in_float32(tmp_path):
    kinds = {
        "0_Transformer": "sentence_transformers.models.Transformer",
        "1_Pooling": "sentence_transformers.models.Pooling",
    }
    for name in kinds:
        (tmp_path / "hub" / name).mkdir(parents=True)
        (tmp_path / "hub" / name / "config.json").write_text('{"torch_dtype": "float16"}')
    (tmp_path / "hub/0_Transformer/model.safetensors").write_text("weights")
    modules = tmp_path / "hub/modules.json"
    modules.write_text(json.dumps([{"path": name, "type": kind} for name, kind in kinds.items()]))
    asked = HubEmbedder(hub=str(tmp_path / "hub"), revision="main")
    hub_embedder(settings=asked, files=[], folder=tmp_path / "out")
    read = {name: json.loads((tmp_path / "out" / name / "config.json").read_text()) for name in kinds}
    assert read == {"0_Transformer": {"dtype": "float32"}, "1_Pooling": {"torch_dtype": "float16"}}
    modules.write_text('[{"path": "0_Transformer"}]')
    with pytest.raises(UserError, match=r"hub/modules\.json is missing or damaged"):
        hub_embedder(settings=asked, files=[], folder=tmp_path / "again")


@pytest.mark.parametrize(
    ("config", "weights", "message"),
    [
        ('{"hidden_size": 8}', "pytorch_model.bin", "no weights in safetensors"),
        ('{"hidden_', "model.safetensors", r"config\.json is missing or damaged\. Save the model"),
        ("[]", "model.safetensors", r"config\.json is missing or damaged"),
        (None, "model.safetensors", r"config\.json is missing or damaged"),
    ],
)
def test_an_embedder_that_cannot_be_used_is_refused(tmp_path, config, weights, message):
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / weights).write_text("weights")
    if config is not None:
        (tmp_path / "hub/config.json").write_text(config)
    with pytest.raises(UserError, match=message):
        hub_embedder(
            settings=HubEmbedder(hub=str(tmp_path / "hub"), revision="main"), files=[], folder=tmp_path / "out"
        )


def test_an_embedder_is_a_packaged_source_or_one_of_the_hub():
    study = load_study(read_yaml(CONFIG), CONFIG)
    assert study.config.embedders[study.config.embedder].hub == "Qwen/Qwen3-Embedding-0.6B"
    content = read_yaml(CONFIG) | {"embedder": "nothing"}
    with pytest.raises(UserError, match="source 'nothing'"):
        load_study(content, CONFIG)
    content = read_yaml(CONFIG)
    content["embedders"]["boolq"] = content["embedders"][content["embedder"]]
    with pytest.raises(UserError, match=r"embedders\.boolq has the name of a source"):
        load_study(content, CONFIG)
