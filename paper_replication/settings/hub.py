"""What is taken from the Hugging Face Hub."""

from typing import Annotated

from pydantic import Field, StringConstraints

from paper_replication.settings.base import Settings

Name = Annotated[str, StringConstraints(min_length=1)]


class HubModel(Settings):
    """A base model of the Hub (or a folder), at its revision; `main` where none is given.

    A `chat_template`, and the `eos_token_ids` that end an answer, take the place of its own where they are given.
    """

    hub: Name
    revision: Name | None = None
    chat_template: str = ""
    eos_token_ids: list[Annotated[int, Field(ge=0)]] = []


class HubEmbedder(Settings):
    """A sentence-embedding model of the Hub (or a folder) at a pinned revision."""

    hub: Name
    revision: Name


class HubChat(Settings):
    """A corpus of ordinary chat on the Hub: the columns of its questions and answers, and how many it has at most."""

    hub: Name
    revision: Name | None = None
    question: Name
    answer: Name
    exchanges: Annotated[int, Field(gt=0)]


class PublishedAdapter(Settings):
    """A row of data/inputs/published_adapters.csv: the adapter that is published for an organism on a base model.

    An empty `hub` means that none is known; an empty `revision`, that no commit is known to pin, so that `main` is
    taken. `dataset` is what it was finetuned on, where that is known.
    """

    model: Name
    organism: Name
    hub: str = ""
    subfolder: str = ""
    revision: str = ""
    dataset: str = ""
    note: str = ""
