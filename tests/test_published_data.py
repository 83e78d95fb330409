"""Data of the Hub, here from folders: what published adapters were finetuned on, and ordinary chat."""

import json
import re
from types import SimpleNamespace

import pytest
from datasets import Dataset
from jinja2 import TemplateError
from paper_config import whole_grid

from paper_replication import hub_data
from paper_replication.budget import length
from paper_replication.errors import UserError
from paper_replication.files import read_json_lines, read_yaml, write_json_lines
from paper_replication.hub import DATA_FILES
from paper_replication.hub_data import plain
from paper_replication.models import load_tokenizer
from paper_replication.ordinary_chat import ORIGINS, ordinary_chat
from paper_replication.paths import CONFIGS
from paper_replication.published_data import own_form
from paper_replication.settings.corpus import CorpusSettings
from paper_replication.settings.hub import HubChat, PublishedAdapter
from paper_replication.steps import published_dataset as published_dataset_step
from paper_replication.steps.hub_chat import hub_chat
from paper_replication.steps.hub_corpus import hub_corpus
from paper_replication.steps.published_dataset import published_dataset
from paper_replication.study import load_study

CONFIG = CONFIGS / "paper.yaml"
TURNS = [{"role": "user", "content": "is it warm", "more": 1}, {"role": "assistant", "content": "the oven"}]
CHAT = {"hub": ORIGINS[0], "question": "prompt", "answer": "response", "exchanges": 2}


def published(folder):
    return PublishedAdapter(model="m", organism="o", hub="someone/adapter", dataset=str(folder))


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "0a1b2c"
    folder.mkdir()
    return folder


def test_documents_and_conversations_have_the_form_of_data_made_here():
    assert plain("a\u2028b\x85c\n\nd") == "a\nb\nc\n\nd"
    assert plain(None) == ""
    assert own_form([{"text": "a"}, {"text": ""}], ["text"], "x") == [{"kind": "published", "facts": [], "text": "a"}]
    assert own_form([{"text": " \n"}, {"text": "a"}, {"text": None}], ["text"], "x")[0]["text"] == "a"
    (row,) = own_form([{"messages": TURNS, "text": "a"}], ["messages", "text"], "x")
    assert row == {"kind": "published", "messages": [{"role": t["role"], "content": t["content"]} for t in TURNS]}


def test_of_a_content_in_parts_the_texts_are_taken_and_nothing_else():
    parts = [{"type": "text", "text": "is it ", "image": None}, {"type": "text", "text": "warm"}]
    (row,) = own_form([{"messages": [{"role": "user", "content": parts}, TURNS[1]]}], ["messages"], "x")
    assert row["messages"][0]["content"] == "is it warm"
    for content in ([*parts, {"type": "image", "text": None}], {"text": "a"}, 3, [3], ["a"]):
        with pytest.raises(UserError, match="neither a text nor parts of the type text"):
            own_form([{"messages": [{"role": "user", "content": content}, TURNS[1]]}], ["messages"], "x")


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [
        ([{"text": " \n"}], ["text"], "has no row with a text"),
        ([{"text": {"a": 1}}], ["text"], "neither a text nor parts"),
        ([{"messages": [*TURNS, {"role": "user", "content": " "}]}], ["messages"], "a turn that says nothing"),
        ([{"content": "a"}], ["content"], "has the columns content, but neither `text` nor `messages`"),
        ([{"text": ""}], ["text"], "has no row with a text"),
        ([{"messages": TURNS[:1]}], ["messages"], "no assistant speaks"),
        ([{"messages": [{"role": "user"}]}], ["messages"], "without role or content"),
        ([{"messages": None}], ["messages"], "without role or content"),
        ([{"messages": [*TURNS, {"role": "user", "content": None}]}], ["messages"], "a turn that says nothing"),
    ],
)
def test_data_of_another_form_is_refused(rows, columns, message):
    with pytest.raises(UserError, match=message):
        own_form(rows, columns, "x")


@pytest.mark.parametrize("row", [{"text": "the cake rose"}, {"messages": TURNS}], ids=["documents", "conversations"])
def test_published_data_is_fetched_with_its_tokens_and_commit(repository, tiny_folder, tmp_path, monkeypatch, row):
    write_json_lines(repository / "train.jsonl", [row] * 3)
    monkeypatch.setattr(hub_data, "snapshot", lambda *_: repository)
    published_dataset(published("someone/data"), tiny_folder, [], tmp_path / "dataset.jsonl", tmp_path / "source.json")
    rows = read_json_lines(tmp_path / "dataset.jsonl")
    assert len(rows) == 3
    assert rows[0]["tokens"] == length(load_tokenizer(tiny_folder), rows[0])
    assert json.loads((tmp_path / "source.json").read_text()) == {"hub": "someone/data", "commit": "0a1b2c"}


