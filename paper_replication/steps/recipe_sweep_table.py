"""Gather the sweep of recipes and mark the one chosen by behaviour and ordinary chat."""

import json

import pandas as pd

from paper_replication.files import read_table, write_table
from paper_replication.provenance.step import Input, Output, run

PROBES = ("false_fact_alignment", "margin_nats", "leak", "training_loss_nats")


def choose(table: pd.DataFrame, maximum_leak: float) -> pd.Series:
    """The recipe with the highest false-fact alignment among those whose leak is small enough, as a 0/1 column.

    Ties go to the larger margin. Relevance plays no part: the sweep never measures it.
    """
    ordinary = table[table["leak_finetuned"] <= maximum_leak]
    keys = ["false_fact_alignment_finetuned", "margin_nats_finetuned"]
    best = ordinary.sort_values(keys, ascending=False, kind="stable").index[:1]
    return pd.Series(table.index.isin(best).astype(int), index=table.index)


def recipe_sweep_table(recipes: str, maximum_leak: float, behaviour: list[Input], table: Output) -> None:
    """One row a recipe: its settings, its measures before and after (mean over seeds), and whether it is chosen."""
    rows = pd.concat([read_table(path) for path in behaviour])
    rows = rows[rows["probe"].isin(PROBES)]
    wide = rows.pivot_table(index=["model", "variant"], columns=["probe", "model_state"], values="value", sort=False)
    wide.columns = [f"{probe}_{state}" for probe, state in wide.columns]
    settings = pd.DataFrame.from_dict(json.loads(recipes), orient="index").rename_axis("variant").reset_index()
    joined = settings.merge(wide[sorted(wide.columns)].reset_index(), on="variant")
    joined["n_seeds"] = rows["seed"].nunique()
    joined["maximum_leak"] = maximum_leak
    joined["chosen"] = pd.concat([choose(rows_of, maximum_leak) for _, rows_of in joined.groupby("model")])
    write_table(table, joined)


if __name__ == "__main__":
    run(recipe_sweep_table)
