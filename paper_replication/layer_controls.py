"""The lens's controls at other layers: what is read there of the models' means and of random vectors."""

from collections.abc import Iterator

import torch

from paper_replication.lens_ablations import BASE, FINETUNED, Condition

BASE_MEAN, FINETUNED_MEAN, RANDOM = "base_mean", "finetuned_mean", "random"


def sets_of_vectors(vectors: torch.Tensor, positions: int) -> torch.Tensor:
    """As many sets of vectors as there are, for a maximum over as many of them as of positions.

    Args:
        vectors: shape (vectors, d_model); those beyond the last whole set are left out.
        positions: how many make a set.

    Returns:
        Shape (sets, positions, d_model).
    """
    count = len(vectors) // positions
    return vectors[: count * positions].unflatten(0, (count, positions))


def control_conditions(
    base: torch.Tensor,
    finetuned: torch.Tensor,
    norms: torch.Tensor,
    depths: list[float],
    layers: list[int],
    random: torch.Tensor,
) -> Iterator[Condition]:
    """Both means and random vectors at each layer, to be written by Patchscope at that same layer.

    The base mean is read by the base model, all others by the finetuned one, as at the layer of analysis. `ablation` is
    the vector, for random vectors with the number of their set.

    Args:
        base: h_base at every layer, shape (layers, documents, positions, d_model), float32.
        finetuned: h_ft at the same, same shape.
        norms: the norm of ordinary activations of the finetuned model, shape (layers,).
        depths: the layers' fractions of depth.
        layers: the blocks, counted from 0.
        random: `sets_of_vectors`, the same at every layer.
    """
    positions, documents = list(range(base.shape[2])), base.shape[1]
    for place, (depth, layer) in enumerate(zip(depths, layers, strict=True)):
        named = {"condition": f"{depth:.0%} of depth", "value": float(layer), "layer": layer}
        named |= {"positions": positions, "target_norm": norms[place].item()}
        means = {BASE_MEAN: (base, BASE), FINETUNED_MEAN: (finetuned, FINETUNED)}
        for name, (activations, reader) in means.items():
            vectors = activations[place].double().mean(dim=0).float()
            yield Condition(name, vectors=vectors, n_documents=documents, reader=reader, vector=name, **named)
        for number, vectors in enumerate(random):
            yield Condition(f"{RANDOM} {number}", vectors=vectors, n_documents=0, vector=RANDOM, **named)