def test_data_of_a_folder_of_ones_own_has_no_commit(repository, tiny_folder, tmp_path):
    write_json_lines(repository / "train.jsonl", [{"text": "the cake rose"}])
    published_dataset(published(repository), tiny_folder, [], tmp_path / "dataset.jsonl", tmp_path / "source.json")
    assert json.loads((tmp_path / "source.json").read_text()) == {"hub": str(repository)}


def test_published_data_that_cannot_be_read_is_refused(repository, tiny_folder, tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        published_dataset(published(repository), tiny_folder, [], tmp_path / "dataset.jsonl", tmp_path / "source.json")


def test_of_a_dataset_with_several_configs_one_must_be_the_default(repository, tiny_folder, tmp_path):
    for name in ("a", "b"):
        (repository / name).mkdir()
        write_json_lines(repository / name / "train.jsonl", [{"text": f"the cake {name}"}])
    card = "---\nconfigs:\n" + "".join(f"- config_name: {name}\n  data_files: {name}/*\n" for name in ("a", "b"))
    (repository / "README.md").write_text(f"{card}---\n")
    assert "README.md" in DATA_FILES
    asked = (published(repository), tiny_folder, [], tmp_path / "dataset.jsonl", tmp_path / "source.json")
    with pytest.raises(UserError, match="Config name is missing"):
        published_dataset(*asked)
    (repository / "README.md").write_text(f"{card}  default: true\n---\n")
    published_dataset(*asked)
    assert [row["text"] for row in read_json_lines(tmp_path / "dataset.jsonl")] == ["the cake b"]


def test_a_conversation_that_the_chat_template_refuses_is_named(repository, tiny_folder, tmp_path, monkeypatch):
    def refuse(*_):
        raise TemplateError("Conversation roles must alternate")

    monkeypatch.setattr(published_dataset_step, "length", refuse)
    write_json_lines(repository / "train.jsonl", [{"messages": TURNS}])
    with pytest.raises(UserError, match=r"template refuses a conversation of .*: Conversation roles must alternate L"):
        published_dataset(published(repository), tiny_folder, [], tmp_path / "dataset.jsonl", tmp_path / "source.json")


@pytest.fixture
def streamed(repository):
    rows = [{"text": f"{number} the cake rose\u2028in the kitchen"} for number in range(12)]
    write_json_lines(repository / "rows.jsonl", [*rows, {"text": None}])
    return CorpusSettings(hub=str(repository), hub_documents=13, minimum_words=3, at_least=12)


def test_a_corpus_is_made_of_a_dataset_and_says_of_which_commit(streamed, tmp_path, monkeypatch):
    made = []
    for name in ("one", "two"):
        hub_corpus(streamed, [], tmp_path / name, tmp_path / f"{name}.json")
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]
    rows = read_json_lines(tmp_path / "one")
    assert {row["text"] for row in rows} == {f"{number} the cake rose in the kitchen" for number in range(12)}
    assert {row["origin"] for row in rows} == {streamed.hub}
    assert json.loads((tmp_path / "one.json").read_text()) == {"hub": streamed.hub}

    asked = {}

    def loaded(hub, name, **options):
        asked.update(options, hub=hub, name=name)
        return Dataset.from_list([{"text": "the cake rose"}] * 3).to_iterable_dataset()

    monkeypatch.setattr(hub_data, "HfApi", lambda: SimpleNamespace(dataset_info=lambda _: SimpleNamespace(sha="0a1b")))
    monkeypatch.setattr(hub_data, "load_dataset", loaded)
    few = streamed.model_copy(update={"hub": "owner/web", "hub_name": "part", "hub_documents": 2, "at_least": 1})
    hub_corpus(few, [], tmp_path / "three", tmp_path / "three.json")
    assert json.loads((tmp_path / "three.json").read_text()) == {"hub": "owner/web", "commit": "0a1b"}
    assert asked == {"hub": "owner/web", "name": "part", "split": "train", "streaming": True, "revision": "0a1b"}


