"""What the choice of the best position adds to tokens and to steering, of the difference and of controls alike.

Relevance is reported at the position where it is largest, and steered answers where they are most like the finetuning
texts, as in the paper (arXiv 2510.13900, sections 2 and 3). Controls of several positions have the same choice.
Unsteered answers have none: the largest of several lies above them by the choice alone.
"""

import pandas as pd

from paper_replication.blind_reading import NOTHING
from paper_replication.relevance_summary import maxima
from paper_replication.settings.run import RunLabel
from paper_replication.steering.groups import STEERED
from paper_replication.trace_contrasts import ALL, paired_contrasts

RUN = list(RunLabel.model_fields)
PATCHSCOPE, DIFFERENCE = "patchscope", "difference"
UNSTEERED = "Unsteered-FT"
# Answers steered at every position, the difference's first.
STEERED_BY = (STEERED, "Random-FT", "Null-FT")
BEST, MEAN = "best position", "mean over positions"
KEYS = ["model", "organism_type", "group", "minus", "positions"]


def tokens_by_run(relevance: pd.DataFrame) -> pd.DataFrame:
    """The share of relevant tokens that the difference reads, by itself and minus that of each control.

    Args:
        relevance: `token_relevance` on one corpus. Random vectors are in sets of as many as there are positions.

    Returns:
        One row a run, `minus` and choice of `positions`, with `contrast` as a share; the `group` is the difference.
    """
    rows = relevance[relevance["readout"] == PATCHSCOPE]
    rows = rows.assign(n_relevant=rows["relevant_fraction"] * rows["n_tokens"])
    found = []
    for positions, lists in {BEST: maxima(rows), MEAN: rows}.items():
        shares = lists.groupby([*RUN, "vector"], sort=False)["relevant_fraction"].mean().unstack("vector")
        own = shares[DIFFERENCE]
        minus = {NOTHING: own} | {name: own - shares[name] for name in shares if name != DIFFERENCE}
        for control, contrast in minus.items():
            table = contrast.dropna().reset_index(name="contrast")
            found.append(table.assign(group=DIFFERENCE, minus=control, positions=positions))
    return pd.concat(found, ignore_index=True)[[*RUN, "group", "minus", "positions", "contrast"]]


def steering_by_run(similarities: pd.DataFrame) -> pd.DataFrame:
    """How far each kind of steered answers lies above unsteered ones, and the difference's above the others.

    Args:
        similarities: `steering_similarity`: the `value` of every `group` at every `position`.

    Returns:
        One row a run, `group`, `minus` and choice of `positions`, with `contrast` in units of cosine.
    """
    found = []
    for names, rows in similarities.groupby(RUN, sort=False):
        values = rows.groupby("group")["value"]
        for positions, of_groups in {BEST: values.max(), MEAN: values.mean()}.items():
            there = [group for group in STEERED_BY if group in of_groups]
            pairs = [(group, UNSTEERED) for group in there] + [(STEERED, other) for other in there[1:]]
            for group, minus in pairs:
                row = dict(zip(RUN, names, strict=True)) | {"group": group, "minus": minus, "positions": positions}
                found.append(row | {"contrast": of_groups[group] - of_groups[minus]})
    return pd.DataFrame(found)


def by_type(runs: pd.DataFrame) -> pd.DataFrame:
    """The mean over the organisms of each type, and over all that are no controls, with Student's 95% interval.

    Args:
        runs: of `tokens_by_run` or `steering_by_run`; the seeds and variants of an organism are averaged.
    """
    rows = runs.groupby([*KEYS, "organism"], sort=False, as_index=False)["contrast"].mean()
    every = rows[rows["organism_type"] != "control"].assign(organism_type=ALL)
    return paired_contrasts(pd.concat([every, rows]), KEYS)
