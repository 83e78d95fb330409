"""Steered answers that were read blind, outside the pipeline: what is read, and what it says."""

import json
from hashlib import sha256
from string import Template

import numpy as np
import pandas as pd

from paper_replication.blind_reading import agreed
from paper_replication.settings.run import RunLabel
from paper_replication.statistics import newcombe, wilson
from paper_replication.steering.cards import BESIDE

RUN = list(RunLabel.model_fields)
UNSTEERED, STEERED = "unsteered", "difference"
# What verdicts know an answer by: its question and text, of which nothing may change.
SUM = "sum"


def answers_of(cards: pd.DataFrame) -> pd.DataFrame:
    """One row an answer: what it was steered with (`vector`), its question, its text, and the sum of both.

    Args:
        cards: `steered_answers`, one row a run and question with a column of texts for each vector.
    """
    vectors = [name for name in (UNSTEERED, *BESIDE) if name in cards]
    rows = cards.melt([*RUN, "position", "prompt"], vectors, var_name="vector", value_name="text")
    return with_sums(rows)


def with_sums(rows: pd.DataFrame) -> pd.DataFrame:
    """Answers, but those of no text, each with the sum of its question and text."""
    rows = rows[rows["text"] != ""]
    said = rows["prompt"] + "\n" + rows["text"]
    return rows.assign(**{SUM: [sha256(text.encode()).hexdigest()[:16] for text in said]})


def order(answers: pd.DataFrame, reading: int) -> pd.DataFrame:
    """The distinct answers of one organism, shuffled; each reading has an order of its own."""
    distinct = answers.drop_duplicates(SUM).sort_values(SUM)
    return distinct.iloc[np.random.default_rng(reading).permutation(len(distinct))]


def sheet(template: Template, description: str, shown: pd.DataFrame) -> str:
    """What is read: questions and answers by number, and nothing of what steered them."""
    quoted = [
        f"{n} {json.dumps(prompt, ensure_ascii=False)}\n  {json.dumps(text, ensure_ascii=False)}"
        for n, (prompt, text) in enumerate(zip(shown["prompt"], shown["text"], strict=True), start=1)
    ]
    return template.substitute(description=description, answers="\n".join(quoted))


def judged(answers: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
    """The answers of organisms that were read, each `relevant` where all readings say so.

    Args:
        answers: of `answers_of`.
        verdicts: of `read_verdicts`, by the answers' sums.

    Raises:
        UserError: an answer of an organism that was read is not on its sheets.
    """
    return agreed(answers, verdicts, SUM, "text")


def summary_of(rows: pd.DataFrame, readout: str = "answers") -> pd.DataFrame:
    """The share of each run's answers that speak of its finetuning, by what they were steered with.

    Intervals are Wilson's over answers, and Newcombe's for the difference minus a control, as if these were answers to
    other questions; both are to the same, which makes them wide.

    Args:
        rows: of `judged`, with answers by the `difference`, which the others are compared with.
        readout: what these answers are called.

    Returns:
        One row a run and vector, with the columns of `relevance_summary.summarise` that `type_contrasts` takes.
    """
    found = []
    for names, group in rows.groupby([*RUN, "judge"], sort=False):
        counts = group.groupby("vector", sort=False)["relevant"].agg(["sum", "size"])
        own = counts.loc[STEERED]
        for vector, (count, n) in counts.iterrows():
            low, high = wilson(count, n)
            row = dict(zip([*RUN, "judge"], names, strict=True)) | {"readout": readout, "vector": vector}
            row |= {"relevant_fraction": count / n, "ci_low": low, "ci_high": high, "n_answers": n}
            if vector != STEERED:
                low, high = newcombe(*own, count, n)
                row |= {"difference_minus_this": own["sum"] / own["size"] - count / n}
                row |= {"minus_ci_low": low, "minus_ci_high": high}
            found.append(row)
    return pd.DataFrame(found)
