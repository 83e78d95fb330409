"""Fetch the data that a published adapter was finetuned on, in the place of data made here."""

from jinja2 import TemplateError

from paper_replication.budget import length
from paper_replication.errors import UserError
from paper_replication.files import write_json_lines
from paper_replication.hub import state_commit
from paper_replication.hub_data import fetch_data
from paper_replication.models import load_tokenizer
from paper_replication.paths import PUBLISHED
from paper_replication.provenance.step import Input, Output, run
from paper_replication.published_data import own_form
from paper_replication.settings.hub import PublishedAdapter


def published_dataset(
    published: PublishedAdapter, model: Input, files: list[Input], dataset: Output, source: Output
) -> None:
    """One row a document or conversation, with its `tokens` in the base model's tokenizer; and where they came from.

    `files` are those of a folder of one's own, for the record.
    """
    found, commit = fetch_data(published.dataset, "main")
    tokenizer = load_tokenizer(model)
    rows = own_form(found, found.column_names, published.dataset)
    try:
        rows = [row | {"tokens": length(tokenizer, row)} for row in rows]
    except TemplateError as error:
        raise UserError(
            f"The base model's chat template refuses a conversation of {published.dataset}: {error} Leave the dataset "
            f"out of {PUBLISHED}, or give the model another `chat_template` in the config."
        ) from error
    write_json_lines(dataset, rows)
    state_commit(source, published.dataset, commit)


if __name__ == "__main__":
    run(published_dataset)
