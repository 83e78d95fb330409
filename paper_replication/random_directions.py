"""The difference among many random directions of its norm: what answers steered by each of them are like."""

import numpy as np
import pandas as pd

from paper_replication.blind_answers import RUN
from paper_replication.trace_contrasts import ALL, paired_contrasts

DIFFERENCE = "difference"
# Cosine with the finetuning texts, and the share of answers with a domain word.
MEASURES = ["cosine", "words"]


def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """Where the difference lies among random directions, by run and measure.

    Args:
        rows: one row a run and `direction` (`difference` or a number), with a column a measure, nan if there is none.

    Returns:
        The run, `measure`, `difference`, `random_mean`, `random_sd`, `random_max`, `n_directions`, how many of these
        are at least as high (`as_high`), and the share of all, the difference among them, that are (`p`).
    """
    found = []
    for names, group in rows.groupby(RUN, sort=False):
        for measure in MEASURES:
            values = group.set_index("direction")[measure].dropna()
            if DIFFERENCE not in values.index:
                continue
            own, random = values[DIFFERENCE], values.drop(DIFFERENCE).to_numpy(dtype=float)
            as_high = int((random >= own).sum())
            row = {"measure": measure, "difference": own, "random_mean": random.mean(), "random_sd": random.std(ddof=1)}
            row |= {"random_max": random.max(), "n_directions": len(random), "as_high": as_high}
            found.append(dict(zip(RUN, names, strict=True)) | row | {"p": (1 + as_high) / (1 + len(random))})
    return pd.DataFrame(found)


def type_contrasts(summary: pd.DataFrame) -> pd.DataFrame:
    """The mean over a type's organisms, and over all but controls, of the difference minus its random directions' mean.

    Args:
        summary: of `summarise`.

    Returns:
        `paired_contrasts` of every model, type and measure.
    """
    rows = summary.assign(contrast=np.subtract(summary["difference"], summary["random_mean"]))
    rows = pd.concat([rows[rows["organism_type"] != "control"].assign(organism_type=ALL), rows])
    return paired_contrasts(rows, ["model", "organism_type", "measure"])
