"""Make a base model's folder from some layers of packaged GGUF weights."""

import copy

from transformers import AutoModelForCausalLM, PreTrainedModel

from paper_replication.errors import UserError
from paper_replication.models import convert_gguf
from paper_replication.provenance.step import Input, Output, run


def keep(model: PreTrainedModel, layers: list[int]) -> PreTrainedModel:
    """Some of a model's layers, counted from 0, one after another between its embeddings and its final norm.

    Raises:
        UserError: the model has no such layer.
    """
    there = model.config.num_hidden_layers
    if max(layers) >= there:
        raise UserError(f"There is no layer {max(layers)} among {there}. Correct `layers` of the model in the config.")
    config = copy.deepcopy(model.config)
    config.num_hidden_layers = len(layers)
    weights = {name: weight for name, weight in model.state_dict().items() if ".layers." not in name}
    for place, layer in enumerate(layers):
        old = f"model.layers.{layer}."
        of_layer = {name.removeprefix(old): w for name, w in model.state_dict().items() if name.startswith(old)}
        weights |= {f"model.layers.{place}.{name}": weight for name, weight in of_layer.items()}
    shallow = AutoModelForCausalLM.from_config(config, dtype=model.dtype)
    shallow.load_state_dict(weights)
    return shallow


def shallow_model(layers: list[int], source: Input, folder: Output) -> None:
    """Convert fetched GGUF weights and keep some layers: too few to say anything, in a fraction of the time."""
    weights = list(source.glob("*.gguf"))
    if len(weights) != 1:
        raise UserError(f"{source} should hold one GGUF file, but holds {len(weights)}.")
    loaded, tokenizer = convert_gguf(weights[0])
    keep(loaded, layers).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    run(shallow_model)
