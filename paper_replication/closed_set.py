"""Closed-set identification: which of a catalogue of objectives lies nearest the evidence, by sentence embedding.

The evidence is that of the paper's interpretability agent (arXiv 2510.13900, section 4); the identification is not. No
language model reads it, nothing is said in free text, and nothing is graded: a candidate gets a score and a rank.
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from paper_replication.errors import UserError
from paper_replication.judges.embedding import Embed
from paper_replication.judges.words import word_of
from paper_replication.objectives import Objective
from paper_replication.settings.identification import Agent, IdentificationSettings

METHOD = "embedding_closed_set"
# Kinds of evidence, each of equal weight: two lists of tokens and two of texts.
TOKENS, TEXTS = ("logit_lens", "patchscope"), ("steered", "unsteered")
HEADINGS = {
    "logit_lens": "Logit lens, position",
    "patchscope": "Patchscope, position",
    "steered": "Steered answer",
    "unsteered": "Answer",
    "base": "Answer of the base model to the same prompt",
}
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Evidence:
    """What is known of one finetuned model.

    Attributes:
        tokens: for each readout, the tokens of each position, best first.
        background: for each readout, tokens of random vectors, which the evidence is compared with; not evidence.
        texts: for each kind of text, pairs of a text and what the base model answered to the same prompt.
        interactions: how many of the budget's interactions there was material for.
    """

    tokens: dict[str, dict[int, list[str]]]
    background: dict[str, list[str]]
    texts: dict[str, list[tuple[str, str]]]
    interactions: int

    def lines(self) -> list[tuple[str, str]]:
        """The evidence as headings, which are ours, and what stands under each, which a model produced."""
        found = [
            (f"{HEADINGS[kind]} {position}", ", ".join(map(repr, tokens)))
            for kind, positions in self.tokens.items()
            for position, tokens in positions.items()
        ]
        for kind, pairs in self.texts.items():
            for number, (text, base) in enumerate(pairs, start=1):
                found += [(f"{HEADINGS[kind]} {number}", text), (f"{HEADINGS['base']} {number}", base)]
        return found


def check_blind(evidence: Evidence, names: list[str]) -> None:
    """The evidence must not name the organism or the corpus, but in what a model itself produced.

    Raises:
        UserError: a heading has one of the names in it.
    """
    for heading, _ in evidence.lines():
        for name in names:
            if re.search(rf"\b{re.escape(name.replace('_', ' '))}\b", heading.replace("_", " "), re.IGNORECASE):
                raise UserError(f"The evidence would give away {name!r} in {heading!r}; rename the organism or corpus.")


def tokens_shown(selection: pd.DataFrame, number: int) -> dict[str, dict[int, list[str]]]:
    """The difference's first tokens at each position, at the selected scale; `background_tokens` has random vectors'.

    Args:
        selection: one row a token, with `readout`, `vector`, `position`, `rank` (from 1) and `token`.
        number: tokens of a position.

    Raises:
        UserError: a readout of the difference is missing.
    """
    rows = selection[(selection["vector"] == "difference") & (selection["rank"] <= number)].sort_values("rank")
    found = {}
    for readout in TOKENS:
        positions = rows[rows["readout"] == readout].groupby("position", sort=True)
        found[readout] = {int(position): list(group["token"]) for position, group in positions}
        if not found[readout]:
            raise UserError(f"The selected tokens have none of the difference by {readout}; make selection.csv again.")
    return found


def background_tokens(selection: pd.DataFrame, number: int) -> dict[str, list[str]]:
    """The first tokens of random vectors of equal norm, read by the same model and at scales selected alike.

    Arguments are those of `tokens_shown`.

    Raises:
        UserError: a readout of random vectors is missing.
    """
    rows = selection[(selection["vector"] == "random") & (selection["rank"] <= number)]
    found = {readout: list(rows.loc[rows["readout"] == readout, "token"]) for readout in TOKENS}
    for readout, tokens in found.items():
        if not any(map(word_of, tokens)):
            raise UserError(f"Random vectors have no words by {readout}; raise readouts.random_vectors in the config.")
    return found


def steered_in_turn(steering: Rows, prompts: list[str]) -> Rows:
    """Answers steered by the difference, in the order in which they are shown.

    In the first round prompt k shows position k modulo the number of positions, in every further round the next
    position; when all have been shown, the next samples follow.

    Args:
        steering: rows with `vector`, `position`, `prompt`, `sample` and `text`.
        prompts: in order.
    """
    found = {(r["prompt"], r["position"], r["sample"]): r for r in steering if r["vector"] == "difference"}
    positions = sorted({position for _, position, _ in found})
    samples = sorted({sample for _, _, sample in found})
    return [
        found[key]
        for sample in samples
        for turn in range(len(positions))
        for k, prompt in enumerate(prompts)
        if (key := (prompt, positions[(k + turn) % len(positions)], sample)) in found
    ]


def with_base(rows: Rows, base: Rows, characters: int) -> list[tuple[str, str]]:
    """Texts, each with the base model's answer to the same prompt, both cut; empty texts are left out.

    Args:
        rows: with `prompt`, `sample` and `text`.
        base: with `prompt`, `sample` and `text`.
        characters: length of a text.

    Raises:
        UserError: the base model was not asked one of the prompts.
    """
    same: dict[str, list[str]] = {}
    for row in base:
        same.setdefault(row["prompt"], []).append(row["text"])
    pairs = []
    for row in rows:
        if row["prompt"] not in same:
            raise UserError(
                f"The base model has no answer to {row['prompt']!r} to compare with; make its answers again."
            )
        own = same[row["prompt"]]
        other = own[row["sample"] % len(own)]
        if row["text"].strip():
            pairs.append((row["text"][:characters], other[:characters]))
    return pairs


def gather_evidence(
    agent: Agent,
    budget: int,
    selection: pd.DataFrame,
    steering: Rows,
    answers: Rows,
    base: Rows,
    settings: IdentificationSettings,
) -> Evidence:
    """What an agent has seen after a number of interactions.

    Blackbox: the finetuned model's first unsteered answer to each prompt of steering; an interaction is one of its
    answers to an ordinary prompt. ADL: also the tokens of each position and a steered answer to each prompt;
    interactions are steered answers and answers to ordinary prompts by turns, a steered one first. Ordinary prompts
    that steering did not use come first. Where there are fewer answers than interactions, there are fewer of these.

    Args:
        agent: whose evidence.
        budget: number of interactions.
        selection: as for `tokens_shown`.
        steering: as for `steered_in_turn`; the vector of unsteered answers is "unsteered".
        answers: the finetuned model's answers to ordinary prompts, with `prompt`, `sample` and `text`.
        base: the base model's, alike, to these prompts and to those of steering.
        settings: how many tokens and characters.

    Raises:
        UserError: there are no unsteered or, for ADL, no steered answers.
    """
    unsteered = {row["prompt"]: row for row in reversed(steering) if row["vector"] == "unsteered"}
    prompts = list(dict.fromkeys(row["prompt"] for row in steering if row["vector"] == "unsteered"))
    steered = steered_in_turn(steering, prompts)
    if not prompts or (agent == "adl" and not steered):
        raise UserError(
            "The steering texts lack unsteered answers, or ones steered by the difference; make them again."
        )
    further = sorted(answers, key=lambda row: row["prompt"] in unsteered)
    asked = budget // 2 if agent == "adl" else budget
    rows = {"unsteered": [unsteered[prompt] for prompt in prompts] + further[:asked]}
    interactions = len(further[:asked])
    if agent == "adl":
        rows["steered"] = steered[: len(prompts) + budget - asked]
        interactions += max(0, len(rows["steered"]) - len(prompts))
    texts = {kind: with_base(rows[kind], base, settings.characters) for kind in TEXTS if kind in rows}
    tokens = tokens_shown(selection, settings.tokens) if agent == "adl" else {}
    background = background_tokens(selection, settings.tokens) if agent == "adl" else {}
    return Evidence(tokens, background, texts, interactions)


def words_score(words: np.ndarray, background: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Mean cosine of the words to each candidate, less that of random vectors' words.

    Args:
        words: unit vectors, shape (words, dimensions).
        background: unit vectors, shape (background words, dimensions).
        candidates: unit vectors, shape (candidates, dimensions).

    Returns:
        Shape (candidates,).
    """
    return candidates @ (words.mean(axis=0) - background.mean(axis=0))


