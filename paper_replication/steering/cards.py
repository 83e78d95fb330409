"""Steered and unsteered answers side by side, to prompts that are drawn and not chosen."""

import random

import pandas as pd

from paper_replication.steering.groups import STEERED

# The kinds of answers laid beside the unsteered ones.
BESIDE = ("difference", "random", "null_difference")


def side_by_side(answers: pd.DataFrame, similarity: pd.DataFrame, prompts: int, seed: int) -> pd.DataFrame:
    """Answers to some prompts at the position whose steered answers are most like the finetuning texts.

    Args:
        answers: one row an answer: vector, position, strength, prompt, sample, text.
        similarity: one row a group and position, with its `value`.
        prompts: how many are drawn.
        seed: of the draw.

    Returns:
        One row a prompt: position, strength, prompt, and the text of each kind of answer, of the first sample.
    """
    steered = similarity[similarity["group"] == STEERED]
    position = int(steered.loc[steered["value"].idxmax(), "position"])
    first = answers[answers["sample"] == 0]
    known = list(first["prompt"].unique())
    chosen = random.Random(seed).sample(known, min(prompts, len(known)))
    rows = []
    for prompt in chosen:
        said = first[first["prompt"] == prompt].set_index(["vector", "position"])
        row = {"position": position, "strength": said.loc[("difference", position), "strength"], "prompt": prompt}
        row["unsteered"] = said.loc[("unsteered", -1), "text"]
        row |= {kind: said.loc[(kind, position), "text"] for kind in BESIDE if (kind, position) in said.index}
        rows.append(row)
    return pd.DataFrame(rows)
