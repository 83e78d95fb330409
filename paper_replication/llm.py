"""LLMs by Inspect's names: answers cached for good, and keys kept out of all files."""

import os
import pickletools
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from inspect_ai.model import CachePolicy, GenerateConfig, Model, ModelOutput, ModelUsage, get_model

from paper_replication.errors import UserError
from paper_replication.settings.llm import Price, RequestSettings, holds_secret, secrets, without_key


def redacted(text: str) -> str:
    """A message without any of the keys; endpoints repeat them in errors."""
    # One may begin with another.
    for secret in sorted(secrets(), key=len, reverse=True):
        text = text.replace(secret, "[key]")
    return text


def is_broken(text: str) -> bool:
    """Whether a text has half of a surrogate pair in it, which no file can hold."""
    return any("\ud800" <= character <= "\udfff" for character in text)


def _has_broken_text(answer: bytes) -> bool:
    """Whether a pickled answer has such a text; nothing is unpickled.

    Texts alone are looked at: the bytes of a number, such as how long the answer took, may be any.
    """
    # Another job may be writing it.
    with suppress(ValueError):
        return any(isinstance(found, str) and is_broken(found) for _, found, _ in pickletools.genops(answer))
    return False


def forget_unusable(cache: Path) -> str:
    """Delete cached answers that no run can use: with a key of the environment, or text that Inspect cannot log.

    Inspect caches an answer before anyone can look at it, and every further run would fail by it.

    Returns:
        How many there were, as a sentence; nothing if there were none.
    """
    keys, deleted = [secret.encode() for secret in secrets()], 0
    for path in filter(Path.is_file, Path(cache).rglob("*")):
        # Other jobs use the cache at the same time.
        with suppress(FileNotFoundError):
            content = path.read_bytes()
            if _has_broken_text(content) or any(key in content for key in keys):
                path.unlink()
                deleted += 1
    why = "a key of the environment or half of a surrogate pair was in them"
    return f" Answers deleted from {cache}, since {why}: {deleted}." if deleted else ""


def advice(llms: str, cache: Path) -> str:
    """What to do when an endpoint has failed."""
    return (
        f"If an endpoint failed, see that {llms} can be reached and that keys are valid. Then run again, with the "
        f"endpoint at the same address: answers that came are kept in {cache} by address, and not asked for again."
    )


def tokens_and_cost(usages: list[ModelUsage | None], price: Price | None) -> dict[str, float | None]:
    """Tokens of answers, whether they came from the cache or not, and their cost in US dollars.

    Args:
        usages: of each answer; None of one whose endpoint told nothing.
        price: of the LLM; without one, the cost is what Inspect knows of it.

    Returns:
        `input_tokens`, with those that the provider read from its cache or wrote to it, `output_tokens` and `cost_usd`,
        which is None where it is not known of every answer; so are tokens. Of no answer all are zero.
    """
    if any(usage is None for usage in usages):
        return dict.fromkeys(("input_tokens", "output_tokens", "cost_usd"))
    given = sum(u.input_tokens + (u.input_tokens_cache_read or 0) + (u.input_tokens_cache_write or 0) for u in usages)
    said = sum(usage.output_tokens for usage in usages)
    costs = [usage.total_cost for usage in usages]
    cost = None if None in costs else sum(costs)
    if price is not None:
        cost = (given * price.input + said * price.output) / 1e6
    return {"input_tokens": given, "output_tokens": said, "cost_usd": cost}


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
        UserError: there is no such provider, its package is not installed, its key or address is not set, or the
            address, which may come from the environment, has a key in it; or a key is a word that every answer has.
    """
    if holds_secret(ModelOutput.from_content(name, "").model_dump_json()):
        raise UserError(
            f"A key in the environment is a part of the name {name!r}, or a word that Inspect writes into every log. "
            "No file may hold a key, so no answer could be kept. Take another: a server of your own takes any."
        )
    # Inspect's `timeout` is of a request with all its repetitions, and cuts none of them short.
    config = GenerateConfig(
        temperature=settings.temperature,
        max_retries=settings.max_retries,
        attempt_timeout=settings.timeout_seconds,
        cache=CachePolicy(expiry=None),
    )
    try:
        llm = get_model(name, base_url=base_url, config=config, memoize=False)
    except Exception as error:
        # Providers raise whatever their clients do.
        problem = redacted(str(getattr(error, "message", error)))
        raise UserError(
            f"The LLM {name!r} cannot be used: {problem}\nSet its key (and its address, unless the config's base_url "
            "has it) in the environment: for openai-api/local/NAME these are LOCAL_API_KEY and LOCAL_BASE_URL."
        ) from None
    # Inspect writes it into logs.
    without_key(llm.api.base_url, f"The address of {name}")
    return llm