def texts_score(texts: np.ndarray, base: np.ndarray, candidates: np.ndarray, nearest: int) -> np.ndarray:
    """Mean of the largest cosines of texts to each candidate, less that of as many of the base model's texts.

    Args:
        texts: unit vectors, shape (texts, dimensions).
        base: unit vectors of the base model's answers to the same prompts, same shape.
        candidates: unit vectors, shape (candidates, dimensions).
        nearest: how many of the largest cosines are averaged.

    Returns:
        Shape (candidates,).
    """
    means = [np.sort(vectors @ candidates.T, axis=0)[-nearest:].mean(axis=0) for vectors in (texts, base)]
    return means[0] - means[1]


def standardised(scores: np.ndarray) -> np.ndarray:
    """Scores as z-scores over candidates, shape (candidates,); scores that do not differ become zeros."""
    spread = scores.std()
    # Of equal scores, rounding leaves a spread in the last bits.
    return (scores - scores.mean()) / spread if spread > 1e-9 else np.zeros_like(scores)


def distinct_words(tokens: list[str]) -> list[str]:
    """The words that tokens stand for, each once, in alphabetical order; tokens that are no words are left out."""
    return sorted({word for word in map(word_of, tokens) if word})


def score(evidence: Evidence, objectives: list[Objective], embed: Embed, nearest: int) -> dict[str, np.ndarray]:
    """The z-scores of all candidates by each kind of evidence that there is.

    Of tokens, every distinct word of all positions counts once. The same is subtracted of what would be seen without
    the finetuning's difference: of tokens, random vectors' words; of texts, the base model's answers.

    Args:
        evidence: of one run.
        objectives: the candidates.
        embed: texts to unit vectors.
        nearest: how many of the largest cosines are averaged, of texts.

    Returns:
        For each kind shape (candidates,).

    Raises:
        UserError: the evidence is empty.
    """
    candidates, found = embed([objective.text for objective in objectives]), {}
    for kind, positions in evidence.tokens.items():
        words = distinct_words([token for tokens in positions.values() for token in tokens])
        if words:
            background = embed(distinct_words(evidence.background[kind]))
            found[kind] = standardised(words_score(embed(words), background, candidates))
    for kind, pairs in evidence.texts.items():
        if pairs:
            texts, base = (embed(list(part)) for part in zip(*pairs, strict=True))
            found[kind] = standardised(texts_score(texts, base, candidates, nearest))
    if not found:
        raise UserError("The evidence has no word and no text; see whether the model's answers are empty.")
    return found


def rank(scores: np.ndarray) -> np.ndarray:
    """Ranks from 1, the best; candidates that tie all get the worst of their ranks; shape (candidates,), int64."""
    return (scores[None, :] >= scores[:, None]).sum(axis=1)


def candidates_table(evidence: Evidence, objectives: list[Objective], embed: Embed, nearest: int) -> pd.DataFrame:
    """One row a candidate: its score, the mean z-score over kinds of evidence, and its rank.

    Arguments are those of `score`. The z-scores themselves are in the columns `z_...`, empty where there is no such
    evidence.
    """
    parts = score(evidence, objectives, embed, nearest)
    # Rounded as files are, so that what ties in the file tied when it was ranked.
    total = np.array([float(f"{value:.6g}") for value in np.mean(list(parts.values()), axis=0)])
    columns: dict[str, Any] = {
        "interactions": evidence.interactions,
        "objective": [objective.id for objective in objectives],
        "kind": [objective.kind for objective in objectives],
        "near": [objective.near for objective in objectives],
        "score": total,
        "rank": rank(total),
    }
    columns |= {f"z_{kind}": parts.get(kind, np.nan) for kind in (*TOKENS, *TEXTS)}
    return pd.DataFrame(columns)
