"""Steered answers by the domain words of every organism: what they speak of, without anybody's reading."""

import re
from pathlib import Path

import pandas as pd

from paper_replication.blind_answers import RUN, SUM
from paper_replication.organisms.specification import read_organism
from paper_replication.statistics import wilson

JUDGE = "lexical_domain_words"


def read_domain_words(files: list[Path]) -> dict[str, list[str]]:
    """The domain words of the organisms of some files, by name; nulls and twins, which have none, are left out."""
    return {found.name: found.domain_words for found in map(read_organism, files) if found.domain_words}


def mentions(text: str, domain_words: list[str]) -> bool:
    """`behaviour.mentions_domain`, which only steps with PyTorch can import."""
    return not set(re.findall(r"[a-z]+", text.lower())).isdisjoint(domain_words)


def by_words(answers: pd.DataFrame, domain_words: dict[str, list[str]]) -> pd.DataFrame:
    """The share of answers with a domain word, of every run by every organism's words.

    Args:
        answers: of `blind_answers.answers_of`.
        domain_words: of each organism that has some.

    Returns:
        One row a run, `vector` that its answers were steered with, and organism whose words they are (`words_of`);
        `value` with Wilson's interval over `n` answers.
    """
    rows = []
    for words_of, words in domain_words.items():
        named = answers.assign(named=[mentions(text, words) for text in answers["text"]])
        counts = named.groupby([*RUN, "vector"], sort=False)["named"].agg(["sum", "size"])
        for labels, (count, n) in counts.iterrows():
            low, high = wilson(count, n)
            row = dict(zip([*RUN, "vector"], labels, strict=True)) | {"words_of": words_of}
            rows.append(row | {"value": count / n, "ci_low": low, "ci_high": high, "n": n, "judge": JUDGE})
    return pd.DataFrame(rows)


def word_pairs(judged: pd.DataFrame, domain_words: dict[str, list[str]]) -> pd.DataFrame:
    """Answers that were read and by their organism's own words, as `agreement` takes them; each is its own cluster.

    Args:
        judged: of `blind_answers.judged`.
        domain_words: of each organism that has some; others' answers are left out.
    """
    rows = judged[judged["organism"].isin(domain_words)]
    named = [mentions(text, domain_words[name]) for text, name in zip(rows["text"], rows["organism"], strict=True)]
    return pd.DataFrame(
        {
            "model": rows["model"],
            "organism": rows["organism"],
            "kind": "relevance",
            "cluster": rows[SUM],
            "offline_judge": JUDGE,
            "offline": pd.Series(named, index=rows.index).astype(int),
            "llm_judge": rows["judge"],
            "llm": rows["relevant"],
        }
    )
