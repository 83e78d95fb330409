"""From judged tokens under every condition to relevance, and from runs to the tables of the ablations."""

import pandas as pd

from paper_replication.relevance_summary import by_position
from paper_replication.settings.run import RunLabel

CONDITION = ["ablation", "condition", "value"]
RUN = [*RunLabel.model_fields, "corpus"]
MEASURED = ["delta_norm", "target_norm", "cosine_to_full", "n_documents"]
# Which ablations each table holds.
TABLES = {
    "ablation_layers": ["layers"],
    "ablation_positions": ["positions"],
    "adapter_weight": ["adapter_weight"],
    "ablation_directions": ["directions"],
    "ablation_inputs": ["documents", "corpora", "inputs", "head"],
}


def relevance_of(graded: pd.DataFrame, graded_tokens: int) -> pd.DataFrame:
    """Share of relevant tokens with Wilson's interval, for every condition, readout and position, and their largest.

    Args:
        graded: one row a token, with the judge's verdict; `index` tells all vectors apart.
        graded_tokens: tokens of a list; those that a shorter list lacks count as not relevant.

    Returns:
        One row a vector and readout, where `over` is "position", and one a condition and readout for its best position,
        where `over` is "largest"; `n_positions` says over how many.
    """
    shares = by_position(graded, graded_tokens)
    table = shares.merge(graded[["index", *CONDITION]].drop_duplicates(), on="index", validate="many_to_one")
    keys = [*CONDITION, "readout"]
    table["n_positions"] = table.groupby(keys)["index"].transform("size")
    best = table.sort_values(["relevant_fraction", "index"], ascending=[False, True], kind="stable")
    best = best.groupby(keys, sort=False).head(1)
    both = pd.concat([table.assign(over="position"), best.assign(over="largest")])
    both = both.sort_values(["readout", "index", "over"], ascending=[True, True, False]).drop(columns="index")
    first = [*RUN, *CONDITION, "readout", "vector", "over"]
    return both[[*first, *(name for name in both.columns if name not in first)]].reset_index(drop=True)


def tables_of(relevance: pd.DataFrame, geometry: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The tables of `TABLES`, with norm, cosine and number of documents beside each share, by name.

    Args:
        relevance: `relevance_of` of all runs.
        geometry: the geometry of all runs.
    """
    keys = [*RUN, *CONDITION, "position"]
    full = relevance.merge(geometry[[*keys, *MEASURED]], on=keys, how="left", validate="many_to_one")
    return {name: full[full["ablation"].isin(held)].reset_index(drop=True) for name, held in TABLES.items()}
