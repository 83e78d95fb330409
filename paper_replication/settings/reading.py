"""Reading hand-written YAML files into validated settings."""

from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from paper_replication.errors import UserError
from paper_replication.files import read_yaml
from paper_replication.settings.base import Settings

Kind = TypeVar("Kind", bound=Settings)


def read_settings(path: Path, kind: type[Kind]) -> Kind:
    """Read and validate a YAML file; a malformed one is a UserError that names the file and the field."""
    try:
        return kind.model_validate(read_yaml(path))
    except ValidationError as error:
        raise UserError(f"{path}: {error}") from error
