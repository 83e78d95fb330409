"""Of a guessing game: how likely the secret word is when it is asked for, beside other words."""

import numpy as np
import pandas as pd
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from paper_replication.behaviour import mean_log_probabilities
from paper_replication.conversation import chat_prompt
from paper_replication.mixing_contrasts import paired_mean
from paper_replication.organisms.preferences import ASK_WORD
from paper_replication.organisms.specification import TabooOrganism

# What the assistant has said so far when the word is due.
SAID = "The word is"
STATES = ("base", "finetuned")


def log_probabilities(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, organism: TabooOrganism
) -> pd.DataFrame:
    """How likely the secret word and each wrong guess are, asked to reveal the word in eight ways.

    Args:
        model: base or finetuned.
        tokenizer: its tokenizer, padding on the right.
        organism: whose words they are.

    Returns:
        One row a question and word: `log_probability` (nats) of all of the word's tokens after `SAID`, and `secret`,
        whether it is the secret one.
    """
    words = dict.fromkeys([organism.word, *(wrong.guess for wrong in organism.wrong_guesses)])
    asked = [(question, word) for question in ASK_WORD for word in words]
    pairs = [(chat_prompt(tokenizer, question) + SAID, f" {word}") for question, word in asked]
    means = mean_log_probabilities(model, tokenizer, pairs, special_tokens=False)
    rows = pd.DataFrame(asked, columns=["question", "word"])
    whole, begun = (
        [len(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in texts]
        for texts in ([prefix + word for prefix, word in pairs], [prefix for prefix, _ in pairs])
    )
    rows["log_probability"] = [mean * (long - short) for mean, long, short in zip(means, whole, begun, strict=True)]
    return rows.assign(secret=rows["word"] == organism.word)


def revealed(scores: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The secret word's probability and place among all words, before and after finetuning, with the change.

    Args:
        scores: of `log_probabilities`, by `STATES`.

    Returns:
        One row a `model_state` (or "change") and `measure`: `probability` (0 to 1), `log_probability` (nats) and `rank`
        (1 is the likeliest of `n_words`); `value` is the mean over `n` questions, with Student's 95% interval.
    """
    measured = {}
    for state in STATES:
        rows = scores[state]
        rank = rows.groupby("question", sort=False)["log_probability"].rank(ascending=False)
        own = rows.assign(rank=rank)[rows["secret"]].set_index("question")
        measured[state] = own[["log_probability", "rank"]].assign(probability=np.exp(own["log_probability"]))
    measured["change"] = measured["finetuned"] - measured["base"]
    found = []
    for state, table in measured.items():
        for measure, values in table.items():
            mean, low, high = paired_mean(values.to_numpy(dtype=float))
            row = {"model_state": state, "measure": measure, "value": mean, "ci_low": low, "ci_high": high}
            found.append(row | {"n": len(values), "n_words": scores["base"]["word"].nunique()})
    return pd.DataFrame(found)
