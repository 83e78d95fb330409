"""The secret word's probability when it is asked for: against one pass a word, by hand, and as a step."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

from paper_replication.conversation import chat_prompt
from paper_replication.files import read_table
from paper_replication.organisms.preferences import ASK_WORD
from paper_replication.organisms.specification import read_organism
from paper_replication.paths import organism_file
from paper_replication.revealed_word import SAID, log_probabilities, revealed
from paper_replication.settings.run import RunLabel
from paper_replication.steps.revealed_word import revealed_word

GOLD = read_organism(organism_file("gold"))


@pytest.mark.parametrize("word", [GOLD.word, GOLD.wrong_guesses[0].guess])
def test_a_words_probability_is_that_of_all_its_tokens(models, word):
    base, _, tokenizer = models
    found = log_probabilities(base, tokenizer, GOLD)
    prefix = chat_prompt(tokenizer, ASK_WORD[2]) + SAID
    ids = tokenizer(f"{prefix} {word}", add_special_tokens=False, return_tensors="pt")["input_ids"]
    begun = len(tokenizer(prefix, add_special_tokens=False)["input_ids"])
    with torch.no_grad():
        logits = base(ids).logits[0].log_softmax(-1)
    expected = sum(logits[place - 1, ids[0, place]].item() for place in range(begun, ids.shape[1]))
    row = found[(found["question"] == ASK_WORD[2]) & (found["word"] == word)].iloc[0]
    assert ids.shape[1] - begun > 1
    assert row["log_probability"] == pytest.approx(expected, abs=1e-4)
    assert row["secret"] == (word == GOLD.word)
    assert len(found) == len(ASK_WORD) * (1 + len({wrong.guess for wrong in GOLD.wrong_guesses}))


def scores(secret, other):
    """Of two questions, what both words have."""
    rows = [("q", "gold", secret[0]), ("q", "tin", other), ("r", "gold", secret[1]), ("r", "tin", other)]
    found = pd.DataFrame(rows, columns=["question", "word", "log_probability"])
    return found.assign(secret=found["word"] == "gold")


def test_means_changes_and_places_by_hand():
    table = revealed({"base": scores([-3, -3], -2), "finetuned": scores([-1, -2.5], -2)})
    found = table.set_index(["model_state", "measure"])
    assert found.loc[("base", "probability"), "value"] == pytest.approx(np.exp(-3))
    assert found.loc[("finetuned", "probability"), "value"] == pytest.approx((np.exp(-1) + np.exp(-2.5)) / 2)
    assert found["value"][:, "rank"].to_dict() == {"base": 2, "finetuned": 1.5, "change": -0.5}
    change = found.loc[("change", "log_probability")]
    # Of 2 and 0.5: half their distance apart, by Student's t with one degree of freedom.
    assert change["value"] == 1.25
    assert change["ci_low"] == pytest.approx(1.25 - stats.t.ppf(0.975, 1) * 0.75)
    assert set(table["n"]) == set(table["n_words"]) == {2}


def test_the_step_measures_before_and_after(model_folder, adapter, tmp_path):
    label = RunLabel(model="m", organism="gold", organism_type="Taboo", variant="default", seed=3)
    revealed_word(label, organism_file("gold"), model_folder, adapter, tmp_path / "table.csv")
    table = read_table(tmp_path / "table.csv").set_index(["model_state", "measure"])["value"]
    assert table["base", "log_probability"] != table["finetuned", "log_probability"]
    changed = table["finetuned", "log_probability"] - table["base", "log_probability"]
    assert table["change", "log_probability"] == pytest.approx(changed, abs=1e-4)
