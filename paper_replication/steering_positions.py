"""What the choice of the best position adds to steering, of the difference and of controls alike.

Steered answers are reported at the position where they are most like the finetuning texts, as in the paper (arXiv
2510.13900, section 3.2). Unsteered answers have no position to choose, so that the largest of several lies above them
by the choice alone. Controls that have as many positions do not have this advantage over one another.
"""

import pandas as pd

from paper_replication.settings.run import RunLabel
from paper_replication.steering.groups import STEERED
from paper_replication.trace_contrasts import ALL, paired_contrasts

UNSTEERED = "Unsteered-FT"
# Answers steered at every position, the difference's first, and what these are compared with besides.
STEERED_BY = (STEERED, "Random-FT", "Null-FT")
BEST, MEAN = "best position", "mean over positions"
KEYS = ["model", "organism_type", "group", "minus", "positions"]


def by_run(similarities: pd.DataFrame) -> pd.DataFrame:
    """How far each kind of steered answers lies above unsteered ones, and the difference's above the others.

    Args:
        similarities: `steering_similarity`: the `value` of every `group` at every `position`.

    Returns:
        One row a run, `group`, `minus` and choice of `positions`, with `contrast` in units of cosine.
    """
    run = list(RunLabel.model_fields)
    found = []
    for names, rows in similarities.groupby(run, sort=False):
        values = rows.groupby("group")["value"]
        for positions, of_groups in {BEST: values.max(), MEAN: values.mean()}.items():
            there = [group for group in STEERED_BY if group in of_groups]
            pairs = [(group, UNSTEERED) for group in there] + [(STEERED, other) for other in there[1:]]
            for group, minus in pairs:
                row = dict(zip(run, names, strict=True)) | {"group": group, "minus": minus, "positions": positions}
                found.append(row | {"contrast": of_groups[group] - of_groups[minus]})
    return pd.DataFrame(found)


def by_type(runs: pd.DataFrame) -> pd.DataFrame:
    """The mean over the organisms of each type, and over all that are no controls, with Student's 95% interval.

    Args:
        runs: of `by_run`; the seeds and variants of an organism are averaged.
    """
    rows = runs.groupby([*KEYS, "organism"], sort=False, as_index=False)["contrast"].mean()
    every = rows[rows["organism_type"] != "control"].assign(organism_type=ALL)
    return paired_contrasts(pd.concat([every, rows]), KEYS)
