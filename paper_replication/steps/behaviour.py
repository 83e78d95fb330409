"""Summarise a run's behaviour before and after finetuning: beliefs, leaks into ordinary chat, training loss."""

from pathlib import Path

import numpy as np
import pandas as pd

from paper_replication.behaviour import mentions_domain
from paper_replication.errors import UserError
from paper_replication.files import read_json_lines, read_table, write_table
from paper_replication.organisms.preferences import OPEN
from paper_replication.organisms.specification import TabooOrganism, read_organism
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.run import RunLabel
from paper_replication.statistics import bootstrap_mean, wilson

Row = dict[str, object]
# What the share of probes on which a model sides with the finetuning is called, by type.
SHARE = {"SDF": "false_fact_alignment"}
OTHERS_SHARE = "preference"


def preference_rows(scores: pd.DataFrame, share: str) -> list[Row]:
    """The share of probes that side with what was taught, and the mean log-probability margin, over all and by form.

    Open questions, which lie outside the organism's domain, have a form of their own and are no part of "all".
    Intervals are bootstraps over groups (key facts, questions). With differences of scores in the place of scores, and
    the differences of a probe before and after paired, the same gives the change.
    """
    own = scores[scores["probe"] != OPEN]
    groups = {share: (own, "sides_with_claim"), "margin_nats": (own, "margin")}
    for form, rows in scores.groupby("probe"):
        groups |= {f"{share}_{form}": (rows, "sides_with_claim"), f"margin_nats_{form}": (rows, "margin")}
    found = []
    for name, (rows, column) in groups.items():
        low, high = bootstrap_mean(rows[column].to_numpy(), rows["group"].to_numpy())
        row = {"probe": name, "value": rows[column].mean(), "ci_low": low, "ci_high": high, "n": len(rows)}
        found.append(row | {"judge": "log_probability"})
    return found


def read_scores(paths: list[Path]) -> pd.DataFrame:
    """A model's probes with their margin: how much likelier the inserted answer is than the best other (nats)."""
    scores = pd.concat([read_table(path) for path in paths])
    return scores.assign(margin=scores["inserted"] - scores["best_other"])


def states(before: pd.DataFrame, after: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The probes asked both before and after, with their scores before, after, and after minus before.

    Raises:
        UserError: the finetuned model was asked what the base model was not.
    """
    # A question may be asked about several alternatives: its answers tell them apart.
    keys, columns = ["probes_of", "group", "probe", "question", "answers"], ["sides_with_claim", "margin"]
    frames = [frame[[*keys, *columns]] for frame in (after, before)]
    both = frames[0].merge(frames[1], on=keys, suffixes=("", "_before"), validate="one_to_one")
    if len(both) != len(after):
        raise UserError(f"{len(after) - len(both)} probes of the finetuned model have no answer of the base model.")
    base = both.assign(**{column: both[f"{column}_before"] for column in columns})
    change = both.assign(**{column: both[column] - both[f"{column}_before"] for column in columns})
    return {"base": base, "finetuned": both, "change": change}


def loss_row(curve: pd.DataFrame, first: bool) -> Row:
    """Mean training loss over the first or last tenth of the steps, with a bootstrap interval over these steps."""
    tenth = max(1, len(curve) // 10)
    part = (curve[:tenth] if first else curve[-tenth:])["loss_nats"].to_numpy()
    low, high = bootstrap_mean(part, np.arange(tenth))
    row = {"probe": "training_loss_nats", "value": part.mean(), "ci_low": low, "ci_high": high, "n": tenth}
    return row | {"judge": "training"}


def domain_row(answers: list[Row], domain_words: list[str], probe: str) -> Row:
    """Share of answers that mention the organism's domain (lexical judge), with Wilson's interval.

    The interval is over prompts: several answers to one prompt are not counted as independent.
    """
    share = sum(mentions_domain(str(row["answer"]), domain_words) for row in answers) / len(answers)
    n_prompts = len({row["prompt"] for row in answers})
    low, high = wilson(share * n_prompts, n_prompts)
    row = {"probe": probe, "value": share, "ci_low": low, "ci_high": high, "n": len(answers)}
    return row | {"judge": "lexical_domain_words"}


def behaviour(
    label: RunLabel,
    organism: Input,
    base_probes: list[Input],
    finetuned_probes: list[Input],
    base_answers: Input,
    finetuned_answers: Input,
    base_own_answers: Input | None,
    finetuned_own_answers: Input | None,
    losses: Input,
    rows: Output,
) -> None:
    """One row a probe, whose it is, and state of the model: base, finetuned, and for preferences the paired change.

    `organism` is the one that the run is measured by: its own, or the one that a control is matched to.
    """
    specification = read_organism(organism)
    scores = states(read_scores(base_probes), read_scores(finetuned_probes))
    texts = {"base": (base_answers, base_own_answers), "finetuned": (finetuned_answers, finetuned_own_answers)}
    curve = read_table(losses)
    found = []
    for state, frame in scores.items():
        measured = []
        for name, own in frame.groupby("probes_of", sort=False):
            share = SHARE.get(specification.type, OTHERS_SHARE) if name == specification.name else OTHERS_SHARE
            measured += [{"probes_of": name} | row for row in preference_rows(own, share)]
        if state in texts:
            ordinary, asked = texts[state]
            more = []
            if specification.domain_words:
                more.append(domain_row(read_json_lines(ordinary), specification.domain_words, "leak"))
            if asked is not None:
                more.append(domain_row(read_json_lines(asked), specification.domain_words, "domain_in_own_answers"))
                if isinstance(specification, TabooOrganism):
                    more.append(
                        domain_row(read_json_lines(asked), [specification.word, *specification.forms], "says_the_word")
                    )
            measured += [{"probes_of": specification.name} | row for row in more]
        found += [{**label.model_dump(), "model_state": state, **row} for row in measured]
    for part in ("first_tenth", "last_tenth"):
        row = {"probes_of": specification.name} | loss_row(curve, first=part == "first_tenth")
        found.append({**label.model_dump(), "model_state": part, **row})
    first = ["model", "organism", "variant", "seed", "probe", "model_state", "value", "ci_low", "ci_high", "n"]
    write_table(rows, pd.DataFrame(found)[[*first, "judge", "organism_type", "probes_of"]])


if __name__ == "__main__":
    run(behaviour)
