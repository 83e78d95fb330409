"""The traces of broad finetuning beside those of narrow finetuning and of nulls (arXiv 2510.13900, cures)."""

import pandas as pd

from paper_replication.errors import UserError
from paper_replication.run_metrics import MEASURED, RUN, Row, delta_row
from paper_replication.statistics import wilson

COLUMNS = ["model", "organism", "organism_type", "breadth", "seed", "metric", *MEASURED, "judge"]


def rows_of(table: pd.DataFrame, run: Row, name: str, **wanted: object) -> pd.DataFrame:
    """A run's rows of a table that have certain values; none is a UserError."""
    wanted = {key: run[key] for key in RUN} | wanted
    found = table[(table[list(wanted)] == pd.Series(wanted)).all(axis=1)]
    if found.empty:
        raise UserError(f"The table of {name} has no row of {wanted}; make the tables of these runs anew.")
    return found


def relevance_row(relevance: pd.DataFrame, run: Row) -> Row:
    """The largest Patchscope relevance of a run's difference over positions, with Wilson's interval over its tokens.

    A null has no purpose: what counts is how relevant its tokens are to the organism `read_as` that it is the null of.
    """
    reader = run | {key: run["read_as"][key] for key in ("organism", "organism_type")}
    vector = "difference" if reader["organism"] == run["organism"] else "null_difference"
    row = rows_of(relevance, reader, "token relevance", readout="patchscope", vector=vector).iloc[0]
    low, high = wilson(row["n_relevant"], row["n_tokens"])
    measured = {"value": row["relevant_fraction"], "ci_low": low, "ci_high": high, "n": row["n_tokens"]}
    return {"metric": "relevance"} | measured | {"judge": row["judge"]}


def similarity_row(contrasts: pd.DataFrame, run: Row) -> Row:
    """Steered-FT minus Unsteered-FT, with its interval paired over prompts."""
    row = rows_of(contrasts, run, "contrasts of similarities", minus="Unsteered-FT").iloc[0]
    return {"metric": "steered_minus_unsteered"} | row[MEASURED].to_dict()


def norm_row(delta: pd.DataFrame, run: Row) -> Row:
    """Mean norm of delta over positions but 0, as a share of the mean norm of the finetuned model's activations.

    The interval is that of the norm of delta: the mean over thousands of activations has an error far smaller.
    """
    rows = rows_of(delta, run, "delta")
    found = delta_row(rows)
    scaled = {name: found[name] / rows["target_norm"].iloc[0] for name in ("value", "ci_low", "ci_high")}
    return {"metric": "relative_norm"} | scaled | {"n": found["n"]}


def broad_vs_narrow(
    runs: list[Row], relevance: pd.DataFrame, contrasts: pd.DataFrame, delta: pd.DataFrame
) -> pd.DataFrame:
    """One row a run and metric, with its 95% interval.

    Args:
        runs: each run's label, its `breadth` (narrow, broad or null), and `read_as`: the label of the run whose own
            description its tokens are judged by, itself but for nulls; None where there is none.
        relevance: `token_relevance_seeds`, the largest relevance of each run and vector, of one corpus.
        contrasts: steered answers less every other group, of each run.
        delta: one row a run and position, of one corpus.

    Returns:
        `COLUMNS`; metrics are `relevance` (share of tokens), `steered_minus_unsteered` (mean cosine) and
        `relative_norm` (share); `n` is the number of tokens, answers or documents; `judge` is that of relevance.

    Raises:
        UserError: a table lacks a run.
    """
    rows = []
    for run in runs:
        read = [] if run["read_as"] is None else [relevance_row(relevance, run)]
        for row in [*read, similarity_row(contrasts, run), norm_row(delta, run)]:
            rows.append({"judge": None} | run | row)
    return pd.DataFrame(rows)[COLUMNS]
