"""Make a result again in a temporary place and compare it with its record: its last step, or everything it rests on."""

import fcntl
import json
import os
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from paper_replication.environment import MALLOC, prepare
from paper_replication.errors import UserError
from paper_replication.paths import CONFIGS
from paper_replication.precision import bfloat16_is_slow
from paper_replication.provenance.chain import (
    COSTS,
    changed_code,
    command_for,
    configs_of,
    entries,
    read_chain,
    records_in,
    whole,
)
from paper_replication.provenance.closure import PACKAGE
from paper_replication.provenance.compare import DIFFERENT, IDENTICAL, NOT_MADE, Comparison, compare
from paper_replication.provenance.context import git_state
from paper_replication.provenance.hashing import sha256_path
from paper_replication.provenance.record import RESULTS, Record, find_record, is_raw, read_record, relative

# As Snakemake sets them for a job: the number of threads can change the last digit of a sum.
THREADS = ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM", "NUMEXPR")
# The memory that a container may use, or "max".
CONTAINER = Path("/sys/fs/cgroup/memory.max")


@dataclass
class Reproduction:
    """What came of making a result again.

    Attributes:
        results: the outputs of the job that makes the result, compared with its record.
        earlier: of a rerun from raw inputs, the outputs of all jobs before it, in the order of the flow.
        notes: what a reader must know to judge a difference.
        folder: where it was made, if it was kept.
    """

    results: list[Comparison]
    earlier: list[Comparison] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    folder: Path | None = None

    @property
    def verdict(self) -> int:
        """0 if every output is identical or within tolerance, 1 if one is different, 2 if one was not even made."""
        verdicts = {result.verdict for result in self.results}
        return 1 if DIFFERENT in verdicts else 2 if NOT_MADE in verdicts else 0


def _record_of(target: str | Path) -> tuple[Path, Record]:
    path = Path(relative(target))
    found = find_record(whole(path)) if path.name else None
    if found is None:
        raise UserError(
            f"{relative(target)} has no record of how it was made. Name a figure, a table or another generated file."
        )
    return found, read_record(found)


@contextmanager
def _place(keep: bool) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="reproduce-"))
    try:
        yield folder
    finally:
        if not keep:
            shutil.rmtree(folder)


@contextmanager
def _named_place(folder: Path) -> Iterator[Path]:
    """A folder that stays, in which one process at a time is at work: the lock is the kernel's, so none outlives it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"Another process is making results again in {folder}: wait for it or stop it.") from None
        yield folder


def reproduce_step(target: str | Path, tolerance: float = 0.0, keep: bool = False) -> Reproduction:
    """Run the recorded command of a result's last step again, on the recorded inputs, in a temporary folder.

    Inputs are links to those in the working tree; the code is a copy of that in the working tree.

    Raises:
        UserError: there is no record, or an input is missing or is not what was consumed.
    """
    _, record = _record_of(target)
    _check_inputs(record)
    with _place(keep) as place:
        folder = _furnish(record, place)
        command = [sys.executable, *shlex.split(record["context"]["command"])[1:]]
        status = subprocess.run(command, cwd=folder, env=_environment(record), check=False)
        results = _compare_outputs(record, folder, tolerance)
        notes = _notes([record], status.returncode, folder)
    return Reproduction(results, notes=notes, folder=folder if keep else None)


def _check_inputs(record: Record) -> None:
    for entry in entries(record, "inputs"):
        path = entry["path"]
        if not Path(path).exists():
            raise UserError(f"The input {path} is not here{_remedy(entry)}")
        if sha256_path(Path(path)) != entry["sha256"]:
            raise UserError(f"The input {path} is not what the step consumed: its content differs from the record.")
        if entry["record"] is not None and find_record(path) is None:
            raise UserError(f"The input {path} has lost its record. Remake both with: {command_for(path, again=True)}")


def _remedy(entry: Record) -> str:
    """What to do about an input that is not here."""
    path = entry["path"]
    if is_raw(path):
        return f". Put it back with: git checkout -- {path}"
    if entry["record"] is None:
        return ": it is a file of one's own, which no job makes. Put it back where it was."
    return f". Make it with: {command_for(path)}  Or leave out --step, to make everything from raw inputs."


def _furnish(record: Record, place: Path) -> Path:
    """Lay out what a step reads: a copy of the package, links to inputs, and the inputs' records beside them.

    Returns:
        The folder to run it in, so deep in the place that inputs outside the project have the same relative paths.
    """
    inputs = {Path(entry["path"]): entry for entry in entries(record, "inputs")}
    above, here = max((path.parts.count("..") for path in inputs), default=0), Path.cwd().parts
    folder = place.joinpath(*here[len(here) - above :])
    shutil.copytree(PACKAGE.name, folder / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
    for path, entry in inputs.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if not (folder / path).exists():
            (folder / path).symlink_to(path.absolute())
        if entry["record"] is not None:
            found = find_record(path)
            shutil.copy(found, folder / found)
    return folder


def _environment(record: Record) -> dict[str, str]:
    prepare()
    threads = {f"{name}_NUM_THREADS": str(record["context"]["threads"]) for name in THREADS}
    # As the workflow's rules that train put it before their commands.
    return os.environ | threads | (MALLOC if record["rule"].startswith("train") else {})


def _compare_outputs(record: Record, root: Path, tolerance: float) -> list[Comparison]:
    """A job's outputs that were made again under a root, compared with its record."""
    made = entries(record, "outputs")
    return [compare(entry, Path(entry["path"]), root / entry["path"], tolerance) for entry in made]


