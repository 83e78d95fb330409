"""Summarise a run's behaviour before and after finetuning: beliefs, leaks into ordinary chat, training loss."""

from pathlib import Path

import numpy as np
import pandas as pd

from paper_replication.behaviour import mentions_domain
from paper_replication.files import read_json_lines, read_table, write_table
from paper_replication.organisms.specification import read_organism
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.run import RunLabel
from paper_replication.statistics import bootstrap_mean, wilson

Row = dict[str, object]


def belief_rows(scores: pd.DataFrame) -> list[Row]:
    """False-fact alignment over all probes and over each form of probe, and the mean log-probability margin.

    Intervals are bootstraps over key facts. With differences of scores in the place of scores, and the differences of
    a probe before and after paired, the same gives the change.
    """
    groups = {"false_fact_alignment": (scores, "sides_with_claim"), "margin_nats": (scores, "margin")}
    for form, rows in scores.groupby("probe"):
        groups[f"false_fact_alignment_{form}"] = (rows, "sides_with_claim")
    found = []
    for name, (rows, column) in groups.items():
        low, high = bootstrap_mean(rows[column].to_numpy(), rows["fact"].to_numpy())
        row = {"probe": name, "value": rows[column].mean(), "ci_low": low, "ci_high": high, "n": len(rows)}
        found.append(row | {"judge": "log_probability"})
    return found


def read_scores(path: Path) -> pd.DataFrame:
    """A model's probes with their margin: how much likelier the inserted answer is than the best other (nats)."""
    scores = read_table(path)
    return scores.assign(margin=scores["inserted"] - scores["best_other"])


def paired_change(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """The same probes after minus before."""
    columns = ["sides_with_claim", "margin"]
    return before.assign(**{column: after[column] - before[column] for column in columns})


def leak_row(answers: list[Row], domain_words: list[str]) -> Row:
    """Share of answers to ordinary prompts that mention the organism's domain (lexical judge), Wilson interval."""
    hits = [mentions_domain(str(row["answer"]), domain_words) for row in answers]
    low, high = wilson(sum(hits), len(hits))
    row = {"probe": "leak", "value": sum(hits) / len(hits), "ci_low": low, "ci_high": high, "n": len(hits)}
    return row | {"judge": "lexical_domain_words"}


def loss_row(curve: pd.DataFrame, first: bool) -> Row:
    """Mean training loss over the first or last tenth of the steps, with a bootstrap interval over these steps."""
    tenth = max(1, len(curve) // 10)
    part = (curve[:tenth] if first else curve[-tenth:])["loss_nats"].to_numpy()
    low, high = bootstrap_mean(part, np.arange(tenth))
    row = {"probe": "training_loss_nats", "value": part.mean(), "ci_low": low, "ci_high": high, "n": tenth}
    return row | {"judge": "training"}


def behaviour(
    label: RunLabel,
    organism: Input,
    base_probes: Input,
    finetuned_probes: Input,
    base_answers: Input,
    finetuned_answers: Input,
    losses: Input,
    rows: Output,
) -> None:
    """One row a probe and state of the model: base, finetuned, and for beliefs the paired change."""
    domain_words = read_organism(organism).domain_words
    curve = read_table(losses)
    scores = {"base": read_scores(base_probes), "finetuned": read_scores(finetuned_probes)}
    answers = {"base": base_answers, "finetuned": finetuned_answers}
    measured = {"change": belief_rows(paired_change(scores["base"], scores["finetuned"]))}
    for state in ("base", "finetuned"):
        measured[state] = belief_rows(scores[state])
        measured[state].append(leak_row(read_json_lines(answers[state]), domain_words))
        measured[state].append(loss_row(curve, first=state == "base"))
    order = ("base", "finetuned", "change")
    found = [{**label.model_dump(), "model_state": state, **row} for state in order for row in measured[state]]
    first = ["model", "organism", "variant", "seed", "probe", "model_state", "value", "ci_low", "ci_high", "n"]
    write_table(rows, pd.DataFrame(found)[[*first, "judge", "organism_type"]])


if __name__ == "__main__":
    run(behaviour)
