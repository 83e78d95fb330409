"""Measure the activation difference between a base and a finetuned model."""

import pandas as pd
from safetensors.torch import load_file, save_file

from paper_replication.files import write_table
from paper_replication.lens.delta import measure_delta
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.run import RunLabel


def delta(label: RunLabel, corpus_name: str, base: Input, finetuned: Input, vectors: Output, summary: Output) -> None:
    """Save delta_bar and its two control means with the target norm, and a table of how certain delta_bar is."""
    before, after = load_file(base), load_file(finetuned)
    found = measure_delta(before["activations"], after["activations"])
    target_norm = after["norms"].mean()
    tensors = {"difference": found.difference, "base": found.base, "finetuned": found.finetuned}
    save_file(tensors | {"target_norm": target_norm.reshape(1)}, vectors)
    table = pd.DataFrame(
        {
            **label.model_dump(),
            "corpus": corpus_name,
            "position": range(len(found.difference)),
            "n_documents": found.n_documents,
            "difference_norm": found.difference.norm(dim=-1),
            "standard_error_norm": found.standard_error_norm,
            "split_half_cosine": found.split_half_cosine,
            "base_norm": found.base.norm(dim=-1),
            "finetuned_norm": found.finetuned.norm(dim=-1),
            "target_norm": target_norm.item(),
        }
    )
    write_table(summary, table)


if __name__ == "__main__":
    run(delta)
