"""Tokens that were read blind, outside the pipeline: what is read, and what its verdicts say.

All tokens that any vector reads out for an organism, controls and random vectors among them, are put on one sheet, in a
shuffled order: whoever reads it cannot tell which of them the difference reads. As in the paper (arXiv 2510.13900,
section 2), a token counts where several readings in different orders agree.
"""

import itertools
import json
from pathlib import Path
from string import Template

import numpy as np
import pandas as pd

from paper_replication.errors import UserError
from paper_replication.llm_judges.agreement import agreement, relevance_pairs
from paper_replication.llm_judges.prompts import has_content
from paper_replication.relevance_summary import by_position
from paper_replication.trace_contrasts import ALL, paired_contrasts

# Of tokens that every reading of a language model finds relevant; it was given sheets, and is no part of the pipeline.
JUDGE = "language_model_blind"
READ = ["model", "organism"]
READING = "reading_"
WORD = "word"
TOKENS_PER_LINE = 10
# What a share is compared with where it is reported itself.
NOTHING = "nothing"


def with_words(table: pd.DataFrame) -> pd.DataFrame:
    """A table of tokens with each as it stands on a sheet, without spaces; of no letter and no digit it is empty."""
    words = table["token"].str.strip()
    return table.assign(**{WORD: words.where(words.map(has_content).astype(bool), "")})


def words_of(tables: list[pd.DataFrame], reading: int) -> list[str]:
    """The distinct words of all tables, shuffled.

    Args:
        tables: tokens read out for one organism, with the column `token`.
        reading: which of several; each has an order of its own.
    """
    words = sorted({word for table in tables for word in with_words(table)[WORD]} - {""})
    return [words[place] for place in np.random.default_rng(reading).permutation(len(words))]


def sheet(template: Template, description: str, frequent: list[str], words: list[str]) -> str:
    """What is read: the prompt of the LLM judge of relevance, with all words of one organism by number, ten a line."""
    quoted = [f"{n} {json.dumps(word, ensure_ascii=False)}" for n, word in enumerate(words, start=1)]
    lines = ["  ".join(quoted[at : at + TOKENS_PER_LINE]) for at in range(0, len(quoted), TOKENS_PER_LINE)]
    return template.substitute(description=description, frequent=", ".join(frequent), tokens="\n".join(lines))


def read_verdicts(path: Path, item: str = WORD) -> pd.DataFrame:
    """Read verdicts, one row a model, organism and item, with a column `reading_N` of 0 and 1 for each reading.

    Raises:
        UserError: a column is missing, a verdict is neither 0 nor 1, or an item comes twice.
    """
    found = pd.read_csv(path, keep_default_na=False, dtype={item: str})
    readings = readings_of(found)
    if not {*READ, item} <= set(found.columns) or not readings:
        raise UserError(f"{path} must have the columns {', '.join([*READ, item])} and {READING}0, {READING}1, ...")
    if not found[readings].isin([0, 1]).all(axis=None):
        raise UserError(f"{path}: a reading says 1 of what is relevant and 0 of anything else.")
    if (twice := found[found.duplicated([*READ, item])]).size:
        raise UserError(f"{path}: {twice[item].iloc[0]!r} comes twice for {twice['organism'].iloc[0]}.")
    return found


def readings_of(verdicts: pd.DataFrame) -> list[str]:
    """The columns of verdicts, one a reading."""
    return [name for name in verdicts.columns if name.startswith(READING)]


def agreed(rows: pd.DataFrame, verdicts: pd.DataFrame, item: str, shown: str) -> pd.DataFrame:
    """The rows of organisms that were read, each `relevant` where all readings say so.

    Args:
        rows: with `model`, `organism` and the columns `item` and `shown`.
        verdicts: of `read_verdicts`.
        item: the column that verdicts know a row by.
        shown: the column that an error quotes.

    Raises:
        UserError: an item of an organism that was read has no verdict.
    """
    counted = verdicts[[*READ, item]].assign(relevant=verdicts[readings_of(verdicts)].all(axis=1).astype(int))
    found = rows.merge(verdicts[READ].drop_duplicates()).merge(counted, how="left", on=[*READ, item])
    if (unread := found[found["relevant"].isna()]).size:
        first = unread.iloc[0]
        raise UserError(
            f"{unread[item].nunique()} of what was read out, such as {first[shown][:60]!r} of {first['organism']}, "
            "have no verdict: other runs gave them than those that were read. Read them anew "
            "(data/inputs/readings/README.md)."
        )
    return found.astype({"relevant": int}).assign(judge=JUDGE)


