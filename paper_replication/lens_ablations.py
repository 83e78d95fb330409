"""Ablations of the lens: what it reads with one of its choices changed at a time (arXiv 2510.13900, section 2)."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from tqdm import tqdm
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from paper_replication.errors import UserError
from paper_replication.lens.blocks import hidden_states
from paper_replication.models import decoder

# The token that documents are told apart by, in the vocabularies that have it; others have their end of sequence.
END_OF_TEXT = "<|endoftext|>"
ALL_DOCUMENTS = "all documents"
# Adapter weights of the two models that the lens compares.
BASE, FINETUNED = 0.0, 1.0


@dataclass(frozen=True)
class Plan:
    """What is read from every model.

    Attributes:
        tokens: token ids of the documents, shape (documents, window), int64.
        norm_documents: how many of the first documents give the target norm.
        first: number of first positions at which delta is measured, and which the target norm leaves out.
        far: positions at which delta is measured at the layer of analysis.
        middle: the layer of analysis, counted from 0.
        layers: the other layers at which delta is measured.
        inputs: token ids of inputs without content, by name, shape (1, tokens) each, int64.
        batch_size: documents in one forward pass.
    """

    tokens: torch.Tensor
    norm_documents: int
    first: int
    far: list[int]
    middle: int
    layers: list[int]
    inputs: dict[str, torch.Tensor]
    batch_size: int


@dataclass(frozen=True)
class Measured:
    """Activations of one model, float32.

    Attributes:
        first: by layer, at the first positions, shape (documents, positions, d_model) each.
        norms: by layer, mean L2 norm at the later positions.
        far: at the layer of analysis, shape (documents, far positions, d_model); none unless asked for.
        inputs: at the layer of analysis, by name, shape (1, tokens, d_model) each; none unless asked for.
    """

    first: dict[int, torch.Tensor]
    norms: dict[int, float]
    far: torch.Tensor | None
    inputs: dict[str, torch.Tensor]


@dataclass(frozen=True)
class Condition:
    """Vectors to be read under one condition of an ablation.

    Attributes:
        ablation: which choice of the lens is changed.
        condition: what it is changed to.
        value: the same as a number: layer, position, documents, tokens, or the adapter's weight.
        vectors: shape (positions, d_model), float32.
        positions: where they were measured, counted from 0.
        layer: the block at whose output they were measured, and at which Patchscope writes them.
        target_norm: the norm of ordinary activations there.
        n_documents: how many inputs were averaged.
        reader: the adapter's weight in the model that reads them, from 0 (base) to 1 (finetuned).
        vector: what the vectors are.
        variance_shares: of the first directions, shape (positions, directions); only where there are directions.
    """

    ablation: str
    condition: str
    value: float
    vectors: torch.Tensor
    positions: list[int]
    layer: int
    target_norm: float
    n_documents: int
    reader: float = FINETUNED
    vector: str = "difference"
    variance_shares: torch.Tensor | None = None


@torch.no_grad()
def weighted(base: PreTrainedModel, finetuned: PreTrainedModel, weight: float) -> PreTrainedModel:
    """A copy of the finetuned model with its update scaled: W_base + weight * (W_finetuned - W_base).

    Exactly the base model at 0 and the finetuned one at 1.
    """
    # Where a head was finetuned apart from the embeddings that it was tied to, the finetuned model has a weight more.
    model, starts = copy.deepcopy(finetuned), dict(base.named_parameters(remove_duplicate=False))
    for name, weights in model.named_parameters():
        weights.copy_(torch.lerp(starts[name], weights, weight))
    return model


def empty_input(tokenizer: PreTrainedTokenizerBase) -> tuple[str, list[int]]:
    """The shortest input: BOS alone where the tokenizer puts it in front of texts, else the end-of-text token alone.

    Returns:
        Its name, `bos` or `end_of_text`, and its token ids.
    """
    prefix = tokenizer("", add_special_tokens=True)["input_ids"]
    if prefix:
        return "bos", prefix
    known = tokenizer.get_vocab()
    return "end_of_text", [known.get(END_OF_TEXT, tokenizer.eos_token_id)]


def inputs_without_content(
    tokenizer: PreTrainedTokenizerBase, whitespace: dict[str, str], length: int
) -> dict[str, torch.Tensor]:
    """BOS (or the end-of-text token) alone, and inputs of nothing but one whitespace token after another.

    Args:
        tokenizer: special tokens are put in front where it has them.
        whitespace: texts by name, each of whose first token is repeated.
        length: tokens of the whitespace inputs.

    Returns:
        Token ids by name, shape (1, tokens) each, int64.
    """
    name, alone = empty_input(tokenizer)
    prefix = tokenizer("", add_special_tokens=True)["input_ids"]
    found = {name: alone}
    for named, text in whitespace.items():
        token = tokenizer(text, add_special_tokens=False)["input_ids"][0]
        found[named] = (prefix + [token] * length)[:length]
    return {name: torch.tensor([ids]) for name, ids in found.items()}


@torch.no_grad()
def collect_blocks(
    model: PreTrainedModel,
    tokens: torch.Tensor,
    layers: list[int],
    positions: list[int],
    batch_size: int,
    description: str,
) -> torch.Tensor:
    """The residual stream at the output of several blocks, from one pass through the blocks up to the deepest.

    Args:
        model: the model.
        tokens: shape (documents, tokens), int64.
        layers: the blocks, counted from 0.
        positions: which tokens to keep.
        batch_size: documents in one forward pass.
        description: what the progress bar says.

    Returns:
        Shape (layers, documents, positions, d_model), float32, on the CPU.

    Raises:
        UserError: a position is beyond the tokens, or an activation is not finite.
    """
    if max(positions) >= tokens.shape[1]:
        raise UserError(
            f"Position {max(positions)} is beyond inputs of {tokens.shape[1]} tokens: lower ablations.positions or "
            "enlarge ablations.window in the config."
        )
    kept: dict[int, list[torch.Tensor]] = {layer: [] for layer in layers}
    blocks = decoder(model).layers
    hooks = [
        blocks[layer].register_forward_hook(
            lambda _module, _inputs, output, layer=layer: kept[layer].append(output[:, positions].float().cpu())
        )
        for layer in kept
    ]
    try:
        for batch in tqdm(tokens.split(batch_size), desc=description):
            hidden_states(model, batch, max(layers))
    finally:
        for hook in hooks:
            hook.remove()
    activations = torch.stack([torch.cat(kept[layer]) for layer in layers])
    if not torch.isfinite(activations).all():
        raise UserError(f"Activations ({description}) are not all finite; use float32 weights.")
    return activations


def measure(model: PreTrainedModel, plan: Plan, name: str, *, whole: bool) -> Measured:
    """Activations of one model: `whole` for all that the plan names, else the layer of analysis alone."""
    layers = sorted({plan.middle, *plan.layers}) if whole else [plan.middle]
    at_first, later = list(range(plan.first)), list(range(plan.first, plan.tokens.shape[1]))
    size = plan.batch_size
    first = collect_blocks(model, plan.tokens[:, : plan.first], layers, at_first, size, f"{name}: first positions")
    norms = collect_blocks(model, plan.tokens[: plan.norm_documents], layers, later, size, f"{name}: norms")
    far, inputs = None, {}
    if whole:
        far = collect_blocks(model, plan.tokens, [plan.middle], plan.far, size, f"{name}: positions")[0]
        for given, tokens in plan.inputs.items():
            everywhere = list(range(tokens.shape[1]))
            inputs[given] = collect_blocks(model, tokens, [plan.middle], everywhere, size, f"{name}: {given}")[0]
    means = norms.norm(dim=-1).mean(dim=(1, 2)).tolist()
    return Measured(dict(zip(layers, first, strict=True)), dict(zip(layers, means, strict=True)), far, inputs)


def mean_difference(base: torch.Tensor, finetuned: torch.Tensor) -> torch.Tensor:
    """delta_bar_j over documents, from shape (documents, positions, d_model) to (positions, d_model), float32."""
    return (finetuned.double() - base.double()).mean(dim=0).float()


def first_directions(differences: torch.Tensor, directions: int, *, centred: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """The first direction of per-document differences, and the shares of variance of the first few.

    The singular value decomposition of the matrix of differences as they are (uncentred: shares are of the sum of
    squares about zero), or less their mean (centred: shares are of the variance over documents).

    Args:
        differences: delta of every document, shape (documents, d_model).
        directions: how many shares are wanted.
        centred: whether the mean is taken off first.

    Returns:
        The first direction, of unit norm, with the sign that makes its cosine to the mean difference positive, shape
        (d_model,), float32; and the shares, largest first, shape (directions,), float32.
    """
    rows = differences.double()
    mean = rows.mean(dim=0)
    if centred:
        rows = rows - mean
    values, vectors = torch.linalg.eigh(rows.T @ rows)
    shares = values.flip(0).clamp(min=0)[:directions] / values.sum().clamp(min=torch.finfo(torch.float64).tiny)
    first = vectors[:, -1]
    return (first if first @ mean >= 0 else -first).float(), shares.float()


def _of_documents(full: Condition, base: torch.Tensor, finetuned: torch.Tensor, **labels: object) -> Condition:
    """A condition like the full one, but of other documents."""
    return replace(full, vectors=mean_difference(base, finetuned), n_documents=len(base), **labels)


def full_condition(base: torch.Tensor, finetuned: torch.Tensor, layer: int, target_norm: float) -> Condition:
    """The lens as it is: delta_bar over all documents of the main corpus, read by the finetuned model.

    Args:
        base: h_base[l, j] of every document, shape (documents, positions, d_model), float32.
        finetuned: h_ft[l, j] on the same documents, same shape.
        layer: the layer of analysis.
        target_norm: the norm of ordinary activations there.
    """
    vectors, n = mean_difference(base, finetuned), len(base)
    return Condition(
        "documents", ALL_DOCUMENTS, float(n), vectors, list(range(vectors.shape[0])), layer, target_norm, n_documents=n
    )


def document_conditions(
    full: Condition, base: torch.Tensor, finetuned: torch.Tensor, counts: list[int]
) -> Iterator[Condition]:
    """Delta over the first few documents of the main corpus, and over all.

    Raises:
        UserError: there are fewer documents than a count.
    """
    for count in counts:
        if count > len(base):
            raise UserError(f"ablations.document_counts: {count} is more than the corpus's {len(base)} documents.")
        yield _of_documents(full, base[:count], finetuned[:count], condition=f"{count} documents", value=float(count))
    yield full


def corpus_condition(full: Condition, name: str, base: torch.Tensor, finetuned: torch.Tensor) -> Condition:
    """Delta over the documents of another corpus."""
    return _of_documents(full, base, finetuned, ablation="corpora", condition=name, value=float(len(base)))


def head_condition(full: Condition) -> Condition:
    """The full difference, read through the base model instead of the finetuned one."""
    return replace(full, ablation="head", condition="base_head", value=BASE, reader=BASE)


def direction_conditions(
    full: Condition, base: torch.Tensor, finetuned: torch.Tensor, directions: int
) -> Iterator[Condition]:
    """The first direction of the per-document differences of each position, in place of their mean."""
    differences = (finetuned.double() - base.double()).unbind(dim=1)
    for name, centred in (("uncentred", False), ("centred", True)):
        found = [first_directions(rows, directions, centred=centred) for rows in differences]
        vectors, shares = (torch.stack(parts) for parts in zip(*found, strict=True))
        yield replace(
            full,
            ablation="directions",
            condition=name,
            value=1.0,
            vectors=vectors,
            vector="first_direction",
            variance_shares=shares,
        )


def layer_conditions(base: Measured, finetuned: Measured, plan: Plan, depths: list[float]) -> Iterator[Condition]:
    """Delta at other layers, written by Patchscope at that same layer; `depths` are the layers' fractions."""
    for depth, layer in zip(depths, plan.layers, strict=True):
        vectors = mean_difference(base.first[layer], finetuned.first[layer])
        norm, n = finetuned.norms[layer], len(plan.tokens)
        name = f"{depth:.0%} of depth"
        yield Condition("layers", name, float(layer), vectors, list(range(plan.first)), layer, norm, n)


