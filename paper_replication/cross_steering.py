"""Every model steered with every organism's difference: answers by words of the vector's organism and the model's."""

import numpy as np
import pandas as pd

from paper_replication.answer_words import JUDGE, mentions
from paper_replication.blind_answers import RUN, with_sums
from paper_replication.statistics import wilson
from paper_replication.trace_contrasts import paired_contrasts

# Who answers, beside the columns of the run whose vector it is.
ANSWERING, ANSWERING_TYPE = "answering", "answering_type"
BASE = "base"
DIFFERENCE, RANDOM = "difference", "random"
# What the model that answers is to the organism whose vector it is.
OWN, SAME_TYPE, NULL, OTHER = "own", "same type", "matched null", "other"
CELL = ["model", ANSWERING, ANSWERING_TYPE, *RUN[1:], "vector"]
# What is read blind on a sheet of its own: who gives an answer and by which vector, and what that is called.
READOUT = "base_model"
READ = {
    (BASE, DIFFERENCE): DIFFERENCE,
    (BASE, RANDOM): RANDOM,
    (NULL, DIFFERENCE): "null_model",
    (OWN, DIFFERENCE): "own_model",
}


def relation(answering: str, answering_type: str, organism: str, organism_type: str, controls: dict[str, str]) -> str:
    """What the model that answers is to the organism whose vector it is steered with, whose `controls` have names."""
    if answering in (organism, BASE):
        return OWN if answering == organism else BASE
    return controls.get(answering, SAME_TYPE if answering_type == organism_type else OTHER)


def with_relations(answers: pd.DataFrame, controls: dict[str, dict[str, str]]) -> pd.DataFrame:
    """Answers, each with the `relation` of its model to its vector."""
    cells = answers[[ANSWERING, ANSWERING_TYPE, "organism", "organism_type"]].itertuples(index=False, name=None)
    return answers.assign(relation=[relation(*cell, controls[cell[2]]) for cell in cells])


def answers_to_read(answers: pd.DataFrame, controls: dict[str, dict[str, str]]) -> pd.DataFrame:
    """What the base model, an organism's null and its own model say, steered with its vectors.

    Args:
        answers: see `word_shares`.
        controls: see `word_shares`.

    Returns:
        As of `blind_answers.answers_of`, with the `vector` that `READ` has.
    """
    found = with_relations(answers, controls)
    called = [READ.get(pair) for pair in zip(found["relation"], found["vector"], strict=True)]
    return with_sums(answers.assign(vector=called).dropna(subset="vector"))


def word_shares(
    answers: pd.DataFrame, domain_words: dict[str, list[str]], controls: dict[str, dict[str, str]]
) -> pd.DataFrame:
    """The share of answers with a domain word of the organism whose vector it is, and of that whose model answers.

    Args:
        answers: one row an answer: who answers (`answering`, `answering_type`), the run whose vector it is steered
            with, `vector` (`difference` or `random`) and `text`.
        domain_words: of each organism that has some; others' words are not counted.
        controls: of each organism, what its control organisms are called.

    Returns:
        One row a model that answers, run, vector and organism whose words they are (`words_of`; of the base model's
        answers, every organism's), with `relation`, and `value` with Wilson's interval over `n` answers.
    """
    rows = []
    for names, group in with_relations(answers, controls).groupby([*CELL, "relation"], sort=False):
        cell = dict(zip([*CELL, "relation"], names, strict=True))
        for words_of, words in domain_words.items():
            if cell[ANSWERING] not in (BASE, words_of) and cell["organism"] != words_of:
                continue
            count, n = sum(mentions(text, words) for text in group["text"]), len(group)
            low, high = wilson(count, n)
            found = {"words_of": words_of, "value": count / n, "ci_low": low, "ci_high": high, "n": n, "judge": JUDGE}
            rows.append(cell | found)
    return pd.DataFrame(rows)


def of_vectors(shares: pd.DataFrame) -> pd.DataFrame:
    """The rows of `word_shares` that count words of the organism whose vector it is."""
    return shares[shares["words_of"] == shares["organism"]]


def own_words(shares: pd.DataFrame, controls: dict[str, dict[str, str]]) -> pd.DataFrame:
    """By each organism's own words, its model's answers and the base model's to the vectors of all others.

    The vectors of its own controls, such as its true-fact twin's, are left out.

    Args:
        shares: of `word_shares`.
        controls: see `word_shares`.

    Returns:
        One row a model, organism (`words_of`), who answers (`answering`: the organism or `base`) and vector: the mean
        `value` over the organisms whose vectors they are.
    """
    pairs = zip(shares["organism"], shares["words_of"], strict=True)
    unrelated = [organism != words_of and organism not in controls[words_of] for organism, words_of in pairs]
    others = shares[np.array(unrelated, dtype=bool)]
    return others.groupby(["model", "words_of", ANSWERING, "vector"], sort=False, as_index=False)["value"].mean()


def by_relation(shares: pd.DataFrame) -> pd.DataFrame:
    """The mean share of words of the vector's organism, by type, vector and what the model that answers is to it.

    An organism counts once: its answering models of one relation are averaged first.

    Args:
        shares: of `word_shares`.

    Returns:
        One row a model, type, vector, `relation` and `minus`: `contrast` is the share itself where `minus` is
        `nothing`, else how far it lies above that by a random direction in the same models, or above that of the base
        model by the difference, paired by organism; with Student's 95% interval over `n_organisms`, none for random
        directions, which runs share.
    """
    keys = ["model", "organism_type", "organism", "relation", "vector"]
    means = of_vectors(shares).groupby(keys, sort=False, as_index=False)["value"].mean()
    wide = means.pivot_table(index=keys[:-1], columns="vector", values="value", sort=False).reset_index()
    base = wide.loc[wide["relation"] == BASE, ["model", "organism", DIFFERENCE]].rename(columns={DIFFERENCE: BASE})
    wide = wide.merge(base, how="left", on=["model", "organism"])
    found = {
        (DIFFERENCE, "nothing"): wide[DIFFERENCE],
        (RANDOM, "nothing"): wide[RANDOM],
        (DIFFERENCE, RANDOM): wide[DIFFERENCE] - wide[RANDOM],
        (DIFFERENCE, BASE): (wide[DIFFERENCE] - wide[BASE]).where(wide["relation"] != BASE),
    }
    # Rounded, or equal shares would differ by their last bits.
    rows = pd.concat([wide.assign(vector=v, minus=minus, contrast=c.round(9)) for (v, minus), c in found.items()])
    result = paired_contrasts(rows.dropna(subset="contrast"), ["model", "organism_type", "vector", "relation", "minus"])
    result.loc[result["vector"] == RANDOM, ["ci_low", "ci_high"]] = np.nan
    return result
