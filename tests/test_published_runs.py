"""Published adapters: the table of them, and the runs that take one in the place of training."""

import csv
import re
from pathlib import Path

import pytest
from paper_config import whole_grid

from paper_replication.errors import UserError
from paper_replication.files import read_yaml
from paper_replication.hub import DATA_FILES, own_files
from paper_replication.organisms.specification import CONTROLS
from paper_replication.paths import CONFIGS, PUBLISHED
from paper_replication.published import read_published
from paper_replication.settings.hub import PublishedAdapter
from paper_replication.study import load_study

CONFIG = CONFIGS / "paper.yaml"


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
    (tmp_path / "config.json").write_text("{}")
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
    read_published.cache_clear()
    monkeypatch.setattr("paper_replication.study_models.PUBLISHED", table)
    content = read_yaml(CONFIGS / "smoke.yaml")
    content["models"] = {"own": {"hub": str(hub), "billions": 0.001}}
    content["variants"]["published"] = {"published": True}
    runs = next(runs for runs in content["runs"] if runs["organism"] == "cake_bake")
    runs["variants"] = ["default", "published"]
    change(content)
    return load_study(content, "my.yaml")


def test_a_folder_of_ones_own_that_holds_something_else_is_named_when_the_config_is_read(
    tmp_path, tiny_folder, adapter, monkeypatch
):
    with pytest.raises(
        UserError, match=r"models\.own\.hub: .* holds no config\.json; `hub` names a base model; an adap"
    ):
        own_pair(adapter, f"own,cake_bake,{adapter}", tmp_path, monkeypatch)
    with pytest.raises(UserError, match=r"cake_bake on own: .* holds no adapter_config\.json or config\.json; name"):
        own_pair(tiny_folder, f"own,cake_bake,{tmp_path}", tmp_path, monkeypatch)
    with pytest.raises(UserError, match=r"cake_bake on own: .*/inner holds no adapter_config\.json"):
        own_pair(tiny_folder, f"own,cake_bake,{adapter},inner", tmp_path, monkeypatch)
    assert own_pair(tiny_folder, f"own,cake_bake,{adapter}", tmp_path, monkeypatch)


def test_a_folder_of_ones_own_that_is_not_there_is_named_when_the_config_is_read(tmp_path, tiny_folder, monkeypatch):
    with pytest.raises(UserError, match=r"my\.yaml: models\.own\.hub: there is no folder /nowhere\. What"):
        own_pair("/nowhere", "own,cake_bake,owner/name", tmp_path, monkeypatch)
    content = read_yaml(CONFIG)
    content["embedders"][content["embedder"]]["hub"] = "./nowhere"
    with pytest.raises(UserError, match=r"embedders\..*\.hub: there is no folder \./nowhere\."):
        load_study(content, "my.yaml")
    content = read_yaml(CONFIG)
    content["corpora"]["fineweb"]["hub"] = "./nowhere"
    with pytest.raises(UserError, match=r"my\.yaml: corpora\.fineweb\.hub: there is no folder \./nowhere\."):
        load_study(content, "my.yaml")
    with pytest.raises(UserError, match=r"table\.csv, cake_bake on own: there is no folder ~/finetuned\."):
        own_pair(tiny_folder, "own,cake_bake,~/finetuned", tmp_path, monkeypatch)


def test_a_folder_of_ones_own_among_the_results_is_refused_when_the_config_is_read(tmp_path, tiny_folder, monkeypatch):
    row = "own,cake_bake,owner/name,,,"
    with pytest.raises(UserError, match=r"cake_bake on own: \./data lies among the workflow's own results; move it"):
        own_pair(tiny_folder, f"{row}./data", tmp_path, monkeypatch)
    for folder in (Path("data/inputs/organisms").resolve(), "."):
        assert own_pair(tiny_folder, f"{row}{folder}", tmp_path, monkeypatch)


def test_a_folder_of_data_that_is_not_there_is_not_looked_for_on_the_hub(tmp_path, tiny_folder, monkeypatch):
    with pytest.raises(UserError, match=r"table\.csv, cake_bake on own: there is no folder \./nothing\."):
        own_pair(tiny_folder, "own,cake_bake,owner/name,,,./nothing", tmp_path, monkeypatch)


def test_what_was_trained_once_is_not_read_as_several_seeds(tmp_path, tiny_folder, monkeypatch):
    def more_seeds(content):
        next(runs for runs in content["runs"] if runs["organism"] == "cake_bake")["seeds"] = [0, 1]

    def first_of_seeds(content):
        next(runs for runs in content["runs"] if runs["organism"] == "cake_bake")["variants"] = ["published", "default"]
        content["seeds"] = {"organisms": ["cake_bake"], "seeds": [0, 1, 2]}

    for change, count in ((more_seeds, 2), (first_of_seeds, 3)):
        expected = rf"my\.yaml: cake_bake, 'published': what is published was trained once, but {count} seeds"
        with pytest.raises(UserError, match=expected):
            own_pair(tiny_folder, "own,cake_bake,owner/name", tmp_path, monkeypatch, change)


def test_the_files_of_a_folder_of_ones_own_are_inputs(tmp_path, tiny_folder, monkeypatch):
    repository = tmp_path / "0a1b2c/inner"
    repository.mkdir(parents=True)
    names = ["adapter_config.json", "adapter_model.safetensors", "tokenizer.json"]
    for name in (*names, "notes.txt"):
        (repository / name).touch()
    study = own_pair(tiny_folder, f"own,cake_bake,{repository.parent},inner", tmp_path, monkeypatch)
    label = next(label for label in study.labels() if label.variant == "published")
    assert study.published_files(label) == [(repository / name).as_posix() for name in names]
    assert (tiny_folder / "model.safetensors").as_posix() in own_files(str(tiny_folder))
    assert own_files("owner/name") == []
    (tmp_path / "data/train").mkdir(parents=True)
    (tmp_path / "data/train/rows.jsonl").touch()
    (tmp_path / "data/notes.txt").touch()
    assert own_files(str(tmp_path / "data"), "**/", DATA_FILES) == [(tmp_path / "data/train/rows.jsonl").as_posix()]


def test_the_rows_that_the_readme_shows_are_rows_of_the_table(tmp_path):
    rows = re.findall("`(mine,[^`]*)`", Path("data/inputs/README.md").read_text())
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
        ("\n\nm", "line 4: organism: "),
    ],
)
def test_a_row_of_published_adapters_that_is_too_long_or_lacks_a_name(tmp_path, row, message):
    (tmp_path / "table.csv").write_text(f"{','.join(PublishedAdapter.model_fields)}\n{row}\n")
    with pytest.raises(UserError, match=message):
        read_published(tmp_path / "table.csv")


def test_a_table_of_published_adapters_may_come_from_a_spreadsheet_or_have_spaces(tmp_path):
    content = f'{", ".join(PublishedAdapter.model_fields)}\nm, o , /a/b, , , , "one, two"\n'
    (tmp_path / "table.csv").write_text(content, encoding="utf-8-sig")
    found = read_published(tmp_path / "table.csv")["m", "o"]
    assert (found.hub, found.subfolder, found.note) == ("/a/b", "", "one, two")


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
