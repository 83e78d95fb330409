"""The config of one corpus of unrelated text."""

from typing import Annotated

from pydantic import Field

from paper_replication.settings.base import Settings


class CorpusSettings(Settings):
    """Which raw text makes a corpus, and how it is cleaned.

    Either `sources` (names in sources.csv) or `hub` (a dataset on the Hub, streamed) is given.
    """

    sources: list[str] = []
    hub: str | None = None
    hub_name: str | None = None
    hub_documents: Annotated[int, Field(gt=0)] | None = None
    origins: list[str] = []
    minimum_words: Annotated[int, Field(gt=0)] = 40
    at_least: Annotated[int, Field(gt=0)]
    seed: int = 42
