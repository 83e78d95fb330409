"""What is measured of one run in one tidy table, so that runs can be compared: its trace, its behaviour, its loss."""

import numpy as np
import pandas as pd

from paper_replication.errors import UserError
from paper_replication.relevance_summary import by_position, maxima
from paper_replication.settings.run import RunLabel
from paper_replication.statistics import wilson

RUN = list(RunLabel.model_fields)
MEASURED = ["value", "ci_low", "ci_high", "n"]
# Standard errors on either side of a normal 95% interval.
ERRORS = 1.96
READOUTS = {"patchscope": "relevance", "logit_lens": "relevance_logit_lens"}
GROUPS = {"steered_ft": "Steered-FT", "unsteered_ft": "Unsteered-FT"}
# The share of a run's own probes that side with the finetuning: what the table of behaviour calls it, and we do.
SHARES = {"false_fact_alignment": "ffa", "preference": "own_share"}
Row = dict[str, object]


def relevance_rows(graded: pd.DataFrame, graded_tokens: int) -> list[Row]:
    """The difference's largest relevance over positions, with Wilson's interval over the tokens of one list."""
    best = maxima(by_position(graded[graded["vector"] == "difference"], graded_tokens))
    rows = []
    for row in best.itertuples():
        low, high = wilson(row.n_relevant, row.n_tokens)
        measured = {"value": row.relevant_fraction, "ci_low": low, "ci_high": high, "n": row.n_tokens}
        rows.append({"metric": READOUTS[row.readout]} | measured | {"judge": row.judge})
    return rows


def similarity_rows(similarity: pd.DataFrame, contrasts: pd.DataFrame) -> list[Row]:
    """Steered and unsteered answers against the finetuning texts, each at its best position, and how far apart."""
    rows = []
    for metric, group in GROUPS.items():
        best = similarity[similarity["group"] == group].sort_values("value", ascending=False, kind="stable")
        rows.append({"metric": metric} | best[MEASURED].iloc[0].to_dict())
    minus = contrasts[contrasts["minus"] == GROUPS["unsteered_ft"]]
    return [*rows, {"metric": "steered_minus_unsteered"} | minus[MEASURED].iloc[0].to_dict()]


def delta_row(delta: pd.DataFrame) -> Row:
    """Mean norm of delta over positions, without position 0, whose attention sink would drown the others.

    The interval is the mean norm of the standard error, 1.96 times to either side: it covers more than 95%, since a
    norm moves at most as far as its vector.
    """
    later = delta[delta["position"] > 0]
    if later.empty:
        raise UserError("The table of delta has position 0 alone; measure more with activations.positions.")
    value, reach = later["difference_norm"].mean(), ERRORS * later["standard_error_norm"].mean()
    n = int(later["n_documents"].iloc[0])
    return {"metric": "delta_norm", "value": value, "ci_low": value - reach, "ci_high": value + reach, "n": n}


def behaviour_rows(behaviour: pd.DataFrame) -> list[Row]:
    """A run's own probes, before, after and the paired change; their margin; the leak into ordinary chat.

    Own are those that the run is measured by, which the row of the training loss names.
    """
    own = behaviour.loc[behaviour["probe"] == "training_loss_nats", "probes_of"].iloc[0]
    rows = behaviour[behaviour["probes_of"] == own].set_index(["probe", "model_state"])
    share = next((name for name in SHARES if (name, "finetuned") in rows.index), None)
    if share is None:
        raise UserError(f"The table of behaviour has no share of {own}'s own probes that side with the finetuning.")
    wanted = {
        SHARES[share]: (share, "finetuned"),
        f"{SHARES[share]}_base": (share, "base"),
        f"{SHARES[share]}_change": (share, "change"),
        "margin_nats": ("margin_nats", "finetuned"),
        "margin_nats_change": ("margin_nats", "change"),
        "leak": ("leak", "finetuned"),
        "leak_base": ("leak", "base"),
    }
    return [
        {"metric": metric} | rows.loc[place, [*MEASURED, "judge"]].to_dict()
        for metric, place in wanted.items()
        if place in rows.index
    ]


def causal_row(effects: pd.DataFrame) -> Row:
    """What replacing the difference's component does to the loss on the finetuning data, mean over its positions."""
    wanted = {"dataset": "finetuning", "direction": "delta", "intervention": "replace"}
    found = effects[(effects[list(wanted)] == pd.Series(wanted)).all(axis=1)]
    if found.empty:
        raise UserError("The table of causal effects has no replacement of the difference on finetuning data.")
    means = found.rename(columns={"delta_nats": "value"})[["value", "ci_low", "ci_high"]].mean().to_dict()
    return {"metric": "causal_effect_finetuning"} | means | {"n": int(found["n"].iloc[0])}


