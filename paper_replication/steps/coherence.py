"""Calibrate the offline judge of coherent prose on a base model, and show how often it errs."""

from functools import partial

import pandas as pd
import torch
from transformers import PreTrainedTokenizerBase

from paper_replication.behaviour import mean_log_probabilities
from paper_replication.errors import UserError
from paper_replication.files import read_json_lines, write_table
from paper_replication.judges.coherence import (
    LikelihoodCoherenceJudge,
    LogProbabilities,
    calibrate,
    scrambled,
)
from paper_replication.models import load_model, load_tokenizer
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.steering import CoherenceSettings
from paper_replication.statistics import wilson


def text_likelihood(model: torch.nn.Module, tokenizer: PreTrainedTokenizerBase) -> LogProbabilities:
    """A function from texts to their mean log-probabilities per token after the token that begins or ends a text."""
    before = tokenizer.bos_token or tokenizer.eos_token

    def score(texts: list[str]) -> list[float]:
        return mean_log_probabilities(model, tokenizer, [(before, text) for text in texts], special_tokens=False)

    return score


def beginning(tokenizer: PreTrainedTokenizerBase, tokens: int, text: str) -> str:
    """The first tokens of a text."""
    ids = tokenizer(text, add_special_tokens=False, truncation=True, max_length=tokens)["input_ids"]
    return tokenizer.decode(ids)


def coherence(
    settings: CoherenceSettings, new_tokens: int, seed: int, corpus: Input, answers: Input, model: Input, table: Output
) -> None:
    """One row a set of texts with the share judged coherent: human, scrambled, repeated, and the model's answers.

    The limits are set on the first human texts and checked on as many others, all cut to the length that is judged.
    """
    tokenizer = load_tokenizer(model)
    score = text_likelihood(load_model(model), tokenizer)
    cut = partial(beginning, tokenizer, new_tokens)
    texts = [cut(str(row["text"])) for row in read_json_lines(corpus)[: 2 * settings.texts]]
    if len(texts) < 2 * settings.texts:
        raise UserError(f"{corpus} has {len(texts)} documents, but coherence.texts asks for twice {settings.texts}.")
    limits = calibrate(score, texts[: settings.texts], settings.repetitive, seed)
    judge = LikelihoodCoherenceJudge(score, limits)
    checked = texts[settings.texts :]
    sets = {
        "human": checked,
        "scrambled": [scrambled(text, seed + number) for number, text in enumerate(checked)],
        "repeated": [cut(" ".join(text.split()[:3] * new_tokens)) for text in checked],
        "unsteered answers": [cut(str(row["answer"])) for row in read_json_lines(answers)],
    }
    rows = []
    for name, members in sets.items():
        count = sum(judge.coherent(members))
        low, high = wilson(count, len(members))
        rows.append({"texts": name, "coherent_share": count / len(members), "ci_low": low, "ci_high": high})
        rows[-1] |= {"n": len(members), "minimum_log_probability_nats": limits.log_probability}
        rows[-1] |= {"minimum_distinct_share": limits.distinct, "judge": judge.name, "new_tokens": new_tokens}
    write_table(table, pd.DataFrame(rows))


if __name__ == "__main__":
    run(coherence)
