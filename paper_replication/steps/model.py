"""Make a base model's folder: safetensors weights, tokenizer and chat template."""

from transformers import AutoModelForCausalLM, AutoTokenizer

from paper_replication.errors import UserError
from paper_replication.models import convert_gguf
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.models import ModelSettings


def model(settings: ModelSettings, source: Input | None, folder: Output) -> None:
    """Convert fetched GGUF weights, or copy a model from the Hub or a local folder at its pinned revision."""
    if source is not None:
        weights = list(source.glob("*.gguf"))
        if len(weights) != 1:
            raise UserError(f"{source} should hold one GGUF file, but holds {len(weights)}.")
        loaded, tokenizer = convert_gguf(weights[0])
    else:
        try:
            loaded = AutoModelForCausalLM.from_pretrained(settings.hub, revision=settings.revision, dtype="auto")
            tokenizer = AutoTokenizer.from_pretrained(settings.hub, revision=settings.revision)
        except OSError as error:
            raise UserError(
                f"The model {settings.hub} cannot be loaded. Gated models need their terms accepted on the Hub and a "
                f"token in the variable HF_TOKEN; a local folder needs config, weights and tokenizer. ({error})"
            ) from error
    loaded.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    run(model)
