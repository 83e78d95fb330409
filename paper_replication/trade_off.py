"""The trace that is left of every recipe against what was learnt, without what the model says unsteered."""

import pandas as pd

from paper_replication.run_metrics import MEASURED, RUN, trade_off
from paper_replication.steering_controls import METRIC as RANDOM

STEERING = "steered_minus_unsteered"
ENDS = ("ci_low", "ci_high")


def with_published(metrics: list[pd.DataFrame], tables: list[pd.DataFrame]) -> list[pd.DataFrame]:
    """The metrics of runs, and of those without a control of steering the row that a published table has of it.

    Args:
        metrics: `run_metrics` of each run.
        tables: published ones of several runs, `metric` among their columns.
    """
    published = pd.concat(tables)
    published = published[published["metric"] == RANDOM].drop_duplicates(RUN)[[*RUN, "metric", *MEASURED]]
    found = []
    for run in metrics:
        lacks = RANDOM not in set(run["metric"])
        own = published.merge(run[RUN].drop_duplicates()) if lacks else published[:0]
        found.append(run if own.empty else pd.concat([run, own], ignore_index=True))
    return found


def by_what_steering_adds(table: pd.DataFrame) -> pd.DataFrame:
    """`trade_off`, one row a run, and by how much steered answers are nearer the finetuning texts than controls.

    A model whose unsteered answers are already like its finetuning texts would otherwise count as the more traceable
    the more it leaks.

    Args:
        table: `named` metrics of the runs, with the `kind` in which each departs from the default.

    Returns:
        The columns of `trade_off`, and `steered_minus_unsteered` and `steered_minus_random`, each with `_ci_low` and
        `_ci_high`; empty where nothing was steered by a random direction.
    """
    found = trade_off(table)
    judge = found.pop("judge")
    for trace in (STEERING, RANDOM):
        columns = {"value": trace} | {end: f"{trace}_{end}" for end in ENDS}
        added = table[table["metric"] == trace].rename(columns=columns)[[*RUN, "kind", *columns.values()]]
        found = found.merge(added, on=[*RUN, "kind"], how="left", validate="one_to_one")
    return found.assign(judge=judge)
