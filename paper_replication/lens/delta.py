"""The activation difference: its mean, how certain that is, and its controls (arXiv 2510.13900, section 2)."""

from dataclasses import dataclass

import torch

from paper_replication.errors import UserError


@dataclass(frozen=True)
class Delta:
    """Mean activations and their difference, per position, with measures of how many documents suffice.

    Attributes:
        difference: delta_bar_j, shape (positions, d_model), float32.
        base: mean of h_base[l, j], same shape.
        finetuned: mean of h_ft[l, j], same shape.
        standard_error_norm: L2 norm of the standard error of delta_bar_j, shape (positions,).
        split_half_cosine: cosine of delta_bar_j over the even and over the odd documents, shape (positions,).
        n_documents: number of documents averaged.
    """

    difference: torch.Tensor
    base: torch.Tensor
    finetuned: torch.Tensor
    standard_error_norm: torch.Tensor
    split_half_cosine: torch.Tensor
    n_documents: int


def measure_delta(base: torch.Tensor, finetuned: torch.Tensor) -> Delta:
    """delta_bar_j = mean over documents of h_ft[l, j] - h_base[l, j].

    Args:
        base: h_base[l, j] of every document, shape (documents, positions, d_model), float32.
        finetuned: h_ft[l, j] on the same documents, same shape.

    Raises:
        UserError: the shapes differ, or there are fewer than two documents.
    """
    if base.shape != finetuned.shape:
        raise UserError(f"Base and finetuned activations differ in shape: {base.shape} and {finetuned.shape}.")
    if len(base) < 2:
        raise UserError("At least two documents are needed for a standard error.")
    # Double precision: a mean of thousands of float32 numbers, some a hundred times larger than the rest.
    difference = finetuned.double() - base.double()
    halves = difference[0::2].mean(dim=0), difference[1::2].mean(dim=0)
    error = difference.std(dim=0) / len(difference) ** 0.5
    return Delta(
        difference=difference.mean(dim=0).float(),
        base=base.double().mean(dim=0).float(),
        finetuned=finetuned.double().mean(dim=0).float(),
        standard_error_norm=error.norm(dim=-1).float(),
        split_half_cosine=torch.cosine_similarity(*halves, dim=-1).float(),
        n_documents=len(base),
    )


def random_vectors(count: int, width: int, seed: int) -> torch.Tensor:
    """Directions drawn evenly from the sphere, shape (count, width), float32, unit norm."""
    generator = torch.Generator().manual_seed(seed)
    vectors = torch.randn(count, width, generator=generator)
    return vectors / vectors.norm(dim=-1, keepdim=True)
