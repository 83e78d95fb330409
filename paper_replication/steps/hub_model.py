"""Make a base model's folder from one of the Hub, or from a folder in its layout."""

from paper_replication.hub import MODEL_FILES, is_path, snapshot, state_commit
from paper_replication.hub_models import (
    check_finite,
    check_lens,
    check_sizes,
    lasting_template,
    load_whole,
    plain_generation,
)
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.hub import HubModel


def hub_model(settings: HubModel, files: list[Input], folder: Output) -> None:
    """Copy weights in their own precision, and the tokenizer; template and generation config made the same every day.

    `files` are those of a folder of one's own, for the record; of a repository, `hub.json` states which commit it was,
    since no revision may have been pinned.

    Raises:
        UserError: the model is gated, cannot be reached or read, its tokenizer is another model's, weights are not
            finite, or it is of a type that the lens cannot read.
    """
    found = snapshot(settings.hub, settings.revision or "main", MODEL_FILES)
    loaded, tokenizer = load_whole(found, settings.hub)
    if settings.chat_template:
        tokenizer.chat_template = settings.chat_template
    tokenizer.chat_template = lasting_template(tokenizer)
    loaded.generation_config = plain_generation(loaded, tokenizer, settings.eos_token_ids)
    check_sizes(loaded, tokenizer, settings.hub)
    check_finite(loaded.named_parameters(), settings.hub)
    check_lens(loaded, tokenizer, settings.hub)
    loaded.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    if not is_path(settings.hub):
        state_commit(folder / "hub.json", settings.hub, found.name)


if __name__ == "__main__":
    run(hub_model)
