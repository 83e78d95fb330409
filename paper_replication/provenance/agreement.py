"""Whether jobs that were run here gave what the committed records say that they gave."""

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from paper_replication.errors import UserError
from paper_replication.provenance.chain import COSTS, entries, records_in
from paper_replication.provenance.hashing import sha256_path
from paper_replication.provenance.record import Record, read_record, relative, seal


@dataclass
class Agreement:
    """What a run gave, beside a commit's records.

    Attributes:
        same: the outputs that have the committed sum.
        different: those that have another.
        new: records of jobs that the commit has none of.
        seconds: what the jobs that both have took, here and by the commit's records.
    """

    same: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    seconds: tuple[float, float] = (0.0, 0.0)

    @property
    def verdict(self) -> int:
        """0 if every output is as committed, 1 if one is different, 2 if there was none to compare."""
        return 1 if self.different else 0 if self.same else 2

    def __str__(self) -> str:
        if self.verdict == 2:
            return (
                "Nothing was compared: of jobs that the commit has records of, none but those of costs was run anew in "
                f"these folders; {len(self.new)} jobs have no committed record. Run the workflow first."
            )
        here, there = (seconds / 60 for seconds in self.seconds)
        lines = [f"different: {path}" for path in self.different]
        lines.append(
            f"Of {len(self.same) + len(self.different)} outputs of jobs that were run anew, {len(self.same)} are as "
            f"committed and {len(self.different)} are different; {len(self.new)} jobs have no committed record. The "
            f"jobs took {here:.0f} minutes, by the committed records {there:.0f}; costs are not compared."
        )
        return "\n".join(lines)


def against_commit(folders: list[Path], commit: str = "HEAD") -> Agreement:
    """Compare the outputs of records here with those of a commit's, where the job was run anew since.

    Raises:
        UserError: there is no such commit, no record in the folders, or one of either is damaged.
    """
    if subprocess.run(
        ["git", "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}"], capture_output=True
    ).returncode:
        raise UserError(f"There is no commit {commit!r} here.")
    found = Agreement()
    for path in records_in(*folders):
        committed = _committed(commit, path)
        if committed is None:
            found.new.append(path.as_posix())
            continue
        record = read_record(path)
        if record["context"]["started"] == committed["context"]["started"] or record["rule"] in COSTS:
            continue
        sums = {entry["path"]: entry["sha256"] for entry in entries(committed, "outputs")}
        for entry in entries(record, "outputs"):
            alike = sums.get(entry["path"]) == entry["sha256"] and _is_as_made(entry)
            (found.same if alike else found.different).append(entry["path"])
        pairs = zip(found.seconds, (record, committed), strict=True)
        found.seconds = tuple(total + each["context"]["seconds"] for total, each in pairs)
    return found


def _is_as_made(entry: Record) -> bool:
    """Whether an output that its record names is still here, and still what the job made."""
    path = Path(entry["path"])
    return path.exists() and sha256_path(path) == entry["sha256"]


def _committed(commit: str, path: Path) -> Record | None:
    name = f"{commit}:./{relative(path)}"
    shown = subprocess.run(["git", "show", name], capture_output=True, check=False)
    if shown.returncode != 0:
        return None
    try:
        record = json.loads(shown.stdout)
        intact = record["seal"] == seal(record)
    except (ValueError, KeyError, TypeError):
        intact = False
    if not intact:
        raise UserError(f"The record {name} that git has is damaged: compare with an earlier --commit.")
    return record
