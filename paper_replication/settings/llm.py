"""The config of requests to an LLM, whatever it is asked for."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field

from paper_replication.settings.base import Settings

NOT_RUN = "none"


class RequestSettings(Settings):
    """How an LLM is asked: the `temperature` of its answers, and how a request that fails is repeated.

    A request is given up after `timeout_seconds`, and sent again at most `max_retries` times; so is one whose endpoint
    cannot be reached, has too much to do or fails.
    """

    temperature: Annotated[float, Field(ge=0)]
    max_retries: Annotated[int, Field(ge=0)]
    timeout_seconds: Annotated[int, Field(gt=0)]


def without_key(url: str | None) -> str | None:
    """An address as it is given; one that holds a user, a password or a query is a ValueError."""
    if url is not None and ("@" in urlsplit(url).netloc or urlsplit(url).query):
        raise ValueError("an address must hold no user, password or query: keys come from the environment alone")
    return url
