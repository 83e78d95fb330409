"""How well a model family's organisms are read, beside another's."""

import pandas as pd

from paper_replication.relevance_summary import RANDOM, by_position, maxima
from paper_replication.trace_contrasts import paired_contrasts
from paper_replication.type_summary import by_type

KEYS = ["corpus", "readout", "vector", "judge"]


def by_organism(graded: pd.DataFrame, graded_tokens: int) -> pd.DataFrame:
    """The largest relevance over positions of each vector, one row a model, organism and vector.

    Random vectors have several sets of as many as there are positions, of whose maxima it is the mean.

    Args:
        graded: judged tokens of organisms made of documents, on several models.
        graded_tokens: the length of a list.

    Returns:
        Model, organism and its type, the keys, and `relevant_fraction`.
    """
    best = maxima(by_position(graded, graded_tokens))
    keys = ["model", "organism", "organism_type", *KEYS]
    return best.groupby(keys, sort=False)["relevant_fraction"].mean().reset_index()


def by_family(organisms: pd.DataFrame) -> pd.DataFrame:
    """Mean over a model's organisms, one row a model and vector, with its 95% bootstrap interval over organisms."""
    return by_type(organisms, KEYS, "relevant_fraction")


def contrasts(organisms: pd.DataFrame) -> pd.DataFrame:
    """By how much a model's difference lies above each control, with Student's 95% interval over its organisms.

    Args:
        organisms: of `by_organism`.

    Returns:
        `paired_contrasts` of every model, type, corpus, readout and control.
    """
    keys = ["model", "organism_type", "corpus", "readout"]
    wide = organisms.pivot(index=[*keys, "organism"], columns="vector", values="relevant_fraction")
    minus = -wide.drop(columns="difference").sub(wide["difference"], axis=0)
    long = minus.melt(ignore_index=False, var_name="control", value_name="contrast").dropna().reset_index()
    return paired_contrasts(long, [*keys, "control"])


def best_lists(graded: pd.DataFrame, graded_tokens: int) -> pd.DataFrame:
    """The tokens of each vector at the position that `by_organism` counts, random vectors apart: for people to read."""
    best = maxima(by_position(graded[graded["vector"] != RANDOM], graded_tokens))
    keys = ["model", "organism", "corpus", "readout", "vector", "position"]
    rows = best[keys].merge(graded, on=keys, validate="one_to_many").sort_values([*keys, "rank"], kind="stable")
    return rows[[*keys, "rank", "token", "relevant", "judge"]]
