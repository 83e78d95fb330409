"""External inputs: the table that lists them, and fetching them from the package registry as data."""

import csv
import subprocess
import sys
import zipfile
from itertools import groupby
from operator import itemgetter
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from paper_replication.errors import UserError
from paper_replication.provenance.hashing import sha256_file
from paper_replication.settings.sources import Source, SourceFile

COLUMNS = ["name", "kind", "package", "version", "archive_sha256", "file", "file_sha256", "licence", "purpose"]
# What rows of one name have in common: they are files of one archive.
SHARED = ("name", "kind", "package", "version", "archive_sha256")


def read_sources(table: Path) -> dict[str, Source]:
    """Read the table of sources; rows of one name are the files of one archive.

    Raises:
        UserError: a column is missing, a sum is malformed, or rows of one name disagree on the archive.
    """
    with open(table, newline="") as stream:
        reader = csv.DictReader(stream)
        if reader.fieldnames != COLUMNS:
            raise UserError(f"{table} must have the columns {COLUMNS}, not {reader.fieldnames}.")
        rows = list(reader)
    sources = {}
    for name, group in groupby(sorted(rows, key=itemgetter("name")), key=itemgetter("name")):
        members = list(group)
        shared = {key: members[0][key] for key in SHARED}
        for key in SHARED:
            if any(row[key] != shared[key] for row in members):
                raise UserError(f"{table}: the rows of {name} differ in their {key}, but are files of one archive.")
        try:
            files = [
                SourceFile(path=row["file"], sha256=row["file_sha256"], licence=row["licence"], purpose=row["purpose"])
                for row in members
            ]
            sources[name] = Source(**shared, files=files)
        except ValidationError as error:
            raise UserError(f"{table}, {name}: {error}") from error
    return sources


def download(source: Source, folder: Path) -> Path:
    """Download a source's archive into an empty folder with pip, without installing it, and check its sum.

    Only wheels are asked for: building a source archive would run the package's code.

    Raises:
        UserError: pip cannot get it, or the sum differs.
    """
    pinned = f"{source.package}=={source.version}"
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--dest", str(folder)]
    done = subprocess.run([*command, pinned], capture_output=True, text=True, check=False)
    archives = list(folder.glob("*.whl"))
    if done.returncode != 0 or len(archives) != 1:
        raise UserError(f"pip could not download {pinned} for {source.name}; is the registry reachable?\n{done.stderr}")
    check_sum(archives[0], source.archive_sha256, f"the archive {archives[0].name}")
    return archives[0]


def check_sum(path: Path, expected: str, what: str) -> None:
    """Compare a file's SHA-256 with the expected one; a mismatch is a UserError that states both."""
    found = sha256_file(path)
    if found != expected:
        raise UserError(
            f"Wrong checksum of {what}: expected {expected}, found {found}. "
            "Nothing was kept. If the new content is intended, change its sum in data/inputs/sources.csv."
        )


def extract(source: Source, archive: Path, folder: Path) -> None:
    """Extract a source's files into a folder under their base path and check each one's sum.

    The longest common parent of the files is dropped, so that a model's folder stays a folder.

    Raises:
        UserError: the archive lacks a file, or a sum differs.
    """
    parents = [PurePosixPath(file.path).parent for file in source.files]
    common = min(parents, key=lambda parent: len(parent.parts))
    with zipfile.ZipFile(archive) as members:
        for file in source.files:
            inner = PurePosixPath(file.path)
            name = inner.relative_to(common) if inner.is_relative_to(common) else PurePosixPath(inner.name)
            if file.path not in members.namelist():
                raise UserError(f"{archive.name} has no file {file.path}; correct data/inputs/sources.csv.")
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(members.read(file.path))
            check_sum(target, file.sha256, f"{file.path} in {archive.name}")
