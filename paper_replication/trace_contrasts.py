"""Whether the difference leaves more of a trace than its controls, by type of organism."""

import pandas as pd

from paper_replication.mixing_contrasts import paired_mean

# All organisms but controls, beside the types.
ALL = "all"
COLUMNS = ["model", "organism_type", "organism", "measure", "control", "contrast"]


def organism_contrasts(relevance: pd.DataFrame, steering: pd.DataFrame) -> pd.DataFrame:
    """How far each organism's difference lies above every control, its seeds and variants averaged.

    Args:
        relevance: `token_relevance_summary` on one corpus; of every vector but the difference, `difference_minus_this`.
        steering: `steering_similarity_contrasts`: the `value` by which steered answers lie above the group `minus`.

    Returns:
        One row an organism, `measure` (a readout's relevance as a share, or the cosine of steered answers) and control.
    """
    read = relevance.dropna(subset=["difference_minus_this"])
    read = read.assign(measure="relevance_" + read["readout"], control=read["vector"])
    read = read.rename(columns={"difference_minus_this": "contrast"})
    steered = steering.assign(measure="steering", control=steering["minus"]).rename(columns={"value": "contrast"})
    rows = pd.concat([read[COLUMNS], steered[COLUMNS]])
    return rows.groupby(COLUMNS[:-1], sort=False, as_index=False)["contrast"].mean()


def paired_contrasts(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """The mean `contrast` of organisms, one row a combination of keys, with Student's 95% interval.

    Args:
        rows: one row an organism and combination of keys.
        keys: what is kept apart.

    Returns:
        The keys, `contrast`, `ci_low`, `ci_high` (nan of one organism) and `n_organisms`.
    """
    found = [
        (*names, *paired_mean(group["contrast"].to_numpy(dtype=float)), len(group))
        for names, group in rows.groupby(keys, sort=False)
    ]
    return pd.DataFrame(found, columns=[*keys, "contrast", "ci_low", "ci_high", "n_organisms"])


def trace_contrasts(relevance: pd.DataFrame, steering: pd.DataFrame) -> pd.DataFrame:
    """The mean over the organisms of each type, and over all that are no controls, with Student's 95% interval.

    Args:
        relevance: see `organism_contrasts`.
        steering: see `organism_contrasts`.

    Returns:
        `paired_contrasts` of every model, type, measure and control.
    """
    rows = organism_contrasts(relevance, steering)
    rows = pd.concat([rows[rows["organism_type"] != "control"].assign(organism_type=ALL), rows])
    return paired_contrasts(rows, ["model", "organism_type", "measure", "control"])
