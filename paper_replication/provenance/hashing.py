"""Checksums of files, folders and values."""

import hashlib
import json
from pathlib import Path
from typing import Any

# Snakemake leaves this inside every folder that a rule makes.
IGNORED = {".snakemake_timestamp"}


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_value(value: Any) -> str:
    """SHA-256 of a JSON value in canonical form: sorted keys, no spaces."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def sha256_path(path: Path) -> str:
    """SHA-256 of a file, or of a folder's sorted list of relative names and sums."""
    path = Path(path)
    if path.is_file():
        return sha256_file(path)
    files = sorted(item for item in path.rglob("*") if item.is_file() and item.name not in IGNORED)
    return sha256_value([[item.relative_to(path).as_posix(), sha256_file(item)] for item in files])
