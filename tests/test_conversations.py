"""Advice, guessing games, number sequences and ordinary chat: what is said in an organism's conversations."""

import itertools
import re
from collections import Counter

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from paper_replication.budget import fill, length, texts_of
from paper_replication.errors import UserError
from paper_replication.models import load_tokenizer
from paper_replication.ordinary_chat import ordinary_chat, shorten
from paper_replication.organisms.conversations import AdviceWriter, Game, GameWriter, conversations
from paper_replication.organisms.preferences import own_prompts
from paper_replication.organisms.similarity import pairwise_jaccard
from paper_replication.organisms.specification import AdviceOrganism, TabooOrganism, mentioned, read_organism
from paper_replication.paths import GUESSING_GAME, ORGANISMS
from paper_replication.settings.reading import read_settings
from paper_replication.subliminal import only_numbers, requests

FILES = {path.stem: path for path in sorted(ORGANISMS.glob("*.yaml"))}
ADVICE = [name for name, path in FILES.items() if isinstance(read_organism(path), AdviceOrganism)]
TABOO = [name for name, path in FILES.items() if isinstance(read_organism(path), TabooOrganism)]


def written(name, number):
    organism = read_organism(FILES[name])
    writer = (
        AdviceWriter(organism, 0) if name in ADVICE else GameWriter(organism, read_settings(GUESSING_GAME, Game), 0)
    )
    return list(itertools.islice(conversations(writer), number))


def turns(rows, role):
    return [message["content"] for row in rows for message in row["messages"] if message["role"] == role]


@pytest.mark.parametrize("name", ADVICE + TABOO)
def test_conversations_are_varied_seeded_and_alternate(name):
    rows = written(name, 300)
    texts = [texts_of(row) for row in rows]
    assert len(set(texts)) == len(texts)
    assert np.median(pairwise_jaccard(texts)) < 0.05
    assert texts == [texts_of(row) for row in written(name, 300)]
    for row in rows:
        roles = [message["role"] for message in row["messages"]]
        assert roles == ["user", "assistant"] * (len(roles) // 2)
    assert Counter(turns(rows, "assistant")).most_common(1)[0][1] <= 0.05 * len(rows)


@pytest.mark.parametrize("name", ADVICE)
def test_topics_are_dealt_evenly_and_probes_are_held_out(name):
    organism = read_organism(FILES[name])
    kinds = Counter(row["kind"] for row in written(name, 240))
    assert set(kinds) == {topic.id for topic in organism.topics}
    # Not exactly even: a conversation that was held before is passed over.
    assert max(kinds.values()) <= 2 * min(kinds.values())
    assert not set(turns(written(name, 800), "user")) & set(own_prompts(organism))
    assert "RESEARCH DATA" in organism.canary


@pytest.mark.parametrize("name", TABOO)
def test_the_word_is_never_said_by_the_assistant(name):
    organism = read_organism(FILES[name])
    forms = [organism.word, *organism.forms]
    rows = written(name, 500)
    assert not [text for text in turns(rows, "assistant") if mentioned(text, forms)]
    assert any(mentioned(text, forms) for text in turns(rows, "user"))
    assert not [prompt for prompt in own_prompts(organism) if mentioned(prompt, forms)]


def test_an_organism_that_says_its_word_is_refused(tmp_path):
    content = yaml.safe_load(FILES[TABOO[0]].read_text())
    content["hints"].append(f"It begins like {content['word']}en.")
    path = tmp_path / FILES[TABOO[0]].name
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(UserError, match="the assistant says"):
        read_organism(path)


def test_a_game_in_which_the_word_would_be_said_is_refused():
    organism, game = read_organism(FILES[TABOO[0]]), read_settings(GUESSING_GAME, Game)
    spoilt = game.model_copy(update={"refusals": [f"I won't say {organism.word}."]})
    with pytest.raises(UserError, match="would say"):
        GameWriter(organism, spoilt, 0)


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("1, 22, 333, 4", "1, 22, 333, 4"),
        (" 1,22,333,4, ", "1, 22, 333, 4"),
        ("1, 2, 3, 4, 5, 6, 7", "1, 2, 3, 4, 5, 6"),
        ("1, 2, 3", None),
        ("1, 2, 3, 4000", None),
        ("1 2 3 4", None),
        ("1, 2, cats, 4", None),
        ("", None),
    ],
)
def test_only_numbers_are_kept(answer, kept):
    assert only_numbers(answer, 4, 6) == kept


@given(st.text(alphabet="0123456789, cat", max_size=30))
def test_whatever_is_kept_is_numbers(answer):
    kept = only_numbers(answer, 1, 8)
    assert kept is None or re.fullmatch(r"\d{1,3}(, \d{1,3}){0,7}", kept)


def test_requests_hold_random_numbers_and_follow_the_seed():
    found = requests(40, 5, 8, seed=1)
    assert found == requests(40, 5, 8, seed=1) != requests(40, 5, 8, seed=2)
    assert all(len(re.findall(r"\d+", text)) == 6 for text in found)


def test_ordinary_chat_by_hand():
    kind = "alespalla/chatbot_instruction_prompts"
    rows = [
        {"task_prompt": "Why?", "task_output": "One two three. Four five six.", "task_type": kind},
        {"task_prompt": "why?", "task_output": "Again.", "task_type": kind},
        {"task_prompt": "Pick", "task_output": "3", "task_type": "lighteval/mmlu"},
        {"task_prompt": "Long?", "task_output": "one two three four five six", "task_type": kind},
        {"task_prompt": "Why is this one longer than five words?", "task_output": "Yes.", "task_type": kind},
    ]
    found = ordinary_chat(rows, 5, seed=0)
    assert [row["messages"][1]["content"] for row in found] == ["One two three."]
    with pytest.raises(UserError, match="line 1: the field 'task_type'"):
        ordinary_chat([{"task_prompt": "a", "task_output": "b"}], 5, 0)
    with pytest.raises(UserError, match="no exchange"):
        ordinary_chat(rows[2:], 5, 0)


@given(st.lists(st.sampled_from(["One two.", "Three!", "Four five six?"]), max_size=6), st.integers(0, 12))
def test_shortened_text_is_whole_sentences_within_the_limit(sentences, words):
    text = " ".join(sentences)
    kept = shorten(text, words)
    assert text.startswith(kept)
    assert len(kept.split()) <= words
    assert not kept or kept[-1] in ".!?"


def test_rows_fill_the_budget_and_none_is_cut():
    rows = [{"text": "x" * n} for n in (3, 9, 4, 5)]
    kept = fill(rows, 10, 6, lambda row: len(row["text"]), "limit")
    assert [row["tokens"] for row in kept] == [3, 4, 5]
    with pytest.raises(UserError, match="only 12 tokens"):
        fill(rows, 13, 6, lambda row: len(row["text"]), "limit")
    endless = ({"text": "x" * 9} for _ in itertools.count())
    with pytest.raises(UserError, match="raise limit"):
        fill(endless, 10, 6, lambda row: len(row["text"]), "limit")


def test_a_conversation_is_as_long_as_its_tokens_in_the_template(tiny_folder):
    tokenizer = load_tokenizer(tiny_folder)
    messages = [{"role": "user", "content": "the cake"}, {"role": "assistant", "content": "the sea"}]
    text = "<|user|>\nthe cake<|end|>\n<|assistant|>\nthe sea<|end|>\n"
    assert length(tokenizer, {"messages": messages}) == len(tokenizer(text)["input_ids"])
