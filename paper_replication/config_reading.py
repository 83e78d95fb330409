"""From a config as YAML has it to a validated one, with messages that a user can act on."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from paper_replication.config import Config
from paper_replication.errors import UserError


def number_hint(problem: Any) -> str:
    """What to add to a pydantic error where a number is text to YAML, as 2e-4 is, which has no point; else nothing."""
    if not problem["type"].startswith(("float", "int")) or not isinstance(problem["input"], str):
        return ""
    try:
        float(problem["input"])
    except ValueError:
        return ""
    return "; to YAML this is text: a number has no quotes, and a point before its exponent, as in 2.0e-4"


def validate_config(content: dict[str, Any], file: str | Path) -> Config:
    """Validate a config as read from YAML.

    Raises:
        UserError: names the file, each wrong key, and what was expected of it.
    """
    try:
        return Config.model_validate(content)
    except ValidationError as error:
        problems = []
        for item in error.errors():
            if item["type"] == "value_error" and not item["loc"]:
                # Entries do not fit together; what was given is the whole config.
                problems.append(f"  {item['ctx']['error']}")
                continue
            key = ".".join(map(str, item["loc"])) or "the config"
            given = "" if item["type"] == "missing" else f" (found {item['input']!r:.80})"
            expected = "unknown key: check its spelling" if item["type"] == "extra_forbidden" else item["msg"]
            problems.append(f"  {key}: {expected}{given}{number_hint(item)}")
        raise UserError(f"The config {file} is not valid:\n" + "\n".join(problems)) from error
