"""Read the difference, both control means and random vectors as tokens."""

import pandas as pd
import torch
from safetensors.torch import load_file
from transformers import PreTrainedTokenizerBase

from paper_replication.errors import UserError
from paper_replication.lens.delta import random_vectors
from paper_replication.lens.logit_lens import logit_lens
from paper_replication.lens.patchscope import patchscope
from paper_replication.lens.readout import TopTokens
from paper_replication.models import load_model, load_tokenizer, middle_layer
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.lens import ReadoutSettings
from paper_replication.token_tables import write_token_table

Labels = list[dict[str, object]]


def rows_of(found: TopTokens, labels: Labels, tokenizer: PreTrainedTokenizerBase) -> Labels:
    """One row a token: the labels of its vector, its rank from 1, its text and its probability."""
    return [
        label | {"rank": rank, "token_id": token, "token": tokenizer.decode([token]), "probability": probability}
        for label, ids, values in zip(labels, found.ids.tolist(), found.probabilities.tolist(), strict=True)
        for rank, (token, probability) in enumerate(zip(ids, values, strict=True), start=1)
    ]


def readouts(
    settings: ReadoutSettings, layer: float, vectors: Input, model: Input, adapter: Input, tokens: Output
) -> None:
    """Decode each vector by the logit lens (also negated) and by Patchscope at every scale.

    The difference, the finetuned mean and random vectors are read through the finetuned model, the base mean through
    the base model. Random vectors stand at position -1. The negated vector's logit lens is at scale -1.

    Raises:
        UserError: a vector has a norm of zero, and no direction.
    """
    tensors = load_file(vectors)
    if any((tensors[name].norm(dim=-1) == 0).any() for name in ("difference", "finetuned", "base")):
        raise UserError(f"{vectors} has a vector of norm zero, as of a model that was not finetuned: nothing to read.")
    target_norm = tensors["target_norm"].item()
    tokenizer = load_tokenizer(model)
    random = random_vectors(settings.random_vectors, tensors["difference"].shape[-1], settings.random_seed)
    rows: Labels = []
    for reader, names in ((adapter, ("difference", "finetuned_mean", "random")), (None, ("base_mean",))):
        loaded = load_model(model, reader, getattr(torch, settings.precision))
        n_layers = loaded.config.get_text_config().num_hidden_layers
        injection = middle_layer(n_layers, layer if settings.injection_layer is None else settings.injection_layer)
        source = {"difference": "difference", "finetuned_mean": "finetuned", "base_mean": "base"}
        groups = {name: random if name == "random" else tensors[source[name]] for name in names}
        stacked = torch.cat(list(groups.values()))
        labels = [
            {"vector": name, "index": i, "position": -1 if name == "random" else i}
            for name, group in groups.items()
            for i in range(len(group))
        ]
        for sign in (1.0, -1.0):
            lens = logit_lens(loaded, sign * stacked, settings.cached_tokens)
            rows += rows_of(lens, [{"readout": "logit_lens", "scale": sign} | label for label in labels], tokenizer)
        unit = stacked / stacked.norm(dim=-1, keepdim=True) * target_norm
        scaled = torch.cat([scale * unit for scale in settings.scales])
        read = patchscope(loaded, tokenizer, scaled, injection, settings.graded_tokens, settings.batch_size)
        named = [{"readout": "patchscope", "scale": s} | label for s in settings.scales for label in labels]
        rows += rows_of(read, named, tokenizer)
    write_token_table(tokens, pd.DataFrame(rows))


if __name__ == "__main__":
    run(readouts)
