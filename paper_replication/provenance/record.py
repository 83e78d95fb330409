"""The record that each job leaves beside its outputs, and how records chain by hash."""

import json
import os
from pathlib import Path
from typing import Any

from paper_replication.errors import UserError
from paper_replication.provenance.hashing import sha256_file, sha256_path, sha256_value

SUFFIX = ".record.json"
# Committed raw inputs: the chain ends at these files, and at the sums that sources.csv lists.
RAW = "data/inputs/"
# Where all else lies that jobs make; what they read from elsewhere is a file of one's own, such as a model.
RESULTS = ("data", "figures")
# What a job consumed and produced. When and where it ran is kept outside the identity, so that
# repeating a job that gives the same bytes leaves every later link of the chain intact.
IDENTITY = ("rule", "inputs", "code", "parameters", "outputs")

Record = dict[str, Any]


def relative(path: str | Path) -> str:
    """A path as records state it: relative to the project's root, which is the working directory."""
    return Path(os.path.relpath(path)).as_posix()


def is_raw(path: str) -> bool:
    """Whether a path is a committed raw input, which no job makes."""
    return relative(path).startswith(RAW)


def identity(record: Record) -> str:
    """The sum by which later records refer to this one."""
    return sha256_value({key: record[key] for key in IDENTITY})


def seal(record: Record) -> str:
    """The sum over a whole record, which shows that any field of it was edited."""
    return sha256_value({key: value for key, value in record.items() if key != "seal"})


def read_record(path: Path) -> Record:
    """Read a record and check its seal.

    Raises:
        UserError: not JSON, a field is missing, or the content does not match the seal.
    """
    try:
        record = json.loads(path.read_text())
        intact = record["seal"] == seal(record) and record["identity"] == identity(record)
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} is not a readable record ({error!r}).") from error
    if not intact:
        raise UserError(f"{path} was edited: its content does not match its seal.")
    return record


def find_record(path: str | Path) -> Path | None:
    """The record of the job that made a path: named after it, or beside it and listing it."""
    path = Path(relative(path))
    named = path.with_name(path.name + SUFFIX)
    if named.is_file():
        return named
    for candidate in sorted(path.parent.glob("*" + SUFFIX)):
        try:
            outputs = json.loads(candidate.read_text())["outputs"].values()
            listed = {entry["path"] for entries in outputs for entry in entries}
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
            continue  # No record at all, or one of a job at work that has taken it away since.
        if path.as_posix() in listed:
            return candidate
    return None


def describe_input(path: str | Path) -> Record:
    """Path and sum of one input, with the identity of the record that made it unless it is raw or a file of one's own.

    Raises:
        UserError: the input is missing, or it is generated and has no record.
    """
    path = relative(path)
    if not Path(path).exists():
        raise UserError(f"The input {path} does not exist. Run the workflow, which makes it first.")
    if is_raw(path) or Path(path).parts[0] not in RESULTS:
        return {"path": path, "sha256": sha256_path(path), "record": None}
    record = find_record(path)
    if record is None:
        raise UserError(
            f"The input {path} has no record of how it was made. "
            f"Remake both with: snakemake --cores all --forcerun {path}"
        )
    return {"path": path, "sha256": sha256_path(path), "record": read_record(record)["identity"]}


def describe_output(path: str | Path, staged: Path) -> Record:
    """Path of one output and the sum of what is staged for it; a folder also lists its files, so that an audit can name
    the one that differs.

    Raises:
        RuntimeError: the step did not write it.
    """
    if not staged.exists():
        raise RuntimeError(f"the step did not write {path}")
    entry = {"path": relative(path), "sha256": sha256_path(staged)}
    if staged.is_dir():
        files = sorted(item for item in staged.rglob("*") if item.is_file())
        entry["files"] = {item.relative_to(staged).as_posix(): sha256_file(item) for item in files}
    return entry


def write_record(path: Path, record: Record) -> None:
    """Seal a record and write it atomically."""
    record["identity"] = identity(record)
    record["seal"] = seal(record)
    staged = path.with_name("." + path.name)
    try:
        staged.write_text(json.dumps(record, indent=1) + "\n")
        os.replace(staged, path)
    except OSError:
        staged.unlink(missing_ok=True)
        raise
