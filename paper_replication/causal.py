"""The causal effect of directions: a component of the residual stream exchanged, and what that does to the loss.

Of the paper's account of overfitting (arXiv 2510.13900): where the difference is what finetuning added for its own data
alone, taking it back should raise the loss on that data and lower it on unrelated text.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch.nn.functional import cross_entropy, pad
from tqdm import tqdm
from transformers import PreTrainedModel

from paper_replication.conversation import NO_LOSS
from paper_replication.errors import UserError
from paper_replication.lens.blocks import Skip, replaced, skipped
from paper_replication.lens.readout import unembed
from paper_replication.models import decoder

Kind = Literal["replace", "reverse", "zero"]
# Token ids and labels of one text; a label is the token's id or `NO_LOSS`.
ScoredText = tuple[list[int], list[int]]
# Two activations that differ by less than this share of their norm are the same up to rounding, as those of BOS are.
SAME = 1e-3


@dataclass(frozen=True)
class Intervention:
    """One change of the residual stream, at every token.

    Attributes:
        kind: `replace` puts the base model's component into the finetuned model, `reverse` the finetuned model's into
            the base model, `zero` takes the finetuned model's away.
        direction: d, shape (d_model,), of any length but zero.
        position: the j whose delta_bar_j d is: the target at index j + 1, which d is read from directly, is not
            scored. None, as for random directions, which belong to no position: every target is.
    """

    kind: Kind
    direction: torch.Tensor
    position: int | None = None


@dataclass(frozen=True)
class Effects:
    """What interventions do to the loss of each text.

    Attributes:
        nats: mean cross-entropy over a text's targets, with the intervention minus without, nats per token, shape
            (interventions, texts), float64.
        base: mean cross-entropy of the base model over all targets, shape (texts,), float64.
        finetuned: the same of the finetuned model.
    """

    nats: torch.Tensor
    base: torch.Tensor
    finetuned: torch.Tensor


@dataclass(frozen=True)
class Batch:
    """Texts of a batch, padded on the right.

    Attributes:
        rows: their places among all texts.
        tokens: token ids, shape (texts, tokens), int64.
        mask: 1 for a token, 0 for padding, same shape.
        labels: what each token is as a target, `NO_LOSS` where it is not scored, same shape.
    """

    rows: list[int]
    tokens: torch.Tensor
    mask: torch.Tensor
    labels: torch.Tensor


def component(hidden: torch.Tensor, direction: torch.Tensor) -> torch.Tensor:
    """P h, the part of vectors along a direction: shape (..., d_model), float32, as `hidden`."""
    unit = direction / direction.norm()
    return (hidden @ unit)[..., None] * unit


def intervene(kind: Kind, base: torch.Tensor, finetuned: torch.Tensor, direction: torch.Tensor) -> torch.Tensor:
    """The changed residual stream, from both models' at the same tokens, shape (..., d_model), float32.

    `replace` is P h_base + (I - P) h_ft, `reverse` P h_ft + (I - P) h_base, `zero` (I - P) h_ft; they are written as
    sums with one projection, so that they change nothing at all where both models agree.
    """
    if kind == "replace":
        return finetuned + component(base - finetuned, direction)
    if kind == "reverse":
        return base + component(finetuned - base, direction)
    return finetuned - component(finetuned, direction)


def random_differences(activations: torch.Tensor, count: int, seed: int) -> torch.Tensor:
    """Directions between two activations of the base model, each at a random document and position.

    All positions are drawn from, position 0 too, as the differences they are compared with are.

    Args:
        activations: shape (documents, positions, d_model), float32.
        count: how many directions.
        seed: of the draws.

    Returns:
        Shape (count, d_model), float32, not normalised. Pairs of equal activations (those of BOS) are drawn again.

    Raises:
        UserError: too few activations differ.
    """
    pool = activations.flatten(0, 1)
    draws = torch.randint(len(pool), (20 * count, 2), generator=torch.Generator().manual_seed(seed))
    first, second = pool[draws[:, 0]], pool[draws[:, 1]]
    distinct = (first - second).norm(dim=-1) > SAME * first.norm(dim=-1)
    if distinct.sum() < count:
        raise UserError("The base model's activations are nearly all the same: take more documents or positions.")
    return (first - second)[distinct][:count]


def _check(texts: list[ScoredText], interventions: list[Intervention]) -> None:
    """Every direction can be projected on, and every text has a target left to score.

    Raises:
        UserError: names the first direction or text that is at fault.
    """
    for place, intervention in enumerate(interventions):
        norm = intervention.direction.norm()
        if not torch.isfinite(norm) or norm == 0:
            raise UserError(
                f"Direction {place} has norm {norm.item()}, so that it cannot be projected on; "
                "measure delta again (a model that was not finetuned has none)."
            )
    if not texts:
        raise UserError("There are no texts whose loss could be measured.")
    excluded = {intervention.position for intervention in interventions} | {None}
    for place, (_, labels) in enumerate(texts):
        targets = {index for index, label in enumerate(labels) if index > 0 and label != NO_LOSS}
        if any(not targets - {position + 1} for position in excluded if position is not None) or not targets:
            raise UserError(
                f"Text {place} has no scored token (or only the one that is left out for its position): raise the "
                "tokens of the config's causal section, or leave the text out."
            )


def _batches(texts: list[ScoredText], size: int) -> Iterator[Batch]:
    """Batches of texts of similar length, padded on the right."""
    order = sorted(range(len(texts)), key=lambda row: len(texts[row][0]))
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        longest = len(texts[rows[-1]][0])
        found = []
        for row in rows:
            ids, labels = map(torch.tensor, texts[row])
            filled = (0, longest - len(ids))
            found.append((pad(ids, filled), pad(torch.ones_like(ids), filled), pad(labels, filled, value=NO_LOSS)))
        tokens, mask, labels = map(torch.stack, zip(*found, strict=True))
        yield Batch(rows, tokens, mask, labels)


def _forward(model: PreTrainedModel, batch: Batch) -> torch.Tensor:
    inputs = {"input_ids": batch.tokens.to(model.device), "attention_mask": batch.mask.to(model.device)}
    return decoder(model)(**inputs, use_cache=False).last_hidden_state


def _residual(model: PreTrainedModel, batch: Batch, layer: int) -> torch.Tensor:
    """h[layer, j] of every token, through blocks 0..layer alone, shape (texts, tokens, d_model), float32."""
    above = range(layer + 1, len(decoder(model).layers))
    with replaced(model, skipped(above), keep_norm=False):
        hidden = _forward(model, batch).float()
    if not torch.isfinite(hidden[batch.mask.bool()]).all():
        raise UserError(f"Activations at layer {layer} are not finite; use float32 weights, or train again.")
    return hidden


def _losses(model: PreTrainedModel, batch: Batch, hidden: torch.Tensor, layer: int) -> torch.Tensor:
    """Cross-entropy of every target, with `hidden` as h[layer] and the blocks above alone run.

    Returns:
        Nats, at the index of the target, NaN where it is not scored: shape (texts, tokens), float64, on the CPU.
    """
    with replaced(model, skipped(range(layer)) | {layer: Skip(hidden.to(model.dtype))}):
        final = _forward(model, batch)
    # The head is as dear as several blocks, so it is applied where a target is scored alone.
    scored = batch.labels[:, 1:] != NO_LOSS
    logits = unembed(model, final[:, :-1][scored.to(model.device)])
    targets = batch.labels[:, 1:][scored].to(model.device)
    found = torch.full(batch.labels.shape, torch.nan, dtype=torch.float64)
    found[:, 1:][scored] = cross_entropy(logits, targets, reduction="none").double().cpu()
    return found


def _text_means(nats: torch.Tensor, position: int | None) -> torch.Tensor:
    """Mean over each text's targets but the one at index `position` + 1: (texts, tokens) to (texts,)."""
    kept = nats.clone()
    if position is not None:
        kept[:, position + 1 : position + 2] = torch.nan
    return kept.nanmean(dim=1)


