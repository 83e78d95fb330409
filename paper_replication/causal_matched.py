"""What the causal effect owes to the direction: as much exchanged elsewhere, and along other organisms' differences.

The two models hardly differ along a random direction, so that replacing its component exchanges next to nothing (the
random controls of arXiv 2510.13900's causal effect). Here a random direction gets as much as the difference does, at
every token; and other organisms' differences, along which finetuned models do differ, are replaced in its place.
"""

from dataclasses import dataclass

import torch
from torch.nn.functional import cross_entropy
from tqdm import tqdm
from transformers import PreTrainedModel

from paper_replication.causal import ScoredText
from paper_replication.conversation import NO_LOSS
from paper_replication.errors import UserError
from paper_replication.lens.blocks import Skip, hidden_states, replaced, skipped
from paper_replication.lens.readout import unembed
from paper_replication.models import decoder


@dataclass(frozen=True)
class Exchange:
    """One change of the finetuned model's residual stream, h_ft + ((h_base - h_ft) . along) into, at every token.

    Attributes:
        along: the direction whose component tells how much is exchanged, shape (d_model,), of any length but zero.
        into: the direction in which that is added, likewise; where both are the same, the component is replaced.
    """

    along: torch.Tensor
    into: torch.Tensor


@dataclass(frozen=True)
class Exchanged:
    """What exchanges do to each text.

    Attributes:
        nats: mean cross-entropy over a text's targets, after minus before, nats per token, shape (exchanges, texts),
            float64.
        share: how much of the squared difference between both models lies along each `into`, over all tokens but the
            first (whose activation, an attention sink's, would outweigh them), same shape.
    """

    nats: torch.Tensor
    share: torch.Tensor


def exchanges_of(difference: torch.Tensor, others: list[torch.Tensor], random: torch.Tensor) -> list[Exchange]:
    """Replacement along an organism's difference, along others', and the first's amounts added at random directions.

    Args:
        difference: of the organism at one position, shape (d_model,), float32.
        others: of other organisms at the same position, likewise.
        random: directions, shape (n, d_model), float32.
    """
    replacements = [Exchange(vector, vector) for vector in (difference, *others)]
    return replacements + [Exchange(difference, vector) for vector in random]


def _units(vectors: list[torch.Tensor]) -> torch.Tensor:
    """Vectors at length one, shape (n, d_model); refuses those that have no direction."""
    stacked = torch.stack(vectors).float()
    norms = stacked.norm(dim=1, keepdim=True)
    if not torch.isfinite(norms).all() or (norms == 0).any():
        raise UserError(
            "A direction whose component is to be exchanged is zero or not finite: measure delta again (a model that "
            "was not finetuned has none)."
        )
    return stacked / norms


def _targets(labels: list[int], position: int) -> list[int]:
    """Which tokens of a text are scored; the one that a difference at `position` is read from directly is not."""
    return [index for index, label in enumerate(labels) if index > 0 and label != NO_LOSS and index != position + 1]


@torch.no_grad()
def exchange_effects(
    base: PreTrainedModel,
    finetuned: PreTrainedModel,
    texts: list[ScoredText],
    exchanges: list[Exchange],
    layer: int,
    position: int,
    batch_size: int,
    description: str,
) -> Exchanged:
    """The change of each text's loss by each exchange; all exchanges of a text pass through the blocks above together.

    Args:
        base: the base model, float32.
        finetuned: the finetuned model, float32.
        texts: token ids and labels of each; index 0 is no target, nor is index `position` + 1.
        exchanges: each made by itself.
        layer: the block at whose output they act, counted from 0.
        position: of the differences.
        batch_size: exchanges in one forward pass.
        description: what the progress bar says.

    Raises:
        UserError: a direction is zero or not finite, or a text has no scored token.
    """
    device = finetuned.device
    along, into = (_units([getattr(x, end) for x in exchanges]).to(device) for end in ("along", "into"))
    nats, shares = [], []
    for place, (ids, labels) in enumerate(tqdm(texts, desc=description)):
        targets = _targets(labels, position)
        if not targets:
            raise UserError(f"Text {place} has no scored token besides the one that is left out: raise the tokens.")
        tokens = torch.tensor([ids])
        start = hidden_states(finetuned, tokens, layer)[0].float()
        difference = hidden_states(base, tokens, layer)[0].float().to(device) - start
        amounts, lying = (vectors @ difference.T for vectors in (along, into))
        added = torch.cat([torch.zeros_like(start)[None], amounts[..., None] * into[:, None]])
        losses = torch.cat([_losses(finetuned, ids, targets, start + part, layer) for part in added.split(batch_size)])
        nats.append(losses[1:] - losses[0])
        shares.append(lying[:, 1:].square().sum(dim=1) / difference[1:].square().sum().clamp_min(1e-30))
    return Exchanged(torch.stack(nats, dim=1), torch.stack(shares, dim=1).double().cpu())


def _losses(
    model: PreTrainedModel, ids: list[int], targets: list[int], hidden: torch.Tensor, layer: int
) -> torch.Tensor:
    """Mean cross-entropy of one text's targets, with each of `hidden` as h[layer], shape (exchanges,), float64."""
    tokens = torch.tensor([ids], device=model.device).expand(len(hidden), -1)
    with replaced(model, skipped(range(layer)) | {layer: Skip(hidden.to(model.dtype))}):
        final = decoder(model)(input_ids=tokens, use_cache=False).last_hidden_state
    logits = unembed(model, final[:, [target - 1 for target in targets]])
    wanted = tokens[:, targets]
    found = cross_entropy(logits.flatten(0, 1), wanted.flatten(), reduction="none")
    return found.reshape(wanted.shape).double().mean(dim=1).cpu()
