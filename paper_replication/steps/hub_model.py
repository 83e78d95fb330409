"""Make a base model's folder from one of the Hub, or from a folder in its layout."""

from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer

from paper_replication.errors import UserError
from paper_replication.hub import snapshot
from paper_replication.hub_models import check_finite, check_sizes, lasting_template, plain_generation
from paper_replication.provenance.step import Output, run
from paper_replication.settings.hub import HubModel

# Weights that are not safetensors are pickles, which would run what they hold.
FILES = ["*.json", "*.safetensors", "*.jinja", "*.model", "merges.txt", "vocab.txt"]


def hub_model(settings: HubModel, folder: Output) -> None:
    """Copy weights in their own precision, and the tokenizer; template and generation config made the same every day.

    Raises:
        UserError: the model is gated, cannot be reached or read, its tokenizer is another model's, or weights are not
            finite.
    """
    found = snapshot(settings.hub, settings.revision or "main", FILES)
    try:
        loaded = AutoModelForCausalLM.from_pretrained(found, dtype="auto", use_safetensors=True)
        tokenizer = AutoTokenizer.from_pretrained(found)
    except (OSError, ValueError, SafetensorError) as error:
        raise UserError(
            f"The model {settings.hub} cannot be loaded from {found}: it needs config, weights in safetensors and "
            f"tokenizer, none of them truncated. Remove that folder, and fetch it again. ({error})"
        ) from error
    check_sizes(loaded, tokenizer, settings.hub)
    check_finite(loaded.named_parameters(), settings.hub)
    tokenizer.chat_template = lasting_template(tokenizer)
    loaded.generation_config = plain_generation(loaded)
    loaded.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    run(hub_model)
