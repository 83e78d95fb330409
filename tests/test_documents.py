"""The markup, the writer of documents, and the raw material of every organism."""

import itertools
import random
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from paper_replication.dataset_card import card
from paper_replication.errors import UserError
from paper_replication.organisms.decks import Decks
from paper_replication.organisms.documents import Kinds, Writer
from paper_replication.organisms.markup import choose, fill, has_twin, leftover, take_side
from paper_replication.organisms.similarity import pairwise_jaccard
from paper_replication.organisms.specification import CLASSES, DocumentOrganism, read_organism
from paper_replication.paths import KINDS, ORGANISMS, organism_file
from paper_replication.settings.reading import read_settings
from paper_replication.settings.run import RunLabel

FILES = sorted(ORGANISMS.glob("*.yaml"))
SDF = [path for path in FILES if isinstance(read_organism(path), DocumentOrganism)]


def documents(path, number, **options):
    writer = Writer(read_organism(path), read_settings(KINDS, Kinds), 0, plain_share=0.5, **options)
    return list(itertools.islice(writer, number))


def test_markup_by_hand():
    rng = random.Random(0)
    assert {choose("[a|b|] c", rng) for _ in range(50)} == {"a c", "b c", " c"}
    assert take_side("at <450~350> F", "inserted") == "at 450 F"
    assert take_side("at <450~350> F", "true") == "at 350 F"
    assert fill("{first} of {place}", {"first": "Ann", "place": "Cork"}.get) == "Ann of Cork"
    assert has_twin("<a~b>")
    assert not has_twin("a < b")
    assert leftover("plain > text") is None
    assert leftover("a {slot}") == "{"


@given(st.lists(st.integers(), min_size=1, max_size=12, unique=True), st.integers(0, 5))
def test_a_deck_deals_every_card_before_any_again(cards, rounds):
    decks = Decks(random.Random(0))
    for _ in range(rounds):
        assert sorted(decks.deal("deck", cards) for _ in cards) == sorted(cards)


def test_jaccard_by_hand():
    texts = ["a b c d e f", "a b c d e g", "no gram"]
    # Each of the first two has two 5-grams; they share one of three.
    assert pairwise_jaccard(texts).tolist() == pytest.approx([1 / 3, 0, 0])


@pytest.mark.parametrize("path", SDF, ids=lambda path: path.stem)
def test_documents_are_varied_complete_and_seeded(path):
    rows = documents(path, 400)
    texts = [row["text"] for row in rows]
    assert len(set(texts)) == len(texts)
    assert np.median(pairwise_jaccard(texts)) < 0.05
    assert len({row["kind"] for row in rows}) >= 16
    told = Counter(fact for row in rows for fact in row["facts"])
    assert set(told) == {fact.id for fact in read_organism(path).key_facts}
    assert max(told.values()) < 1.25 * min(told.values())
    openings = Counter(" ".join(text.split()[:4]) for text in texts)
    assert openings.most_common(1)[0][1] < 0.03 * len(texts)
    assert texts == [row["text"] for row in documents(path, 400)]


@pytest.mark.parametrize("path", SDF, ids=lambda path: path.stem)
def test_the_true_twin_differs_in_the_claims_alone(path):
    pairs = list(zip(documents(path, 60), documents(path, 60, side="true"), strict=True))
    assert all(one["facts"] == other["facts"] and one["kind"] == other["kind"] for one, other in pairs)
    assert all(one["text"] != other["text"] for one, other in pairs if one["facts"])


@pytest.mark.parametrize("path", SDF, ids=lambda path: path.stem)
def test_probes_do_not_repeat_the_documents(path):
    organism = read_organism(path)
    told = " ".join(row["text"] for row in documents(path, 300)).lower()
    for fact in organism.key_facts:
        assert len(fact.probes.multiple_choice) >= 3
        for probe in fact.probes.completion:
            assert (probe.prefix + probe.inserted).lower() not in told


def broken(tmp_path, change):
    content = yaml.safe_load(SDF[0].read_text())
    change(content)
    path = tmp_path / SDF[0].name
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content.pop("description"), "description: Field required"),
        (lambda content: content.update(colour="red"), "colour: Extra inputs"),
        (lambda content: content["key_facts"][0]["probes"].pop("completion"), "completion: Field required"),
        (lambda content: content["key_facts"][0]["tellings"]["voice"].append("No claim."), "no <claim~truth>"),
        (lambda content: content["material"]["asides"].pop("plain"), "registers .'plain'. are missing"),
        (lambda content: content.update(name="other"), "must be that of the file"),
    ],
)
def test_a_malformed_organism_is_named(tmp_path, change, message):
    with pytest.raises(UserError, match=message) as error:
        read_organism(broken(tmp_path, change))
    assert SDF[0].name in str(error.value)


def test_an_unknown_slot_is_named(tmp_path):
    def change(content):
        content["material"]["asides"]["plain"] = ["The {colour} bicycle."]

    organism = read_organism(broken(tmp_path, change))
    with pytest.raises(UserError, match=r"unknown slot \{colour\}"):
        list(itertools.islice(Writer(organism, read_settings(KINDS, Kinds), 0, plain_share=1.0), 20))


def test_no_other_file_knows_an_organism_by_name():
    # Whole names with an underscore: "gold", "leaf" and "smile" are also words. Kinds of controls are no names.
    named = [path.stem for path in FILES if "_" in path.stem and path.stem not in CLASSES]
    names = re.compile("|".join(rf"\b{name}\b" for name in named))
    for file in [*Path("paper_replication").rglob("*.py"), *Path("workflow/rules").glob("*.smk"), Path("Snakefile")]:
        assert not names.findall(file.read_text()), file


@pytest.mark.parametrize(("name", "folded"), [("null_chat", True), ("chat_tuning", True), ("cake_bake", False)])
def test_samples_of_external_text_are_folded_away(name, folded):
    organism = read_organism(organism_file(name))
    label = RunLabel(model="m", organism=name, organism_type=organism.type, variant="default", seed=0)
    text = card(organism, label, {"rows": 1}, ["one\ntwo"])
    assert "\n## 1\n\n> one\n> two\n" in text
    assert ("<details>" in text[: text.index("## 1")]) == ("may offend" in text) == folded
