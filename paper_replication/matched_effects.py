"""Causal effects of directions that are matched to the difference: what they are called, and means by type."""

import pandas as pd

from paper_replication.trace_contrasts import ALL, paired_contrasts

OWN, OTHER, PUSH = "delta", "other_delta", "random_push"


def contrasts(table: pd.DataFrame) -> pd.DataFrame:
    """The effect of each kind of direction by type of organism, and how far the difference's own lies above the others.

    An organism counts once a kind: the mean over its directions, and of a kind with relations to it (an organism's own
    controls among the others) over each relation.

    Args:
        table: one row a run, dataset and direction, with `direction`, `relation` and `delta_nats`.

    Returns:
        `paired_contrasts` of every model, type (and all that are no controls), dataset, `direction`, `relation` and
        `measure`: `effect`, what the direction does, or `own_minus_this`, paired by organism. Random directions are
        the same for all runs: their effect has no interval, and those of own minus theirs hold for these directions.
    """
    keys = ["model", "organism", "organism_type", "dataset", "direction", "relation"]
    means = table.groupby(keys, sort=False, as_index=False)["delta_nats"].mean()
    own = means[means["direction"] == OWN].drop(columns=["direction", "relation"])
    paired = means[means["direction"] != OWN].merge(own, on=keys[:4], suffixes=("", "_own"))
    above = paired.assign(measure="own_minus_this", contrast=paired["delta_nats_own"] - paired["delta_nats"])
    rows = pd.concat([means.assign(measure="effect", contrast=means["delta_nats"]), above])
    rows = pd.concat([rows[rows["organism_type"] != "control"].assign(organism_type=ALL), rows])
    found = paired_contrasts(rows, ["model", "organism_type", "dataset", "direction", "relation", "measure"])
    shared = (found["direction"] == PUSH) & (found["measure"] == "effect")
    return found.assign(**{end: found[end].mask(shared) for end in ("ci_low", "ci_high")})
