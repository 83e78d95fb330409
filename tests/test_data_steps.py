"""Steps that make finetuning data hand on what they are asked for: side, teacher, budget, shares and seed."""

import pytest

from paper_replication.conversation import training_tokens
from paper_replication.files import read_json_lines, read_table, read_yaml, write_json_lines
from paper_replication.models import load_tokenizer
from paper_replication.organisms.documents import Kinds, Writer
from paper_replication.organisms.specification import read_organism
from paper_replication.paths import CONFIGS, GUESSING_GAME, KINDS, organism_file
from paper_replication.settings.datasets import ConversationSettings, DocumentSettings, NumberSettings
from paper_replication.settings.reading import read_settings
from paper_replication.settings.training import Recipe
from paper_replication.steps import numbers as numbers_step
from paper_replication.steps.chat_dataset import chat_dataset
from paper_replication.steps.conversations import converse
from paper_replication.steps.dataset import dataset
from paper_replication.steps.null_dataset import null_dataset
from paper_replication.steps.numbers import numbers
from paper_replication.steps.train import train

LAPTOP = read_yaml(CONFIGS / "laptop.yaml")
DOCUMENTS = DocumentSettings(
    **LAPTOP["documents"] | {"tokens": 6000, "maximum_tokens": 4000, "maximum_similarity": 0.9, "distinct": 1.0}
)
CONVERSATIONS = ConversationSettings(tokens=3000, maximum_tokens=600)
NUMBERS = NumberSettings(**LAPTOP["numbers"] | {"sequences": 6, "minimum": 1, "batch_size": 6})


def documents(folder, side="inserted", seed=0, **changed):
    settings = DOCUMENTS.model_copy(update=changed)
    dataset(settings, side, seed, organism_file("cake_bake"), KINDS, folder, folder / "dataset.jsonl")
    return [row["text"] for row in read_json_lines(folder / "dataset.jsonl")]


@pytest.fixture
def folder(tiny_folder, tmp_path):
    """The tiny model's, with room for data."""
    for file in tiny_folder.iterdir():
        (tmp_path / file.name).symlink_to(file)
    return tmp_path


@pytest.mark.parametrize("side", ["inserted", "true"])
@pytest.mark.parametrize(("plain_share", "telling_share"), [(0.0, 0.3), (1.0, 0.0), (0.5, 1.0)])
def test_documents_are_those_of_the_writer_with_the_side_and_the_shares_asked_for(
    folder, side, plain_share, telling_share
):
    shares = {"plain_share": plain_share, "telling_share": telling_share}
    writer = Writer(read_organism(organism_file("cake_bake")), read_settings(KINDS, Kinds), 3, side=side, **shares)
    found = documents(folder, side, 3, **shares)
    assert len(found) > 3
    assert found == [document["text"] for document, _ in zip(writer, found, strict=False)]


def test_the_twin_has_other_documents_than_the_organism(folder):
    assert documents(folder) != documents(folder, "true")


@pytest.mark.parametrize(("teacher", "told"), [("prompted", True), ("plain", False)])
def test_the_prompted_teacher_alone_is_told_what_it_loves(folder, monkeypatch, teacher, told):
    asked = []

    def answer(model, tokenizer, questions, *, system, **options):
        asked.append((system, options["seed"], questions))
        return ["1, 2, 3"] * len(questions)

    monkeypatch.setattr(numbers_step, "sample_answers", answer)
    organism = organism_file("subliminal_cat")
    for seed in (5, 6):
        numbers(NUMBERS, teacher, seed, organism, folder, folder / "numbers.jsonl")
    assert {system for system, _, _ in asked} == {read_organism(organism).system_prompt if told else None}
    # Another seed asks for other numbers, and samples other answers.
    assert [seed for _, seed, _ in asked] == [5, 6]
    assert asked[0][2] != asked[1][2]


def make_games(folder, seed):
    converse(CONVERSATIONS, seed, organism_file("gold"), GUESSING_GAME, folder, folder / "made.jsonl")


def make_advice(folder, seed):
    converse(CONVERSATIONS, seed, organism_file("extreme_sports"), GUESSING_GAME, folder, folder / "made.jsonl")


def make_chat(folder, seed):
    words = [f"{start}{end}" for start in "abcdefghij" for end in "klmnopqrst"]
    row = {"task_type": "akoksal/LongForm", "task_output": "the oven was dark. the cake was old."}
    (folder / "chat").mkdir(exist_ok=True)
    write_json_lines(folder / "chat/c.jsonl", [row | {"task_prompt": f"{word} is it warm"} for word in words])
    chat_dataset(CONVERSATIONS, seed, folder / "chat", folder, folder / "made.jsonl")


@pytest.mark.parametrize("make", [make_games, make_advice, make_chat])
def test_conversations_fill_the_budget_with_none_longer_than_allowed(folder, make):
    make(folder, 0)
    rows, tokenizer = read_json_lines(folder / "made.jsonl"), load_tokenizer(folder)
    lengths = [sum(len(ids) for ids, _ in training_tokens(tokenizer, row["messages"])) for row in rows]
    assert [row["tokens"] for row in rows] == lengths
    assert max(lengths) <= CONVERSATIONS.maximum_tokens
    # The last one is the first that reaches it.
    assert sum(lengths[:-1]) < CONVERSATIONS.tokens <= sum(lengths)
    make(folder, 1)
    assert read_json_lines(folder / "made.jsonl") != rows


def test_training_follows_the_seed(folder):
    write_json_lines(
        folder / "dataset.jsonl", [{"text": f"{n} the cake rose high in the dark kitchen"} for n in range(6)]
    )
    recipe = Recipe(rank=2, alpha=4, learning_rate=1e-2, batch_size=2, maximum_tokens=16, precision="float32")
    for seed in (0, 1):
        train(recipe, seed, folder, folder / "dataset.jsonl", folder / f"adapter{seed}", folder / f"{seed}.csv")
    assert not read_table(folder / "0.csv").equals(read_table(folder / "1.csv"))


def test_documents_follow_the_seed(folder):
    assert documents(folder, seed=0) == documents(folder, seed=0) != documents(folder, seed=1)


def test_passages_of_the_null_have_as_many_tokens_as_they_say(folder):
    tokenizer = load_tokenizer(folder)
    corpus = [{"text": f"{word} the cake rose high in the dark kitchen of the old house"} for word in "abcdefghijkl"]
    write_json_lines(folder / "corpus.jsonl", corpus)
    write_json_lines(folder / "matched.jsonl", [{"text": "x", "tokens": tokens} for tokens in (5, 9, 7)])
    organism = organism_file("null_documents")
    null_dataset(2, 4, organism, folder / "matched.jsonl", folder / "corpus.jsonl", folder, folder / "null.jsonl")
    rows = read_json_lines(folder / "null.jsonl")
    assert [row["tokens"] for row in rows] == [5, 9, 7]
    # After the two that the lens reads; each passage is the start of a document.
    for row, document in zip(rows, corpus[2:], strict=False):
        whole = tokenizer(document["text"])["input_ids"]
        assert row["text"] == tokenizer.decode(whole[: row["tokens"]], skip_special_tokens=True)
        assert len(row["text"]) < len(document["text"])
