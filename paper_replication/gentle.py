"""What organisms on a larger model show that were finetuned on less, beside those on as much as the first model's."""

import pandas as pd

from paper_replication.again import LAST_BLOCK, at_last_block
from paper_replication.blind_reading import NOTHING
from paper_replication.errors import UserError
from paper_replication.larger_model import RUN, changes

MEASURES = [*RUN, "measure", "value", "judge"]


def last_block(layers: pd.DataFrame, organisms: set[str]) -> pd.DataFrame:
    """Measures of some organisms at the last block: the difference's tokens, and these less those of its null.

    Args:
        layers: `ablation_layers`.
        organisms: those that are wanted.

    Returns:
        One row an organism and measure, as of `larger_model.measures`.
    """
    rows = at_last_block(layers[layers["judged_as"].isin(organisms)])
    above = rows["minus"].map(lambda other: "" if other == NOTHING else f"_minus_{other}")
    return rows.assign(measure=LAST_BLOCK + above)[MEASURES]


def one_model(made: pd.DataFrame, known: pd.DataFrame) -> str:
    """The one model of a study that was finetuned on less: one that the other study added.

    Args:
        made: measures of that study.
        known: those of the other, the smaller model's first.

    Raises:
        UserError: it has several, or another.
    """
    found, further = list(made["model"].unique()), list(known["model"].unique()[1:])
    if len(found) != 1 or found[0] not in further:
        raise UserError(
            f"What was finetuned on less is on {', '.join(found)}: it must be on one model alone, one that the first "
            f"study added: {', '.join(further) or 'it added none'}."
        )
    return found[0]


def less_others(less: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """`larger_model.changes` of what was finetuned on less from each model of the other study, which `minus` names.

    Args:
        less: its measures, under a name of its own for the model.
        known: those of the other study.
    """
    pairs = known.groupby("model", sort=False)
    return pd.concat([changes(pd.concat([rows, less])).assign(minus=other) for other, rows in pairs])
