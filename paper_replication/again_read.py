"""What readers of steered answers said of a study, beside what others said of the first: by organism and measure."""

import pandas as pd

from paper_replication.again import MEASURE, ORGANISM
from paper_replication.best_position import BEST
from paper_replication.blind_answers import STEERED, with_sums
from paper_replication.blind_reading import NOTHING
from paper_replication.cross_steering import OWN, READOUT
from paper_replication.cross_steering import READ as CALLED

READ, READ_BASE = "read_blind", "read_blind_base_model"
# By whose answers a share is of: the organism's own model's, or the base model's.
MEASURES = {"answers": READ, READOUT: READ_BASE}


def base_beside_own(base: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """The base model's answers by the difference and at random, and beside them those of the own model by it.

    Args:
        base: answers by the vectors of each run, `base_` before the vector's name or nothing.
        own: of `blind_answers.answers_of`.

    Returns:
        As of `answers_of`; the own model's are the same as there.
    """
    base = with_sums(base.assign(vector=base["vector"].str.removeprefix("base_")))
    return pd.concat([base, own[own["vector"] == STEERED].assign(vector=CALLED[OWN, STEERED])])


def of_readings(summary: pd.DataFrame) -> pd.DataFrame:
    """The share of each organism's answers by the difference that are on its subject, and `minus` that of controls.

    Args:
        summary: of `blind_answers.summary_of`, of one readout or both.

    Returns:
        One row an organism, `seed` and measure (of `MEASURES`) with its `value`, as of `again.measures`, controls left
        out.
    """
    rows = summary[summary["organism_type"] != "control"]
    own = rows["vector"] == STEERED
    found = [
        rows[own].assign(minus=NOTHING, value=rows["relevant_fraction"]),
        rows[~own].assign(minus=rows["vector"], value=rows["difference_minus_this"]),
    ]
    rows = pd.concat(found).assign(positions=BEST)
    return rows.assign(measure=rows["readout"].map(MEASURES))[[*ORGANISM, "seed", *MEASURE, "value"]]