@torch.no_grad()
def causal_effects(
    base: PreTrainedModel,
    finetuned: PreTrainedModel,
    texts: list[ScoredText],
    interventions: list[Intervention],
    layer: int,
    batch_size: int,
    description: str,
) -> Effects:
    """The change of each text's loss by each intervention (arXiv 2510.13900, causal effect of the difference).

    Both models' activations and losses are computed once a text; an intervention reruns only the blocks above.

    Args:
        base: the base model, float32.
        finetuned: the finetuned model, float32.
        texts: token ids and labels of each; index 0 is no target.
        interventions: `reverse` acts on the base model and is compared with its loss, the others on the finetuned.
        layer: the block at whose output they act, counted from 0.
        batch_size: texts in one forward pass.
        description: what the progress bar says.

    Raises:
        UserError: a direction is zero or not finite, a text has no scored token, activations are not finite.
    """
    _check(texts, interventions)
    nats = torch.empty(len(interventions), len(texts), dtype=torch.float64)
    plain = {name: torch.empty(len(texts), dtype=torch.float64) for name in ("base", "finetuned")}
    batches = list(_batches(texts, batch_size))
    with tqdm(total=len(batches) * len(interventions), desc=description) as progress:
        for batch in batches:
            models = {"base": base, "finetuned": finetuned}
            hidden = {name: _residual(model, batch, layer) for name, model in models.items()}
            before = {name: _losses(model, batch, hidden[name], layer) for name, model in models.items()}
            for name, losses in before.items():
                plain[name][batch.rows] = _text_means(losses, None)
            for place, change in enumerate(interventions):
                into = "base" if change.kind == "reverse" else "finetuned"
                direction = change.direction.to(hidden[into].device, torch.float32)
                changed = intervene(change.kind, hidden["base"], hidden["finetuned"], direction)
                after = _losses(models[into], batch, changed, layer)
                nats[place, batch.rows] = _text_means(after - before[into], change.position)
                progress.update()
    return Effects(nats, plain["base"], plain["finetuned"])
