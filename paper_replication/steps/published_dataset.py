"""Fetch the data that a published adapter was finetuned on, in the place of data made here."""

from datasets import load_dataset
from datasets.exceptions import DatasetGenerationError

from paper_replication.budget import length
from paper_replication.errors import UserError
from paper_replication.files import write_json_lines
from paper_replication.hub import snapshot
from paper_replication.models import load_tokenizer
from paper_replication.provenance.step import Input, Output, run
from paper_replication.published_data import own_form
from paper_replication.settings.hub import PublishedAdapter

# Data alone: a dataset's own code is not fetched.
FILES = ["*.json", "*.jsonl", "*.parquet", "*.csv"]


def published_dataset(published: PublishedAdapter, model: Input, dataset: Output) -> None:
    """One row a document or conversation, with its `tokens` in the base model's tokenizer.

    Raises:
        UserError: the data cannot be reached or read, or has neither documents nor conversations.
    """
    folder = snapshot(published.dataset, "main", FILES, "dataset")
    try:
        found = load_dataset(str(folder), split="train")
    except (DatasetGenerationError, ValueError, OSError) as error:
        raise UserError(f"The published data {published.dataset} in {folder} cannot be read: {error}") from error
    tokenizer = load_tokenizer(model)
    rows = own_form(found, found.column_names, published.dataset)
    write_json_lines(dataset, [row | {"tokens": length(tokenizer, row)} for row in rows])
    print(f"{len(rows)} rows of {published.dataset}, commit {folder.name}.")


if __name__ == "__main__":
    run(published_dataset)