def position_conditions(base: Measured, finetuned: Measured, plan: Plan) -> Iterator[Condition]:
    """Delta at each of the plan's far positions, one condition a position."""
    vectors = mean_difference(base.far, finetuned.far)
    norm, n = finetuned.norms[plan.middle], len(plan.tokens)
    for position, vector in zip(plan.far, vectors, strict=True):
        yield Condition(
            "positions", f"position {position}", float(position), vector[None], [position], plan.middle, norm, n
        )


def input_conditions(base: Measured, finetuned: Measured, plan: Plan) -> Iterator[Condition]:
    """Delta on each input without content, at every token of it."""
    norm = finetuned.norms[plan.middle]
    for name in plan.inputs:
        vectors = mean_difference(base.inputs[name], finetuned.inputs[name])
        n = len(vectors)
        yield Condition("inputs", name, float(n), vectors, list(range(n)), plan.middle, norm, n_documents=1)


def weight_condition(base: Measured, other: Measured, plan: Plan, weight: float) -> Condition:
    """Delta of the model with a scaled adapter, read by that same model."""
    vectors = mean_difference(base.first[plan.middle], other.first[plan.middle])
    norm, n = other.norms[plan.middle], len(plan.tokens)
    name, positions = f"weight {weight:g}", list(range(plan.first))
    return Condition("adapter_weight", name, weight, vectors, positions, plan.middle, norm, n, reader=weight)


