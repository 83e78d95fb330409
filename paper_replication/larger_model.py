"""What the same organisms show on a larger model than the first: tokens, steering, what was learnt."""

import pandas as pd

from paper_replication.answer_words import by_words
from paper_replication.families import by_organism
from paper_replication.run_metrics import GROUPS
from paper_replication.trace_contrasts import paired_mean

DIFFERENCE, UNSTEERED, BASE = "difference", GROUPS["unsteered_ft"], "base_"
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


def words_name(vector: str) -> str:
    """What the share of a vector's answers is called that have a word of the run's own subject."""
    return f"words_{vector}"


def words_above_name(vector: str) -> str:
    """What the distance of the difference's share of such answers from another vector's is called."""
    return f"words_minus_{vector}"


# Of a table of one run's metrics, what two models can be compared by, and what it is called among the measures.
METRICS = {"relevance": relevance_name(DIFFERENCE), "steered_minus_unsteered": steered_name(UNSTEERED)}
METRICS |= {name: name for name in ("ffa_base", "ffa", "ffa_change", "margin_nats_change", "leak_base", "leak")}


def by_base(answers: pd.DataFrame) -> pd.DataFrame:
    """Answers of a base model but empty ones, their `vector` called otherwise than the finetuned model's."""
    return answers[answers["text"] != ""].assign(vector=BASE + answers["vector"])


def own_words(answers: pd.DataFrame, domain_words: dict[str, list[str]]) -> pd.DataFrame:
    """The share of answers with a word of the run's own subject, one row a run and `vector` that they are steered with.

    Args:
        answers: of `blind_answers.answers_of`.
        domain_words: of each organism.
    """
    rows = by_words(answers, domain_words)
    return rows[rows["organism"] == rows["words_of"]]


def above(shares: pd.DataFrame) -> pd.DataFrame:
    """By how much the difference's share lies above those of other vectors, one row a run and other vector.

    Args:
        shares: one row a run and `vector`, with its `value`.
    """
    difference = shares.loc[shares["vector"] == DIFFERENCE, [*RUN, "value"]]
    others = shares[shares["vector"] != DIFFERENCE]
    both = others.merge(difference, on=RUN, suffixes=("", "_difference"), validate="many_to_one")
    return both.assign(value=both["value_difference"] - both["value"])


def measures(
    graded: pd.DataFrame,
    metrics: pd.DataFrame,
    contrasts: pd.DataFrame,
    words: pd.DataFrame,
    graded_tokens: int,
    readout: str,
) -> pd.DataFrame:
    """One row a model, organism and measure.

    Args:
        graded: judged tokens of the further models' organisms, on one corpus.
        metrics: `run_metrics` of all models' organisms, under one another, the first model's first.
        contrasts: by how much the further models' steered answers lie above every other group, under one another.
        words: of `own_words`, of the further models.
        graded_tokens: the length of a list.
        readout: by which tokens are read.

    Returns:
        Model, organism and its type, `measure`, `value`, and `judge` where there is one: `METRICS`, and of the further
        models: mean cosines of steered answers to the finetuning texts, less each further group's; the shares of
        relevant tokens of other vectors, the largest over positions, and of answers that have a word of the subject,
        and the difference's less these.
    """
    own = metrics[metrics["metric"].isin(METRICS)]
    own = own.assign(measure=own["metric"].map(METRICS))
    steered = contrasts[contrasts["minus"] != UNSTEERED]
    steered = steered.assign(measure=steered["minus"].map(steered_name))
    shares = by_organism(graded, graded_tokens)
    shares = shares[shares["readout"] == readout].rename(columns={"relevant_fraction": "value"})
    named = [
        (shares[shares["vector"] != DIFFERENCE], relevance_name),
        (above(shares), above_name),
        (words, words_name),
        (above(words), words_above_name),
    ]
    parts = [own, steered, *(rows.assign(measure=rows["vector"].map(name)) for rows, name in named)]
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
        `by_model` of these differences, their mean called `change`: over the organisms that were measured on both.
    """
    first = rows["model"].iloc[0]
    values = rows.set_index(["organism", "measure"])
    others = values[values["model"] != first]
    paired = others.assign(value=others["value"] - values.loc[values["model"] == first, "value"])
    return by_model(paired.dropna(subset=["value"]).reset_index()).rename(columns={"mean": "change"})
