"""LLMs by Inspect's names: answers cached for good, and keys kept out of all files."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inspect_ai.model import CachePolicy, GenerateConfig, Model, get_model

from paper_replication.errors import UserError
from paper_replication.settings.llm import RequestSettings

SECRETS = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")


def secrets() -> list[str]:
    """The keys in the environment, by the names of their variables; what is too short to be one is left out."""
    return [value for name, value in os.environ.items() if name.upper().endswith(SECRETS) and len(value) >= 8]


def redacted(text: str) -> str:
    """A message without any of the keys; endpoints repeat them in errors."""
    for secret in secrets():
        text = text.replace(secret, "[key]")
    return text


@contextmanager
def surroundings(cache: Path, scratch: str) -> Iterator[None]:
    """Inspect keeps answers in `cache`, and whatever else it writes goes to `scratch`."""
    changes = {"INSPECT_CACHE_DIR": str(cache.resolve()), "XDG_DATA_HOME": scratch}
    changes["INSPECT_TRACE_FILE"] = str(Path(scratch) / "trace.log")
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def load_llm(name: str, base_url: str | None, settings: RequestSettings) -> Model:
    """An LLM by Inspect's name, its answers cached for good.

    Raises:
        UserError: there is no such provider, its package is not installed, or its key or address is not set.
    """
    # Inspect's `timeout` is of a request with all its repetitions, and cuts none of them short.
    config = GenerateConfig(
        temperature=settings.temperature,
        max_retries=settings.max_retries,
        attempt_timeout=settings.timeout_seconds,
        cache=CachePolicy(expiry=None),
    )
    try:
        return get_model(name, base_url=base_url, config=config, memoize=False)
    except Exception as error:
        # Providers raise whatever their clients do.
        problem = redacted(str(getattr(error, "message", error)))
        raise UserError(
            f"The LLM {name!r} cannot be used: {problem}\nSet its key (and its address, unless the config's base_url "
            "has it) in the environment: for openai-api/local/NAME these are LOCAL_API_KEY and LOCAL_BASE_URL."
        ) from None