def conditions_of_models(
    model_at: Callable[[float], PreTrainedModel], plan: Plan, depths: list[float], weights: list[float]
) -> Iterator[Condition]:
    """All conditions that need activations of their own; every model is read once.

    Args:
        model_at: from the adapter's weight to the model, such as `weighted` of two models.
        plan: what is read.
        depths: fractions of depth of the plan's layers.
        weights: of the adapter, in [0, 1].
    """
    ends = {weight: measure(model_at(weight), plan, f"weight {weight:g}", whole=True) for weight in (BASE, FINETUNED)}
    before, after = ends[BASE], ends[FINETUNED]
    yield from layer_conditions(before, after, plan, depths)
    yield from position_conditions(before, after, plan)
    yield from input_conditions(before, after, plan)
    for weight in weights:
        other = ends.get(weight) or measure(model_at(weight), plan, f"weight {weight:g}", whole=False)
        yield weight_condition(before, other, plan, weight)


def geometry_rows(condition: Condition, full: Condition) -> list[dict[str, object]]:
    """One row a position: norms, cosine to the full difference of the same layer and position, shares of variance.

    Directions have no norm of their own, and only they have shares of variance.
    """
    rows = []
    for place, (position, vector) in enumerate(zip(condition.positions, condition.vectors, strict=True)):
        norm = vector.norm().item()
        row = {
            "ablation": condition.ablation,
            "condition": condition.condition,
            "value": condition.value,
            "position": position,
            "delta_norm": norm if condition.vector == full.vector else float("nan"),
            "target_norm": condition.target_norm,
            "cosine_to_full": float("nan"),
        }
        if condition.layer == full.layer and position in full.positions and norm > 0:
            reference = full.vectors[full.positions.index(position)]
            row["cosine_to_full"] = torch.cosine_similarity(vector.double(), reference.double(), dim=0).item()
        if condition.variance_shares is not None:
            shares = condition.variance_shares[place].tolist()
            row |= {f"variance_share_{i}": share for i, share in enumerate(shares, start=1)}
        rows.append(row | {"n_documents": condition.n_documents})
    return rows
