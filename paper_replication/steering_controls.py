"""Steered answers against randomly steered ones of the same run, as a metric beside its others."""

import pandas as pd

from paper_replication.errors import UserError
from paper_replication.run_metrics import MEASURED, RUN

METRIC, CONTROL = "steered_minus_random", "Random-FT"


def control_row(contrasts: pd.DataFrame) -> pd.DataFrame:
    """How far a run's steered answers lie above those that a random direction of the same norm and strength steered.

    Args:
        contrasts: steered answers less every other group, each at its best position, of one run.

    Returns:
        The run's label, `metric`, and the mean cosine with its 95% interval, paired over prompts, and `n` answers.

    Raises:
        UserError: nothing was steered by a random direction.
    """
    found = contrasts[contrasts["minus"] == CONTROL]
    if found.empty:
        run = contrasts[RUN].iloc[0].to_dict()
        raise UserError(f"The steered answers of {run} have no group {CONTROL} to compare with: steer that run again.")
    return found[[*RUN, *MEASURED]].assign(metric=METRIC)


def with_controls(metrics: list[pd.DataFrame], contrasts: list[pd.DataFrame]) -> list[pd.DataFrame]:
    """The metrics of runs; of those that `contrasts` are given of, `control_row` after them.

    Raises:
        UserError: contrasts are of a run that has no metrics.
    """
    rows = {tuple(table[RUN].iloc[0]): control_row(table) for table in contrasts}
    found = []
    for table in metrics:
        own = rows.pop(tuple(table[RUN].iloc[0]), None)
        found.append(table if own is None else pd.concat([table, own], ignore_index=True))
    if rows:
        lacking = [" ".join(map(str, run)) for run in rows]
        raise UserError(f"These runs have a control of steering, but no metrics: {', '.join(lacking)}.")
    return found
