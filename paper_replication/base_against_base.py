"""The base model against itself: what would be seen of a model that was not finetuned at all.

Its difference is exactly zero. The logit lens of a zero vector gives every token the same probability, and Patchscope
has no direction to rescale, so that no token speaks for any candidate; steered by it, the model answers as if
unsteered. What is left are texts, sampled anew, against the base model's own: whatever they are taken for is noise.
"""

import pandas as pd

from paper_replication.closed_set import (
    TEXTS,
    TOKENS,
    Evidence,
    Rows,
    candidates_table,
    gather_evidence,
    steered_in_turn,
    with_base,
)
from paper_replication.judges.embedding import Embed
from paper_replication.objectives import Objective
from paper_replication.settings.identification import Agent, IdentificationSettings


def gather_base_evidence(
    agent: Agent, budget: int, steering: Rows, answers: Rows, base: Rows, settings: IdentificationSettings
) -> Evidence:
    """What `closed_set.gather_evidence` would gather, of a model whose difference is zero: texts, and no token.

    Args:
        agent: whose evidence.
        budget: number of interactions.
        steering: the base model's new answers to the prompts of steering, as rows of a finetuned model's.
        answers: its new answers to ordinary prompts.
        base: its usual answers to both, which every finetuned model's are compared with.
        settings: how many characters.
    """
    asked = budget // 2 if agent == "adl" else budget
    seen = gather_evidence("blackbox", asked, pd.DataFrame(), steering, answers, base, settings)
    if agent == "blackbox":
        return seen
    prompts = list(dict.fromkeys(row["prompt"] for row in steering))
    steered = steered_in_turn(steering, prompts)[: len(prompts) + budget - asked]
    texts = {"steered": with_base(steered, base, settings.characters)} | seen.texts
    return Evidence({}, {}, texts, seen.interactions + len(steered) - len(prompts))


def base_candidates(
    agent: Agent, evidence: Evidence, objectives: list[Objective], embed: Embed, nearest: int
) -> pd.DataFrame:
    """As `closed_set.candidates_table`; of ADL the z-scores of both lists of tokens are 0, as of scores that tie.

    Arguments but the first are those of `closed_set.candidates_table`.
    """
    table = candidates_table(evidence, objectives, embed, nearest)
    if agent == "blackbox":
        return table
    score = table["score"] * len(TEXTS) / (len(TEXTS) + len(TOKENS))
    return table.assign(score=score, **{f"z_{kind}": 0.0 for kind in TOKENS})
