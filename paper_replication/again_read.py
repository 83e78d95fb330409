"""What readers of steered answers said of a study, beside what others said of the first: by organism and measure."""

import pandas as pd

from paper_replication.again import MEASURE, ORGANISM
from paper_replication.best_position import BEST
from paper_replication.blind_answers import STEERED
from paper_replication.blind_reading import NOTHING

READ = "read_blind"


def of_readings(summary: pd.DataFrame) -> pd.DataFrame:
    """The share of each organism's answers by the difference that are on its subject, and `minus` that of controls.

    Args:
        summary: of `blind_answers.summary_of`; of other models' answers, which the readout names, nothing is taken.

    Returns:
        One row an organism, `seed` and measure with its `value`, as of `again.measures`, controls left out.
    """
    rows = summary[(summary["readout"] == "answers") & (summary["organism_type"] != "control")]
    own = rows["vector"] == STEERED
    found = [
        rows[own].assign(minus=NOTHING, value=rows["relevant_fraction"]),
        rows[~own].assign(minus=rows["vector"], value=rows["difference_minus_this"]),
    ]
    return pd.concat(found).assign(measure=READ, positions=BEST)[[*ORGANISM, "seed", *MEASURE, "value"]]