def _notes(records: Iterable[Record], status: int, root: Path) -> list[str]:
    """What may explain a difference: a command that failed, code that under the root where it ran is another, a CPU."""
    records = list(records)
    notes = [] if status == 0 else [f"the command ended with exit code {status}"]
    if changed := changed_code(records, root):
        notes.append(f"the code has changed since in {', '.join(changed)}")
    if any('"precision": "bfloat16"' in json.dumps(record["parameters"]) for record in records) and bfloat16_is_slow():
        notes.append("the records are of bfloat16, in which this CPU is slow")
    return notes


def draw(folders: list[Path], count: int, seed: int) -> list[str]:
    """Some results drawn at random from all that have records in some folders, each job with equal chance, costs apart.

    Raises:
        UserError: there are not so many jobs, or none is to be drawn.
    """
    if count < 1:
        raise UserError(f"--draw {count}: at least one result is to be drawn.")
    records = records_in(*folders)
    # Only those that are drawn are read, so that a damaged one does not stop a draw without it.
    order = map(read_record, random.Random(seed).sample(records, len(records)))
    chosen = list(islice((record for record in order if record["rule"] not in COSTS), count))
    if len(chosen) < count:
        raise UserError(f"{count} results are to be drawn, but only {len(chosen)} have records there, costs apart.")
    return [next(entries(record, "outputs"))["path"] for record in chosen]


def reproduce(
    targets: list[str | Path],
    tolerance: float = 0.0,
    keep: bool = False,
    cores: str = "all",
    folder: Path | None = None,
) -> Reproduction:
    """Make results again from raw inputs, in one temporary clone of the project at the current commit.

    The clone starts without generated files of the tier, and downloads its sources anew; their sums are checked as
    ever. Results of another tier that these are compared with are taken as they are committed.

    Args:
        targets: what is made again, of one tier.
        tolerance: of numbers in tables, relative.
        keep: whether the temporary folder stays.
        cores: for Snakemake.
        folder: where to make it instead of a temporary folder; it stays, and an attempt that was interrupted goes on.

    Raises:
        UserError: there is no record, this is no git checkout, the tier has no configuration or is not the same one, or
            the folder holds the attempt of another commit or one that is running.
    """
    found = [_record_of(target)[0] for target in targets]
    names = [whole(Path(relative(target))).as_posix() for target in targets]
    chain = read_chain(names)
    tier = _tier_of(names)
    by_configs = _by_configs(names)
    with _place(keep) if folder is None else _named_place(folder) as place:
        clone = place / "project"
        prepare()
        if clone.exists():
            _check_commit(clone)
            # Of an attempt that was killed; that none is running the folder's own lock tells.
            _snakemake(clone, ["--unlock"], next(iter(by_configs)))
        else:
            _clone(clone, tier)
        status = _make_all(clone, by_configs, cores)
        made = [job for job in chain.from_inputs() if Path(job).parts[1] == tier]
        compared = {job: _compare_outputs(chain.jobs[job], clone, tolerance) for job in made}
        notes = _notes([chain.jobs[job] for job in made], status, clone)
    results = [comparison for record in found for comparison in compared.pop(record.as_posix(), [])]
    if not git_state()["clean"]:
        notes.append("changes that are not committed were not part of the rerun")
    earlier = [comparison for job in compared.values() for comparison in job]
    return Reproduction(results, earlier, notes, clone if keep or folder else None)


