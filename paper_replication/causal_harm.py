"""What finetuning did to the loss on a data set, and how much of it the difference's direction accounts for."""

import pandas as pd
from scipy.stats import spearmanr

from paper_replication.settings.run import RunLabel

RUN = list(RunLabel.model_fields)
MEASURED = ["finetuned_nats", "change_nats", "replaced_nats", "share", "n"]


def harm(effects: pd.DataFrame) -> pd.DataFrame:
    """The change of the loss by finetuning, and by replacing the difference's component in the finetuned model.

    Where replacing undid all that finetuning did, `replaced_nats` would be minus `change_nats`, and `share` 1.

    Args:
        effects: `causal_effect`, one row a run, data set, direction, intervention and position.

    Returns:
        One row a run and `dataset`: `base_nats` and `finetuned_nats`, the mean losses of both models a token;
        `change_nats`, finetuned minus base; `replaced_nats`, the mean over positions of what replacing does to the
        finetuned model's loss; `share`, minus `replaced_nats` over `change_nats`; `n` texts.
    """
    rows = effects[effects["direction"] == "delta"]
    keys = [*RUN, "dataset"]
    # What an intervention starts from: the loss of the finetuned model, or of the base model.
    base = rows[rows["intervention"] == "reverse"].groupby(keys, sort=False)["loss_nats"].first().rename("base_nats")
    replaced = rows[rows["intervention"] == "replace"].groupby(keys, sort=False)
    found = replaced.agg(finetuned_nats=("loss_nats", "first"), replaced_nats=("delta_nats", "mean"), n=("n", "first"))
    found = base.to_frame().join(found, how="inner").reset_index()
    found = found.assign(change_nats=found["finetuned_nats"] - found["base_nats"])
    found = found.assign(share=-found["replaced_nats"] / found["change_nats"])
    return found[[*keys, "base_nats", *MEASURED]]


def correlation(rows: pd.DataFrame) -> float:
    """Spearman's correlation, over runs, of what finetuning did with what replacing does; NaN of fewer than three."""
    if len(rows) < 3:
        return float("nan")
    return float(spearmanr(rows["change_nats"], rows["replaced_nats"]).statistic)
