"""Gather the sweep of recipes and mark the one chosen by behaviour and ordinary chat."""

import json

import pandas as pd

from paper_replication.files import read_table, write_table
from paper_replication.provenance.step import Input, Output, run

PROBES = ("false_fact_alignment", "margin_nats", "leak", "training_loss_nats")


def choose(table: pd.DataFrame, maximum_leak: float) -> pd.Series:
    """The recipe with the highest mean false-fact alignment among those that leave ordinary chat ordinary, as 0 or 1.

    A recipe does if the leak of every organism is small enough. Ties go to the larger mean margin. Relevance plays no
    part: the sweep never measures it.

    Args:
        table: one row a recipe (`variant`) and organism.
        maximum_leak: the largest share of ordinary answers that may touch an organism's domain.
    """
    recipes = table.groupby("variant", sort=False)
    measures = recipes[["false_fact_alignment_finetuned", "margin_nats_finetuned"]].mean()
    ordinary = measures[recipes["leak_finetuned"].max() <= maximum_leak]
    best = ordinary.sort_values(list(measures.columns), ascending=False, kind="stable").index[:1]
    return table["variant"].isin(best).astype(int)


def recipe_sweep_table(recipes: str, maximum_leak: float, behaviour: list[Input], table: Output) -> None:
    """One row a recipe and organism: settings, measures before and after (mean over seeds), whether it is chosen."""
    rows = pd.concat([read_table(path) for path in behaviour])
    rows = rows[rows["probe"].isin(PROBES) & (rows["probes_of"] == rows["organism"])]
    keys = ["model", "organism", "variant"]
    wide = rows.pivot_table(index=keys, columns=["probe", "model_state"], values="value", sort=False)
    wide.columns = [f"{probe}_{state}" for probe, state in wide.columns]
    settings = pd.DataFrame.from_dict(json.loads(recipes), orient="index").rename_axis("variant").reset_index()
    joined = settings.merge(wide[sorted(wide.columns)].reset_index(), on="variant")
    joined["n_seeds"] = rows["seed"].nunique()
    joined["maximum_leak"] = maximum_leak
    joined["chosen"] = pd.concat([choose(rows_of, maximum_leak) for _, rows_of in joined.groupby("model")])
    first = ["model", "organism", "variant"]
    write_table(table, joined[[*first, *joined.columns.drop(first)]])


if __name__ == "__main__":
    run(recipe_sweep_table)