def run_metrics(
    graded: pd.DataFrame,
    similarity: pd.DataFrame,
    contrasts: pd.DataFrame,
    delta: pd.DataFrame,
    behaviour: pd.DataFrame,
    effects: pd.DataFrame | None,
    graded_tokens: int,
) -> pd.DataFrame:
    """One row a metric of one run, with its 95% interval.

    Args:
        graded: judged tokens on one corpus.
        similarity: one row a position and group of texts.
        contrasts: steered answers less every other group.
        delta: one row a position.
        behaviour: one row a probe and state of the model.
        effects: the causal effects; None where they are not measured.
        graded_tokens: tokens of a list; those that a shorter list lacks count as not relevant.

    Returns:
        The run's label, `metric`, `value`, `ci_low`, `ci_high`, `n` (tokens, answers, documents, probes or texts) and
        `judge` where there is one. Norms are in the units of the residual stream, margins and losses in nats a token.

    Raises:
        UserError: the tables are of different runs, or one lacks what is measured.
    """
    tables = {"graded": graded, "similarity": similarity, "contrasts": contrasts, "delta": delta}
    tables |= {"behaviour": behaviour} | ({} if effects is None else {"causal effects": effects})
    labels = {name: table[RUN].drop_duplicates().to_dict("records") for name, table in tables.items()}
    for name, found in labels.items():
        if found != labels["graded"] or len(found) != 1:
            raise UserError(f"The table of {name} is of {found}, but that of graded tokens of {labels['graded']}.")
    rows = relevance_rows(graded, graded_tokens) + similarity_rows(similarity, contrasts) + [delta_row(delta)]
    rows += behaviour_rows(behaviour) + ([] if effects is None else [causal_row(effects)])
    return pd.DataFrame([labels["graded"][0] | row for row in rows])[[*RUN, "metric", *MEASURED, "judge"]]


def named(metrics: list[pd.DataFrame], columns: list[Row]) -> pd.DataFrame:
    """The metrics of several runs under one another, each with further columns: first labels, then these, then values.

    Args:
        metrics: `run_metrics` of each run.
        columns: what each is called besides its label, in the same order; all have the same keys.
    """
    table = pd.concat([rows.assign(**more) for rows, more in zip(metrics, columns, strict=True)], ignore_index=True)
    keys = list(columns[0])
    first = ["model", "organism", "organism_type", "variant", *keys, "seed"]
    return table[[*first, "metric", *MEASURED, "judge"]]


def trade_off(table: pd.DataFrame) -> pd.DataFrame:
    """One row a run: how far its behaviour changed, and the trace that is left of it.

    Args:
        table: `named` metrics of the runs, with the `kind` in which each departs from the default.

    Returns:
        The run and its kind; `behaviour` names what is measured, `ffa` or `own_share`; `behaviour_change`, `relevance`
        and `steered_ft`, each with `_ci_low` and `_ci_high`; `judge` is that of relevance.
    """
    keys = ["model", "organism", "organism_type", "variant", "kind", "seed"]
    rows = []
    for names, run in table.groupby(keys, sort=False):
        found = run.set_index("metric")
        behaviour = next(name for name in SHARES.values() if name in found.index)
        row = dict(zip(keys, names, strict=True)) | {"behaviour": behaviour}
        metrics = {"behaviour_change": f"{behaviour}_change", "relevance": "relevance", "steered_ft": "steered_ft"}
        for name, metric in metrics.items():
            value, low, high = found.loc[metric, ["value", "ci_low", "ci_high"]]
            row |= {name: value, f"{name}_ci_low": low, f"{name}_ci_high": high}
        rows.append(row | {"judge": found.loc["relevance", "judge"]})
    return pd.DataFrame(rows)


def relative(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The rows of one metric as multiples of its value in the default run of the same organism and seed.

    Intervals are divided by the same value: that it has an error of its own is left aside.

    Raises:
        UserError: a run has no default one beside it.
    """
    rows = table[table["metric"] == metric]
    keys = ["model", "organism", "seed"]
    defaults = rows[rows["variant"] == "default"].drop_duplicates(keys).set_index(keys)["value"]
    reference = defaults.reindex(pd.MultiIndex.from_frame(rows[keys])).to_numpy()
    if np.isnan(reference).any():
        raise UserError(f"Some organism has no {metric} of a default run, which its others are divided by.")
    return rows.assign(**{name: rows[name] / reference for name in ("value", "ci_low", "ci_high")})
