"""Collect a model's activations on unrelated documents, before or after finetuning."""

import torch
from safetensors.torch import save_file

from paper_replication.files import read_json_lines
from paper_replication.lens.activations import collect, windows
from paper_replication.models import load_model, load_tokenizer, middle_layer
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.lens import ActivationSettings


def activations(
    settings: ActivationSettings, corpus: Input, model: Input, adapter: Input | None, tensors: Output
) -> None:
    """Save the first positions' activations of every document, and the norms at later positions of some."""
    texts = [row["text"] for row in read_json_lines(corpus)]
    loaded = load_model(model, adapter, getattr(torch, settings.precision))
    tokens = windows(load_tokenizer(model), texts, settings.n_documents, settings.window)
    layer = middle_layer(loaded.config.get_text_config().num_hidden_layers, settings.layer)
    first = collect(loaded, tokens[:, : settings.positions], layer, settings.batch_size, "activations")
    later = collect(loaded, tokens[: settings.norm_documents], layer, settings.batch_size, "norms")
    found = {"activations": first, "norms": later[:, settings.positions :].norm(dim=-1)}
    save_file({name: tensor.contiguous() for name, tensor in found.items()}, tensors, {"layer": str(layer)})


if __name__ == "__main__":
    run(activations)
