"""Every model steered with every organism's difference: answers by words of the vector's organism and the model's."""

import pandas as pd

from paper_replication.answer_words import JUDGE, mentions
from paper_replication.blind_answers import RUN, with_sums
from paper_replication.statistics import wilson
from paper_replication.trace_contrasts import paired_contrasts

# Who answers, beside the columns of the run whose vector it is.
ANSWERING, ANSWERING_TYPE = "answering", "answering_type"
BASE = "base"
# Whose words are counted.
VECTORS, MODELS = "vector's", "model's"
# What the model that answers is to the organism whose vector it is.
OWN, SAME_TYPE, NULL, OTHER = "own", "same type", "matched null", "other"
# Answers that are read blind besides those of an organism's own model: who gives them, and by which vector.
ELSEWHERE = {
    (BASE, "difference"): "base_model_difference",
    (BASE, "random"): "base_model_random",
    (NULL, "difference"): "null_model_difference",
}
CELL = ["model", ANSWERING, ANSWERING_TYPE, *RUN[1:], "vector"]


def relation(answering: str, answering_type: str, organism: str, organism_type: str, controls: dict[str, str]) -> str:
    """What the model that answers is to the organism whose vector it is steered with, whose `controls` have names."""
    if answering in (organism, BASE):
        return OWN if answering == organism else BASE
    return controls.get(answering, SAME_TYPE if answering_type == organism_type else OTHER)


def answers_elsewhere(answers: pd.DataFrame, controls: dict[str, dict[str, str]]) -> pd.DataFrame:
    """The answers of two models that were never taught an organism's subject, steered with its vectors.

    Args:
        answers: see `word_shares`.
        controls: see `word_shares`.

    Returns:
        As of `blind_answers.answers_of`, with `vector` one of `ELSEWHERE`.
    """
    cells = answers[[ANSWERING, ANSWERING_TYPE, "organism", "organism_type"]].itertuples(index=False, name=None)
    relations = [relation(*cell, controls[cell[2]]) for cell in cells]
    called = [ELSEWHERE.get(pair) for pair in zip(relations, answers["vector"], strict=True)]
    return with_sums(answers.assign(vector=called).dropna(subset="vector"))


def word_shares(
    answers: pd.DataFrame, domain_words: dict[str, list[str]], controls: dict[str, dict[str, str]]
) -> pd.DataFrame:
    """The share of answers with a domain word, of the organism whose vector it is and of the model that answers.

    Args:
        answers: one row an answer: who answers (`answering`, `answering_type`), the run whose vector it is steered
            with, `vector` (`difference` or `random`) and `text`.
        domain_words: of each organism that has some; others have no rows of their own words.
        controls: of each organism, what its control organisms are called.

    Returns:
        One row a model that answers, run, vector and whose words they are (`words`: `vector's` or `model's`; where a
        model is steered with its own vector, the former alone), with `relation`, and `value` with Wilson's interval
        over `n` answers.
    """
    rows = []
    for names, group in answers.groupby(CELL, sort=False):
        cell = dict(zip(CELL, names, strict=True))
        organism, answering = cell["organism"], cell[ANSWERING]
        same = relation(answering, cell[ANSWERING_TYPE], organism, cell["organism_type"], controls[organism])
        whose = {VECTORS: organism} if same == OWN else {VECTORS: organism, MODELS: answering}
        for words, owner in whose.items():
            if owner not in domain_words:
                continue
            count, n = sum(mentions(text, domain_words[owner]) for text in group["text"]), len(group)
            low, high = wilson(count, n)
            found = {"relation": same, "words": words, "value": count / n, "ci_low": low, "ci_high": high, "n": n}
            rows.append(cell | found | {"judge": JUDGE})
    return pd.DataFrame(rows)


def by_relation(shares: pd.DataFrame) -> pd.DataFrame:
    """The mean share over the organisms of each type whose words are counted, with Student's 95% interval.

    An organism counts once: its models, or vectors, of one relation are averaged first.

    Args:
        shares: of `word_shares`.

    Returns:
        One row a model, `words`, type of the organism whose words they are, `relation` and `vector`: `value`, `ci_low`,
        `ci_high` (nan of one organism) and `n_organisms`.
    """
    theirs = shares["words"] == MODELS
    of_type = shares["organism_type"].mask(theirs, shares[ANSWERING_TYPE])
    whose = shares["organism"].mask(theirs, shares[ANSWERING])
    rows = shares.assign(organism_type=of_type, organism=whose, contrast=shares["value"])
    # Steered with others' vectors, a model is the same to them all.
    rows["relation"] = rows["relation"].mask(theirs, OTHER)
    keys = ["model", "words", "organism_type", "relation", "vector"]
    means = rows.groupby([*keys, "organism"], sort=False, as_index=False)["contrast"].mean()
    found = paired_contrasts(means, keys).rename(columns={"contrast": "value"})
    return found.sort_values(["model", "words", "organism_type", "vector"], kind="stable")
