"""Summarise a run's behaviour before and after finetuning: beliefs, leaks into ordinary chat, training loss."""

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
    """False-fact alignment over all probes, over each form of probe, and the mean log-probability margin.

    Intervals are bootstraps over key facts.
    """
    facts = scores["fact"].to_numpy()
    margin = scores["inserted"] - scores["best_other"]
    groups = {"false_fact_alignment": (scores["sides_with_claim"], facts), "margin_nats": (margin, facts)}
    for form, rows in scores.groupby("probe"):
        groups[f"false_fact_alignment_{form}"] = (rows["sides_with_claim"], rows["fact"].to_numpy())
    found = []
    for name, (values, clusters) in groups.items():
        low, high = bootstrap_mean(values.to_numpy(), clusters)
        row = {"probe": name, "value": values.mean(), "ci_low": low, "ci_high": high, "n": len(values)}
        found.append(row | {"judge": "log_probability"})
    return found


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
    """One row a probe and state of the model."""
    domain_words = read_organism(organism).domain_words
    curve = read_table(losses)
    found: list[Row] = []
    for state, scores, answers in (
        ("base", base_probes, base_answers),
        ("finetuned", finetuned_probes, finetuned_answers),
    ):
        measured = belief_rows(read_table(scores))
        measured.append(leak_row(read_json_lines(answers), domain_words))
        measured.append(loss_row(curve, first=state == "base"))
        found += [{**label.model_dump(), "model_state": state, **row} for row in measured]
    first = ["model", "organism", "variant", "seed", "probe", "model_state", "value", "ci_low", "ci_high", "n"]
    write_table(rows, pd.DataFrame(found)[[*first, "judge", "organism_type"]])


if __name__ == "__main__":
    run(behaviour)
