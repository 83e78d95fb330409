"""The config of requests to an LLM, whatever it is asked for; and which of the environment's values are keys."""

import json
import os
from typing import Annotated
from urllib.parse import unquote

from pydantic import Field

from paper_replication.errors import UserError
from paper_replication.settings.base import Settings

NOT_RUN = "none"
SECRETS = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD", "AWS_ACCESS_KEY_ID")


class Price(Settings):
    """What a million tokens cost, in US dollars; those that a provider reads from its cache count as any others."""

    input: Annotated[float, Field(ge=0)]
    output: Annotated[float, Field(ge=0)]


class RequestSettings(Settings):
    """How an LLM is asked: the `temperature` of its answers (null where it takes none), and how a failure is repeated.

    A request is given up after `timeout_seconds`, and sent again at most `max_retries` times; so is one whose endpoint
    cannot be reached, has too much to do or fails. `prices` are of LLMs by Inspect's names; an LLM without one has
    tokens but no cost, unless Inspect knows its price.
    """

    temperature: Annotated[float, Field(ge=0)] | None
    max_retries: Annotated[int, Field(ge=0)]
    timeout_seconds: Annotated[int, Field(gt=0)]
    prices: dict[str, Price] = {}

    def tracked(self) -> str:
        """As JSON, less how a request is repeated, which changes no answer; what else changes reruns a job."""
        return self.model_dump_json(exclude={"max_retries", "timeout_seconds"})


def secrets() -> list[str]:
    """The keys in the environment, by the names of their variables; what is too short to be one is left out."""
    named = [(name.upper(), value) for name, value in os.environ.items() if len(value) >= 8]
    return [value for name, value in named if name.endswith(SECRETS) or "API_KEY" in name]


def holds_secret(text: str) -> bool:
    """Whether a text has a key of the environment in it, as it is or as JSON writes it."""
    return any(key in text or json.dumps(key, ensure_ascii=False)[1:-1] in text for key in secrets())


def without_key(url: str | None, name: str) -> str | None:
    """An address as it is given; `name` is what it is the address of.

    Raises:
        UserError: it has room for a key (a user, a password, a query, a fragment), or one of the environment's in it.
            Not a ValueError, of which pydantic would print the address.
    """
    if url is not None and (any(mark in url for mark in "@?#") or holds_secret(unquote(url))):
        raise UserError(
            f"{name}: an address must hold no user, password, query, fragment or key; this one, which is not repeated "
            "here, does. Keys come from the environment alone, by variables such as LOCAL_API_KEY."
        )
    return url