def _tier_of(names: list[str]) -> str:
    tier, *others = sorted({Path(name).parts[1] for name in names})
    if others or not (CONFIGS / f"{tier}.yaml").is_file():
        raise UserError(
            f"{', '.join(names)}: all must be of one tier, and that must have a config, such as {CONFIGS / tier}.yaml."
        )
    return tier


def _by_configs(names: list[str]) -> dict[tuple[Path, ...], list[str]]:
    """Results by the configs that they and all that they rest on are made with."""
    found: dict[tuple[Path, ...], list[str]] = {}
    for name in names:
        found.setdefault(configs_of([name, *read_chain([name]).makers]), []).append(name)
    return found


def _snakemake(clone: Path, words: list[str], configs: tuple[Path, ...]) -> int:
    command = [sys.executable, "-m", "snakemake", *words, "--configfile", *map(str, configs)]
    return subprocess.run(command, cwd=clone, check=False).returncode


def _make_all(clone: Path, by_configs: dict[tuple[Path, ...], list[str]], cores: str) -> int:
    """Make results in a clone, those of the same configs in one run; the first exit code that is not 0, or 0."""
    # Targets come first: options that take lists would swallow them.
    statuses = [
        _snakemake(clone, [*wanted, "--keep-going", "--cores", cores, *_memory()], configs)
        for configs, wanted in by_configs.items()
    ]
    return next(filter(None, statuses), 0)


def _check_commit(clone: Path) -> None:
    there, here = (
        subprocess.run(["git", "rev-parse", "HEAD"], cwd=cwd, capture_output=True, text=True, check=False).stdout
        for cwd in (clone, None)
    )
    if there != here:
        raise UserError(
            f"{clone.parent} holds an attempt at commit {there.strip()}, this is {here.strip()}: name another folder."
        )


def _clone(final: Path, tier: str) -> None:
    # A clone that is interrupted is no attempt that could go on.
    clone = final.with_name("cloning")
    shutil.rmtree(clone, ignore_errors=True)
    command = ["git", "clone", "--quiet", "--no-hardlinks", ".", str(clone)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise UserError(f"The project could not be cloned; without git, use --step. {done.stderr.strip()}")
    for name in RESULTS:
        shutil.rmtree(clone / name / tier, ignore_errors=True)
    clone.rename(final)


def _memory() -> list[str]:
    """Jobs that would not fit in memory do not run together, nor do two on one GPU, nor three that ask LLMs."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    # A container may have less of it than its machine.
    with suppress(OSError, ValueError):
        total = min(total, int(CONTAINER.read_text()))
    return ["--resources", f"mem_mb={total // 2**20}", "gpu=1", "llm=2"]


def render(reproduction: Reproduction, targets: list[str | Path]) -> str:
    """A reproduction as text: each output, where the flow first departs from its records, notes, the verdict."""
    lines = [str(result) for result in reproduction.results]
    if reproduction.earlier:
        same = sum(result.verdict == IDENTICAL for result in reproduction.earlier)
        lines.append(f"Of {len(reproduction.earlier)} earlier files, {same} are identical.")
        other = next((result for result in reproduction.earlier if result.verdict != IDENTICAL), None)
        lines += [] if other is None else [f"First to depart: {other}"]
    lines += [f"Note: {note}." for note in reproduction.notes]
    lines += [] if reproduction.folder is None else [f"Kept: {reproduction.folder}"]
    verdicts = {result.verdict for result in reproduction.results}
    verdict = ("reproduced", "not reproduced", "not made")[reproduction.verdict]
    identical = "" if reproduction.verdict or verdicts == {IDENTICAL} else ", within tolerance"
    return "\n".join([*lines, "", f"{', '.join(map(relative, targets))}: {verdict}{identical}."])
