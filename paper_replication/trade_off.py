"""The trace that is left of every recipe against what was learnt, without what the model says unsteered."""

import pandas as pd

from paper_replication.run_metrics import trade_off

RUN = ["model", "organism", "organism_type", "variant", "seed"]
STEERING = "steered_minus_unsteered"


def by_what_steering_adds(table: pd.DataFrame) -> pd.DataFrame:
    """`trade_off`, one row a run, and by how much steered answers are nearer the finetuning texts than unsteered ones.

    A model whose unsteered answers are already like its finetuning texts would otherwise count as the more traceable
    the more it leaks.

    Args:
        table: `named` metrics of the runs, with the `kind` in which each departs from the default.

    Returns:
        The columns of `trade_off`, and `steered_minus_unsteered` with `_ci_low` and `_ci_high`.
    """
    columns = {"value": STEERING} | {end: f"{STEERING}_{end}" for end in ("ci_low", "ci_high")}
    added = table[table["metric"] == STEERING].rename(columns=columns)[[*RUN, "kind", *columns.values()]]
    found = trade_off(table)
    judge = found.pop("judge")
    return found.merge(added, on=[*RUN, "kind"], how="left", validate="one_to_one").assign(judge=judge)
