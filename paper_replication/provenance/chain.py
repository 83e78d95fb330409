"""The chain of jobs that a result rests on, as their records tell."""

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paper_replication.errors import UserError
from paper_replication.files import read_yaml
from paper_replication.paths import CONFIGS
from paper_replication.provenance.hashing import sha256_file
from paper_replication.provenance.record import RESULTS, SUFFIX, Record, find_record, is_raw, read_record

# Of which Snakemake needs no config to be named.
DEFAULT_TIER = "laptop"
# Steps that make tables and figures of how long jobs took, which is never the same twice.
COSTS = ("costs_table", "costs_figure")


@dataclass
class Chain:
    """Jobs by the path of their record, in the order in which they are met from the results down.

    Attributes:
        results: the paths that the chain was followed from.
        jobs: records, by their paths.
        makers: the path of the record of the job that made a path; None for raw inputs.
        raw: the sum of each raw input, as it was when it was first met.
    """

    results: list[str]
    jobs: dict[str, Record] = field(default_factory=dict)
    makers: dict[str, str | None] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)

    def inputs_of(self, job: str) -> list[str]:
        """The paths that a job consumed, in the order of its command line."""
        return [entry["path"] for entry in entries(self.jobs[job], "inputs")]

    def outputs_of(self, job: str) -> list[str]:
        """The paths that a job made."""
        return [entry["path"] for entry in entries(self.jobs[job], "outputs")]

    def from_inputs(self) -> list[str]:
        """Jobs so that each comes after all that it consumed from."""
        done: dict[str, None] = {}

        def visit(job: str) -> None:
            if job not in done:
                for path in self.inputs_of(job):
                    if self.makers[path] is not None:
                        visit(self.makers[path])
                done[job] = None

        for job in self.jobs:
            visit(job)
        return list(done)


def records_in(*folders: str | Path) -> list[Path]:
    """The records of jobs in some folders and in those below them.

    Raises:
        UserError: there are none.
    """
    found = sorted({path for folder in folders for path in Path(folder).rglob("[!.]*" + SUFFIX)})
    if not found:
        raise UserError(f"There are no records of jobs in {', '.join(map(str, folders))}; run the workflow first.")
    return found


def entries(record: Record, side: str) -> Iterator[Record]:
    """What a record says of each path among its "inputs" or "outputs"."""
    return (entry for _, entry in named(record, side))


def named(record: Record, side: str) -> Iterator[tuple[str, Record]]:
    """What a record says of each path on one side, with the name of the parameter that it was given for."""
    for name, group in record[side].items():
        for entry in group:
            yield name, entry


def module_of(record: Record) -> str:
    """The module of the step that a job ran, as its command names it."""
    return shlex.split(record["context"]["command"])[2]


def changed_code(records: Iterable[Record], root: Path) -> list[str]:
    """The code files that are not under a root, or not as one of the jobs ran them, sorted."""
    ran = {item for record in records for item in record["code"].items()}
    return sorted({file for file, sum_ in ran if not (root / file).is_file() or sha256_file(root / file) != sum_})


def commit_of(record: Record, digits: int | None = None) -> str:
    """The commit that a job's code was of, or so many digits of it, and whether there were changes to it."""
    state = record["context"]["git"]
    if state["commit"] is None:
        return "no commit"
    return f"commit {state['commit'][:digits]}{'' if state['clean'] else ' with changes'}"


def whole(path: Path) -> Path:
    """The generated folder that a path lies in, as one output of a job; the path itself where it has a record."""
    if find_record(path) is not None:
        return path
    return next((parent for parent in path.parents if parent.name and find_record(parent) is not None), path)


def command_for(path: str, again: bool = False) -> str:
    """The command that makes a generated file, or makes it again; the first folder but one of its path is the tier."""
    configs, once_more = configs_of([path]), f" --forcerun {path}" if again else ""
    named = "" if configs == (CONFIGS / f"{DEFAULT_TIER}.yaml",) else f" --configfile {' '.join(map(str, configs))}"
    return f"snakemake --cores all {path}{once_more}{named}"


def configs_of(paths: Iterable[str]) -> tuple[Path, ...]:
    """The config of the tier that generated paths are of, and those laid over it that add models which these are of.

    Of a tier that is compared with another, that one's config and its own.

    Raises:
        UserError: none of the paths is a generated one.
    """
    paths = list(paths)
    generated = [Path(path) for path in paths if Path(path).parts[0] in RESULTS and not is_raw(path)]
    if not generated:
        raise UserError(f"No job makes {', '.join(paths)}: results lie under data/<tier> and figures/<tier>.")
    tier = generated[0].parts[1]
    own = CONFIGS / f"{tier}.yaml"
    if first := _config(own).get("again_of"):
        return CONFIGS / f"{first}.yaml", own
    folders = {folder for path in generated for folder in (path, *path.parents)}
    # Results that compare models begin as the config ends that adds one.
    begin = {path.stem.split(".")[0].split("_")[0] for path in generated}
    further = [
        config
        for config in sorted(CONFIGS.glob(f"{tier}_*.yaml"))
        # One that names a tier of its own makes nothing of this one.
        if _config(config).get("tier", tier) == tier
        and (
            config.stem.removeprefix(f"{tier}_") in begin
            or any(Path("data", tier, model) in folders for model in _models_in(config) - _models_in(own))
        )
    ]
    return own, *further


def _config(file: Path) -> dict[str, Any]:
    return read_yaml(file) if file.is_file() else {}


def _models_in(config: Path) -> set[str]:
    return set(_config(config).get("models", {}))


def read_chain(results: list[str]) -> Chain:
    """Read the records of every job that results rest on.

    Args:
        results: generated paths, as records state them.

    Raises:
        UserError: a record is missing or was edited.
    """
    chain = Chain(results)
    for result in results:
        _read(result, chain)
    return chain


def _read(path: str, chain: Chain) -> None:
    if path in chain.makers:
        return
    if is_raw(path):
        chain.makers[path] = None
        return
    found = find_record(path)
    if found is None:
        raise UserError(f"{path} has no record of how it was made; `audit` says what is wrong and what to do.")
    job = found.as_posix()
    chain.makers[path] = job
    if job in chain.jobs:
        return
    chain.jobs[job] = read_record(found)
    for entry in entries(chain.jobs[job], "inputs"):
        if entry["record"] is None:
            chain.raw.setdefault(entry["path"], entry["sha256"])
            chain.makers[entry["path"]] = None
        _read(entry["path"], chain)
