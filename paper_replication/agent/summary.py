"""From the table of both agents to shares over organisms, beside chance and what the paper reports."""

import pandas as pd

from paper_replication.agent.results import NO_LLM
from paper_replication.identification import BASE
from paper_replication.names import REPORTED_AGENT, REPORTED_AGENT_LABEL
from paper_replication.statistics import bootstrap_mean, wilson

BY = ["model", "variant", "agent", "interactions", "judge", "agent_model"]
# The same agent on the same model but for its evidence.
LIKE = ["model", "variant", "judge", "agent_model"]
SHARES = ("top_1", "top_5", "near_1", "found", "at_least_2", "at_least_4", "false_positive", "submitted")
MEANS = ("rank", "reciprocal_rank", "similarity", "grade", "interactions_used")
COSTS = ("input_tokens", "output_tokens", "cost_usd", "grader_input_tokens", "grader_output_tokens", "grader_cost_usd")
DIFFERENCES = ("top_1", "top_5", "reciprocal_rank", "at_least_2", "at_least_4", "grade")
REPORTED = ("at_least_2", "at_least_4")
COLUMNS = [*BY, "organism_type", "metric", "value", "ci_low", "ci_high", "n", "chance", "minus"]
COLUMNS += ["reported", "reported_from"]
Row = dict[str, object]


def groups(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Organisms, all and by type; controls, where nothing is to be found; and the base model against itself.

    True-fact twins are in none of them: what is true of them is another organism's.
    """
    control, nothing = rows["organism_type"] == "control", rows["metric"] == "false_positive"
    found = {"all": rows[~control]}
    found |= {kind: rows[rows["organism_type"] == kind] for kind in rows.loc[~control, "organism_type"].unique()}
    found["control"] = rows[control & nothing & (rows["organism"] != BASE)]
    return found | {BASE: rows[nothing & (rows["organism"] == BASE)]}


def _means(rows: pd.DataFrame, metric: str) -> pd.Series:
    """Of each organism its mean over seeds and runs; where nothing is to be found, of each run or draw."""
    rows = rows[rows["metric"] == metric]
    if metric == "false_positive":
        return rows.groupby(["organism", "seed"], sort=False)["value"].mean().reset_index(drop=True)
    return rows.groupby("organism", sort=False)["value"].mean()


def _chance(rows: pd.DataFrame, metric: str) -> float:
    """What a random order of the candidates gives; nan where the metric has no such level."""
    if metric == "rank":
        return (rows.loc[rows["metric"] == metric, "n"].iloc[0] + 1) / 2
    known = rows.loc[rows["metric"] == f"chance_{metric}", "value"]
    return known.iloc[0] if len(known) else float("nan")


def _row(rows: pd.DataFrame, metric: str, seed: int) -> Row:
    means = _means(rows, metric)
    interval = bootstrap_mean(means.to_numpy(), means.index.to_numpy(), seed)
    if metric in SHARES:
        interval = wilson(means.sum(), len(means))
    row = {"metric": metric, "value": means.mean(), "ci_low": interval[0], "ci_high": interval[1], "n": len(means)}
    return row | {"chance": _chance(rows, metric)}


def _reported(row: Row) -> Row:
    """What the paper reports of all its organisms, for an LLM's grades alone."""
    shares = REPORTED_AGENT.get((row["agent"], row["interactions"]))
    if row["metric"] not in REPORTED or row["organism_type"] != "all" or shares is None:
        return {}
    return {"reported": shares[REPORTED.index(row["metric"])], "reported_from": REPORTED_AGENT_LABEL}


def _difference(first: pd.DataFrame, second: pd.DataFrame, metric: str, seed: int) -> Row | None:
    """Mean over organisms of what one agent has more of than another, with its bootstrap over organisms."""
    pairs = (_means(first, metric) - _means(second, metric)).dropna()
    if pairs.empty:
        return None
    low, high = bootstrap_mean(pairs.to_numpy(), pairs.index.to_numpy(), seed)
    return {"metric": f"{metric}_difference", "value": pairs.mean(), "ci_low": low, "ci_high": high, "n": len(pairs)}


def _differences(rows: pd.DataFrame, seed: int) -> list[Row]:
    """ADL with the fewest interactions less the black box with the most, paired over organisms."""
    adl, blackbox = (rows[rows["agent"] == agent] for agent in ("adl", "blackbox"))
    if adl.empty or blackbox.empty:
        return []
    fewest, most = adl["interactions"].min(), blackbox["interactions"].max()
    first, second = groups(adl[adl["interactions"] == fewest]), groups(blackbox[blackbox["interactions"] == most])
    labels = {"agent": "adl", "interactions": fewest, "minus": f"blackbox, {most} interactions"}
    found = [
        (kind, _difference(first[kind], second[kind], metric, seed))
        for kind in first
        if kind in second
        for metric in DIFFERENCES
    ]
    return [labels | {"organism_type": kind} | row for kind, row in found if row is not None]


def summarise(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One row a model, variant, agent, number of interactions, type of organism and metric.

    Types are also "all" organisms, "control" and "base". Shares have Wilson's interval and means a bootstrap over
    organisms, n of them; of false positives, n runs of controls, or draws of the base model. Rows that end in
    `_difference` subtract what `minus` names.
    With one seed, thresholds leave out one control each, so that, unless the two best tie, exactly one control is above
    the others: the false-positive rate then says how many controls there are, and no more.

    Args:
        table: of `results.agent_table`.
        seed: of the bootstrap.
    """
    found = []
    for names, condition in table.groupby(BY, sort=False):
        labels = dict(zip(BY, names, strict=True))
        for kind, rows in groups(condition).items():
            present = set(rows["metric"])
            row_of = {metric: _row(rows, metric, seed) for metric in (*SHARES, *MEANS, *COSTS) if metric in present}
            for row in row_of.values():
                row = labels | {"organism_type": kind} | row
                found.append(row | _reported(row))
    for names, rows in table.groupby(LIKE, sort=False):
        found += [dict(zip(LIKE, names, strict=True)) | row for row in _differences(rows, seed)]
    return pd.DataFrame(found).reindex(columns=COLUMNS)


def offline(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of closed-set identification."""
    return rows[rows["agent_model"] == NO_LLM]
