"""What the same organisms show on a larger model than the first: tokens, steering, what was learnt."""

import pandas as pd

from paper_replication.families import by_organism
from paper_replication.trace_contrasts import paired_mean

# Of a table of one run's metrics, what two models can be compared by: shares, and nats a token.
METRICS = ("ffa_base", "ffa", "ffa_change", "margin_nats_change", "leak_base", "leak")
RUN = ["model", "organism", "organism_type"]
INTERVAL = ["ci_low", "ci_high", "n_organisms", "judge"]


def relevance_name(vector: str) -> str:
    """What the share of relevant tokens of a vector is called among the measures."""
    return f"relevance_{vector}"


def above_name(control: str) -> str:
    """What the distance of the difference's share of relevant tokens from a control's is called."""
    return f"relevance_minus_{control}"


def steered_name(group: str) -> str:
    """What the distance of steered answers from another group's is called."""
    return f"steered_minus_{group}"


def measures(
    graded: pd.DataFrame, metrics: pd.DataFrame, contrasts: pd.DataFrame, graded_tokens: int, readout: str
) -> pd.DataFrame:
    """One row a model, organism and measure.

    Args:
        graded: judged tokens of organisms made of documents, on several models, on one corpus.
        metrics: `run_metrics` of the same runs, under one another.
        contrasts: by how much each run's steered answers lie above every other group, under one another.
        graded_tokens: the length of a list.
        readout: by which tokens are read.

    Returns:
        Model, organism and its type, `measure` and `value`: shares of relevant tokens of each vector, the largest over
        positions, and the difference's less each control's; mean cosines of steered answers to the finetuning texts,
        less each other group's; and `METRICS`; `judge` where there is one.
    """
    shares = by_organism(graded, graded_tokens)
    shares = shares[shares["readout"] == readout].rename(columns={"relevant_fraction": "value"})
    own = shares[shares["vector"] == "difference"].set_index(RUN)["value"]
    above = shares[shares["vector"] != "difference"].set_index(RUN)
    above = above.assign(measure=above["vector"].map(above_name), value=own - above["value"]).reset_index()
    steered = contrasts.assign(measure=contrasts["minus"].map(steered_name))
    others = metrics[metrics["metric"].isin(METRICS)].rename(columns={"metric": "measure"})
    parts = [shares.assign(measure=shares["vector"].map(relevance_name)), above, steered, others]
    return pd.concat([part.reindex(columns=[*RUN, "measure", "value", "judge"]) for part in parts], ignore_index=True)


def by_model(rows: pd.DataFrame) -> pd.DataFrame:
    """The mean of every measure over a model's organisms, with Student's 95% interval over them.

    Args:
        rows: of `measures`.

    Returns:
        `model`, `measure`, `mean`, `ci_low`, `ci_high` (nan of one organism), `n_organisms` and `judge`.
    """
    found = [
        (*names, *paired_mean(group["value"].to_numpy(dtype=float)), len(group), group["judge"].iloc[0])
        for names, group in rows.groupby(["model", "measure"], sort=False)
    ]
    return pd.DataFrame(found, columns=["model", "measure", "mean", *INTERVAL])


def changes(rows: pd.DataFrame) -> pd.DataFrame:
    """By how much every further model's measures lie above the first's, paired by organism.

    Args:
        rows: of `measures`; the first model is that of the first row.

    Returns:
        `by_model` of these differences, their mean called `change`: over the organisms that both models have.
    """
    first = rows["model"].iloc[0]
    values = rows.set_index(["organism", "measure"])
    others = values[values["model"] != first]
    paired = others.assign(value=others["value"] - values.loc[values["model"] == first, "value"])
    return by_model(paired.dropna(subset=["value"]).reset_index()).rename(columns={"mean": "change"})
