"""The groups of texts that are compared, at every position, and how far steered answers lie above the others."""

from typing import NamedTuple

import numpy as np

from paper_replication.steering.similarity import Draws, Group, between, interval, within

STEERED = "Steered-FT"
# What is compared with what: the kind of answers, and the finetuning texts (FT) or ordinary answers (Chat).
GROUPS = {
    STEERED: ("difference", "FT"),
    "Unsteered-FT": ("unsteered", "FT"),
    "Steered-Chat": ("difference", "Chat"),
    "Unsteered-Chat": ("unsteered", "Chat"),
    "Random-FT": ("random", "FT"),
    "Null-FT": ("null_difference", "FT"),
}
WITHIN = "FT-FT"
Rows = list[dict[str, object]]


class Similarity(NamedTuple):
    """One group at one position (-1 where there is none): the mean cosine followed by its draws, and its texts."""

    group: str
    position: int
    values: np.ndarray
    n: int


def similarities(references: dict[str, Group], answers: dict[tuple[str, int], Group], draws: Draws) -> list[Similarity]:
    """Every group at every position.

    Args:
        references: the finetuning texts `FT` and ordinary answers `Chat`.
        answers: the answers of each kind of vector and position.
        draws: of the bootstrap.
    """
    finetuning = references["FT"]
    found = [Similarity(WITHIN, -1, within(finetuning, draws), len(finetuning.vectors))]
    for group, (kind, reference) in GROUPS.items():
        for (name, position), texts in answers.items():
            if name == kind:
                values = between(texts, references[reference], draws)
                found.append(Similarity(group, position, values, len(texts.vectors)))
    return found


def rows_of(found: list[Similarity]) -> Rows:
    """One row a group and position: its mean cosine with a 95% bootstrap interval over texts."""
    return [
        {"position": one.position, "group": one.group}
        | dict(zip(("value", "ci_low", "ci_high"), interval(one.values), strict=True))
        | {"n": one.n}
        for one in found
    ]


def best(found: list[Similarity], group: str) -> Similarity | None:
    """A group at the position of its largest value, as the paper reports it; None where the group has no texts."""
    ours = [one for one in found if one.group == group]
    return max(ours, key=lambda one: one.values[0]) if ours else None


def contrasts(found: list[Similarity]) -> Rows:
    """How far steered answers are above every other group, each at its best position.

    Draws are paired over the prompts that both groups answer; the choice of positions is not drawn anew.
    """
    ours = best(found, STEERED)
    rows = []
    for group in (name for name in GROUPS if name != STEERED):
        other = best(found, group)
        if other is None:
            continue
        difference = dict(zip(("value", "ci_low", "ci_high"), interval(ours.values - other.values), strict=True))
        places = {"steered_position": ours.position, "position": other.position}
        rows.append({"group": STEERED, "minus": group, **places, **difference, "n": min(ours.n, other.n)})
    return rows