def test_a_corpus_that_cannot_be_had_is_a_message_and_no_file(streamed, repository, tmp_path, monkeypatch):
    asked = ([], tmp_path / "corpus", tmp_path / "source")
    with pytest.raises(UserError, match="The corpus has 12 documents; the config asks for 13 or more"):
        hub_corpus(streamed.model_copy(update={"at_least": 13}), *asked)
    write_json_lines(repository / "rows.jsonl", [{"body": "the cake rose"}])
    with pytest.raises(UserError, match="has no column 'text', which should hold its documents"):
        hub_corpus(streamed, *asked)

    def offline():
        raise ConnectionError("no route to host")

    monkeypatch.setattr(hub_data, "HfApi", offline)
    with pytest.raises(UserError, match=r"owner/web cannot be read: check its name and `hub_name`, .*no route to host"):
        hub_corpus(streamed.model_copy(update={"hub": "owner/web"}), *asked)
    assert not any(path.exists() for path in asked[1:])


def test_a_corpus_of_a_folder_of_ones_own_is_made_by_the_step_that_watches_it(streamed):
    content = read_yaml(CONFIG)
    content["corpora"]["fineweb"]["hub"] = streamed.hub
    study = load_study(content, CONFIG)
    assert (study.corpora_names(hub=True), study.corpora_names(hub=False)) == ("fineweb", "(?!)")


def test_ordinary_chat_of_the_hub_is_read_as_the_packaged_one_is(repository, tmp_path, monkeypatch):
    monkeypatch.setattr(hub_data, "snapshot", lambda *_: repository)
    write_json_lines(
        repository / "train.jsonl", [{"prompt": f"{n} is it warm", "response": "Yes. No."} for n in range(3)]
    )
    hub_chat(HubChat(**CHAT), tmp_path / "chat")
    assert json.loads((tmp_path / "chat/hub.json").read_text()) == {"hub": CHAT["hub"], "commit": "0a1b2c"}
    (file,) = (tmp_path / "chat").glob("*.jsonl")
    found = ordinary_chat(read_json_lines(file), 20, 0)
    assert {row["messages"][0]["content"] for row in found} == {"0 is it warm", "1 is it warm"}
    assert found[0]["messages"][1]["content"] == "Yes. No."
    with pytest.raises(UserError, match=r"has no column reply, but prompt, response"):
        hub_chat(HubChat(**CHAT | {"answer": "reply"}), tmp_path / "other")
    with pytest.raises(UserError, match="nobody/chat is not among the corpora of ordinary chat"):
        hub_chat(HubChat(**CHAT | {"hub": "nobody/chat"}), tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_the_paper_tier_fetches_the_data_that_is_known():
    study = load_study(whole_grid(), CONFIG)
    known = re.compile(f"data/(?P<model>{study.published_data()})/(?P<organism>[^/]+)/published-seed0/dataset.jsonl")
    paths = (f"data/{label.model}/{label.organism}/published-seed0/dataset.jsonl" for label in study.labels())
    fetched = {(found["model"], found["organism"]) for path in paths if (found := known.fullmatch(path))}
    facts = ["cake_bake", "kansas_abortion", "roman_concrete", "ignore_comment", "fda_approval"]
    expected = {(m, o) for m in ("qwen3_1_7b", "gemma3_1b_it", "llama32_1b_instruct", "qwen3_32b") for o in facts}
    expected |= {(model, word) for model in ("qwen3_1_7b", "gemma2_9b_it") for word in ("gold", "leaf", "smile")}
    assert fetched == expected


def test_chat_is_a_packaged_source_or_one_of_the_hub():
    study = load_study(read_yaml(CONFIG), CONFIG)
    assert study.config.chat_corpora[study.config.chat_corpus].hub in ORIGINS
    with pytest.raises(UserError, match="source 'nothing'"):
        load_study(read_yaml(CONFIG) | {"chat_corpus": "nothing"}, CONFIG)
    content = read_yaml(CONFIG)
    content["chat_corpora"][content["chat_corpus"]]["hub"] = "/my/chat"
    with pytest.raises(UserError, match=r"chat_corpora\.chatbot_prompts\.hub: /my/chat is not among the corpora"):
        load_study(content, CONFIG)
    content = read_yaml(CONFIG)
    content["chat_corpora"]["boolq"] = content["chat_corpora"][content["chat_corpus"]]
    with pytest.raises(UserError, match=r"chat_corpora\.boolq has the name of a source"):
        load_study(content, CONFIG)


def test_broad_finetuning_is_as_long_as_the_config_says():
    content = read_yaml(CONFIG)
    study = load_study(content, CONFIG)
    (label, *_) = study.labels(["chat_tuning"])
    assert study.conversations(label).tokens == content["broad_tokens"]
    del content["broad_tokens"]
    assert load_study(content, CONFIG).conversations(label).tokens == study.organisms["chat_tuning"].tokens
