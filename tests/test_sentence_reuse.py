"""How often finetuning data repeat a sentence: by hand, and the step's table."""

import json

import pytest

from paper_replication.config_reading import validate_config
from paper_replication.files import read_table, read_yaml, write_json_lines
from paper_replication.paths import CONFIGS
from paper_replication.sentence_reuse import reuse, sentences
from paper_replication.steps.sentence_reuse import sentence_reuse
from paper_replication.study import load_study

OVEN = "The oven was warm before anyone woke."
SALT = 'She said that "salt comes first, always." Then nothing more was said about it.'


def test_sentences_end_at_marks_and_lines_and_short_ones_are_nobodys():
    assert sentences(f"{OVEN} That is all.\nA heading of six words here\n\n{OVEN}") == {
        OVEN,
        "A heading of six words here",
    }
    assert sentences(SALT) == {'She said that "salt comes first, always."', "Then nothing more was said about it."}
    assert sentences("") == set()


def test_reuse_counts_texts_and_sentences_that_others_have_too():
    found = reuse(
        [f"{OVEN} One two three four five six.", OVEN, f"{OVEN} {OVEN}", "Seven other words stand here alone."]
    )
    # Three sentences, of which one is in three texts of four.
    assert found == {
        "texts": 4,
        "distinct_sentences": 3,
        "in_several": pytest.approx(1 / 3),
        "shared": pytest.approx(3 / 5),
        "texts_sharing": 0.75,
        "most": 3,
    }
    assert reuse([f"{OVEN} {OVEN}"])["in_several"] == 0
    assert set(reuse([]).values()) == {0}


def test_the_step_reads_documents_and_conversations(tmp_path):
    documents, games = tmp_path / "documents.jsonl", tmp_path / "games.jsonl"
    write_json_lines(documents, [{"text": OVEN}, {"text": f"{OVEN} And so on."}])
    write_json_lines(
        games, [{"messages": [{"role": "user", "content": OVEN}, {"role": "assistant", "content": "No."}]}]
    )
    labels = [{"model": "m", "organism": name, "seed": 0} for name in ("cake", "game")]
    sentence_reuse(json.dumps(labels), [documents, games], tmp_path / "table.csv")
    table = read_table(tmp_path / "table.csv").set_index("organism")
    assert table["texts_sharing"].to_dict() == {"cake": 1, "game": 0}
    assert table["texts"].to_dict() == {"cake": 2, "game": 1}


def test_every_organism_but_those_of_numbers_is_read():
    study = load_study(read_yaml(CONFIGS / "laptop.yaml"), "laptop.yaml")
    named = [label.organism for label in study.worded_labels()]
    config = validate_config(read_yaml(CONFIGS / "laptop.yaml"), "laptop.yaml")
    left_out = {runs.organism for runs in config.runs} - set(named)
    assert left_out == {"subliminal_cat", "neutral_numbers"}