def judged(tokens: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
    """The tokens of organisms that were read, with what all readings agree on; a word of no content is not relevant.

    Args:
        tokens: judged by the offline judge, whose verdict and name move to `offline_relevant` and `offline_judge`.
        verdicts: of `read_verdicts`.

    Raises:
        UserError: tokens of an organism that was read are not on its sheets.
    """
    rows = with_words(tokens.rename(columns={"relevant": "offline_relevant", "judge": "offline_judge"}))
    empty = verdicts[READ].drop_duplicates().assign(**{WORD: ""} | dict.fromkeys(readings_of(verdicts), 0))
    return agreed(rows, pd.concat([verdicts, empty]), WORD, WORD)


def layers_as_readouts(layers: pd.DataFrame, nulls: dict[str, str]) -> pd.DataFrame:
    """The tokens of other layers, each layer a readout of its own, beside those of each organism's null.

    Args:
        layers: `layer_tokens`.
        nulls: the matched null of each organism.
    """
    named = layers.assign(readout="patchscope at " + layers["condition"], index=layers["position"], scale_judge="")
    parts = [named.assign(vector="difference")]
    for organism, null in nulls.items():
        kind = named.loc[named["organism"] == organism, "organism_type"].unique()
        # What the offline judge says of them is by the description of the first organism that the null goes with.
        parts += [
            named[named["organism"] == null].assign(
                organism=organism, organism_type=one, vector="null_difference", relevant=np.nan
            )
            for one in kind
        ]
    return pd.concat(parts)


def positions_of(rows: pd.DataFrame, graded_tokens: int) -> pd.DataFrame:
    """The share of relevant tokens by both judges, by vector and position: `by_position` of each."""
    offline = rows.dropna(subset=["offline_relevant"])
    offline = offline.assign(relevant=offline["offline_relevant"].astype(int), judge=offline["offline_judge"])
    return by_position(pd.concat([rows, offline]), graded_tokens)


def type_contrasts(summary: pd.DataFrame) -> pd.DataFrame:
    """By type and over all organisms, how far the difference is above each control, with Student's 95% interval.

    Args:
        summary: of `relevance_summary.summarise`.

    Returns:
        One row a model, type, readout, judge and `control`; of the control `nothing`, the share itself.
    """
    shares = summary[summary["vector"] == "difference"].assign(
        control=NOTHING, contrast=lambda row: row.relevant_fraction
    )
    controls = summary.dropna(subset=["difference_minus_this"])
    controls = controls.assign(control=controls["vector"], contrast=controls["difference_minus_this"])
    rows = pd.concat([shares, controls])
    rows = pd.concat([rows[rows["organism_type"] != "control"].assign(organism_type=ALL), rows])
    return paired_contrasts(rows, ["model", "organism_type", "readout", "judge", "control"])


def agreements(rows: pd.DataFrame, verdicts: pd.DataFrame, seed: int, rounds: int) -> pd.DataFrame:
    """How far the readings agree with the offline judge, and with one another.

    Args:
        rows: of `judged`.
        verdicts: of `read_verdicts`, whose readings are compared in pairs, word by word.
        seed: of the bootstrap.
        rounds: of the bootstrap.

    Returns:
        `agreement` of each organism, whose lists of tokens are drawn together, and of all of a model, whose organisms
        are. Where two readings are compared, they are named in place of the judges.
    """
    pairs = [relevance_pairs(rows.dropna(subset=["offline_relevant"])), reading_pairs(verdicts, WORD)]
    return of_each_and_all(pd.concat(pairs), seed, rounds)


def reading_pairs(verdicts: pd.DataFrame, item: str) -> pd.DataFrame:
    """Any two readings of the same items, as `agreement` takes them; each item is a cluster of its own."""
    pairs = []
    for first, second in itertools.combinations(readings_of(verdicts), 2):
        both = {"offline": verdicts[first], "llm": verdicts[second], "offline_judge": first, "llm_judge": second}
        pairs.append(verdicts[READ].assign(kind="relevance", cluster=verdicts[item], **both))
    return pd.concat(pairs)


def of_each_and_all(pairs: pd.DataFrame, seed: int, rounds: int) -> pd.DataFrame:
    """`agreement` over all organisms of a model, which are drawn together there, and of each."""
    alone = agreement(pairs, READ, "cluster", seed, rounds)
    together = agreement(pairs, ["model"], "organism", seed, rounds)
    together.insert(1, "organism", ALL)
    return pd.concat([together, alone])
