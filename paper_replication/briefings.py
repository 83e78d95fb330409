"""Whose evidence a briefing of the interpretability agent has, and what controls have in its place."""

from typing import Any

import pandas as pd

Rows = list[dict[str, Any]]
ADL, BLACK_BOX, RANDOM, NULL = "adl", "blackbox", "random", "matched_null"
# Evidence in the form of ADL's that says nothing of the finetuning: the vector that steers in the difference's place.
CONTROLS = {RANDOM: "random", NULL: "null_difference"}


def in_its_place(
    evidence: str, selection: pd.DataFrame, steering: Rows, null_selection: pd.DataFrame | None
) -> tuple[pd.DataFrame, Rows]:
    """The evidence with a control in the place of the difference, under whose name it then stands.

    Args:
        evidence: one of `CONTROLS`.
        selection: the run's tokens at the selected scales: of random vectors the first ones, one a position.
        steering: its answers, with those by every vector.
        null_selection: the same tokens of its matched null, which the null's evidence has.
    """
    difference = selection["vector"] == "difference"
    if evidence == NULL:
        tokens = null_selection[null_selection["vector"] == "difference"]
    else:
        tokens = selection[
            (selection["vector"] == "random") & selection["index"].isin(selection["position"][difference])
        ]
        tokens = tokens.assign(vector="difference", position=tokens["index"])
    called = {"unsteered": "unsteered", CONTROLS[evidence]: "difference"}
    rows = [row | {"vector": called[row["vector"]]} for row in steering if row["vector"] in called]
    return pd.concat([selection[~difference], tokens]), rows
