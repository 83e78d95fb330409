"""Search how strongly each position's difference may steer, and keep steered and unsteered answers."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_file

from paper_replication.errors import UserError
from paper_replication.files import read_table, read_yaml, write_json_lines, write_table
from paper_replication.judges.coherence import CoherenceLimits, LikelihoodCoherenceJudge
from paper_replication.lens.delta import random_vectors
from paper_replication.models import load_model, load_tokenizer, middle_layer
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.run import RunLabel
from paper_replication.settings.steering import SearchSettings, SteeringSettings
from paper_replication.steering.generation import steered_answers
from paper_replication.steering.strength import Cell, search_strengths
from paper_replication.steps.coherence import text_likelihood

Rows = list[dict[str, object]]


def prompts_of(path: Path, key: str, number: int) -> list[str]:
    """The first prompts that a file lists under a key; too few are a UserError."""
    found = read_yaml(path).get(key)
    if not isinstance(found, list) or len(found) < number:
        raise UserError(f"{path} must list at least {number} prompts under `{key}`, as many as the config asks for.")
    return found[:number]


def coherence_limits(path: Path) -> CoherenceLimits:
    """The limits of a calibration table."""
    row = read_table(path).iloc[0]
    return CoherenceLimits(row["minimum_log_probability_nats"], row["minimum_distinct_share"])


def steering_vectors(difference: torch.Tensor, null: torch.Tensor | None, seed: int) -> dict[str, torch.Tensor]:
    """The difference and its controls of equal norm: random directions, and the matched null's difference."""
    norms = difference.norm(dim=-1, keepdim=True)
    found = {"difference": difference, "random": norms * random_vectors(*difference.shape, seed)}
    if null is not None:
        found["null_difference"] = norms * null / null.norm(dim=-1, keepdim=True)
    return found


class Sampler:
    """Samples answers under shifts of one finetuned model; each call has seeds of its own."""

    def __init__(self, settings: SteeringSettings, layer: float, model: Path, adapter: Path) -> None:
        self.tokenizer = load_tokenizer(model)
        self._model = load_model(model, adapter, getattr(torch, settings.precision))
        self._layer = middle_layer(self._model.config.get_text_config().num_hidden_layers, layer)
        self._batch_size = settings.batch_size
        self._seeds = itertools.count(settings.seed, 1000)

    def sample(self, questions: list[str], shifts: torch.Tensor, new_tokens: int, temperature: float) -> list[str]:
        """One answer a question, under its shift of shape (questions, d_model)."""
        return steered_answers(
            self._model,
            self.tokenizer,
            questions,
            shifts,
            self._layer,
            new_tokens=new_tokens,
            temperature=temperature,
            batch_size=self._batch_size,
            seed=next(self._seeds),
        )


def find_strengths(
    sampler: Sampler, judge: LikelihoodCoherenceJudge, vectors: torch.Tensor, asked: list[str], settings: SearchSettings
) -> np.ndarray:
    """The strength of each vector on each search prompt, shape (prompts, vectors)."""

    def coherent_share(cells: list[Cell]) -> np.ndarray:
        repeated = [cell for cell in cells for _ in range(settings.samples)]
        shifts = torch.stack([cell.strength * vectors[cell.vector] for cell in repeated]).float()
        texts = sampler.sample(
            [asked[cell.prompt] for cell in repeated], shifts, settings.new_tokens, settings.temperature
        )
        return np.reshape(judge.coherent(texts), (len(cells), settings.samples)).mean(axis=1)

    return search_strengths(coherent_share, len(vectors), settings)


def final_answers(
    sampler: Sampler,
    kinds: dict[str, torch.Tensor],
    strengths: list[float],
    asked: list[str],
    settings: SteeringSettings,
) -> Rows:
    """Answers to the final prompts, unsteered (position -1) and steered by every kind of vector at every position."""
    nothing = torch.zeros_like(kinds["difference"][0])
    cells = [("unsteered", -1, 0.0, nothing)]
    for kind, group in kinds.items():
        cells += [(kind, place, strength, strength * group[place]) for place, strength in enumerate(strengths)]
    plan = [(*cell, prompt, number) for cell in cells for number in range(settings.samples) for prompt in asked]
    shifts = torch.stack([shift for _, _, _, shift, _, _ in plan])
    texts = sampler.sample([prompt for *_, prompt, _ in plan], shifts, settings.new_tokens, settings.temperature)
    return [
        {"vector": kind, "position": place, "strength": round(strength, 4), "prompt": prompt, "sample": number}
        | {"text": text}
        for (kind, place, strength, _, prompt, number), text in zip(plan, texts, strict=True)
    ]


def steering(
    settings: SteeringSettings,
    label: RunLabel,
    layer: float,
    prompts: Input,
    vectors: Input,
    null_vectors: Input | None,
    coherence: Input,
    model: Input,
    adapter: Input,
    strengths: Output,
    texts: Output,
) -> None:
    """One row a position and search prompt with its strength; one JSON line an answer.

    The mean strength of a position is that of its difference, and is given to its controls too.
    """
    sampler = Sampler(settings, layer, model, adapter)
    judge = LikelihoodCoherenceJudge(text_likelihood(load_model(model), sampler.tokenizer), coherence_limits(coherence))
    tensors = load_file(vectors)
    difference = tensors["difference"]
    # Strengths are multiples of the raw vector; what is searched may be multiples of ordinary activations' norm.
    unit = tensors["target_norm"] / difference.norm(dim=-1, keepdim=True) if settings.search.relative else 1.0
    asked = prompts_of(prompts, "search", settings.search.prompts)
    searched = find_strengths(sampler, judge, unit * difference, asked, settings.search)
    found = searched * np.ravel(unit)
    rows = [
        {**label.model_dump(), "position": position, "search_prompt": prompt, "strength": strength}
        | {"difference_norm": difference[position].norm().item(), "judge": judge.name}
        for prompt, row in enumerate(found)
        for position, strength in enumerate(row)
    ]
    write_table(strengths, pd.DataFrame(rows))
    kinds = steering_vectors(difference, load_file(null_vectors)["difference"] if null_vectors else None, settings.seed)
    final = prompts_of(prompts, "steering", settings.prompts)
    write_json_lines(texts, final_answers(sampler, kinds, found.mean(axis=0).tolist(), final, settings))


if __name__ == "__main__":
    run(steering)
