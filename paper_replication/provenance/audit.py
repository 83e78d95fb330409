"""Verify the chain of records from a result back to raw inputs, by content alone: time stamps play no part."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from paper_replication.errors import UserError
from paper_replication.paths import CODE_CHANGES, SOURCES
from paper_replication.provenance.chain import command_for, entries, module_of, whole
from paper_replication.provenance.closure import closure
from paper_replication.provenance.code_changes import NEW, Changes, read_code_changes, reasons
from paper_replication.provenance.hashing import sha256_file, sha256_path
from paper_replication.provenance.record import SUFFIX, Record, find_record, is_raw, read_record, relative
from paper_replication.sources import read_sources

PASSED, BROKEN, STALE = 0, 1, 3
RESULTS = (("data",), ("figures",))
# What reading a damaged record can raise: not JSON, not text, fields missing or of another kind.
UNREADABLE = (UserError, ValueError, KeyError, TypeError, AttributeError)


@dataclass
class Audit:
    """What an audit found.

    Attributes:
        links: one line a link of the chain, in the order they were followed, indented by depth.
        broken: what does not match, first found first.
        absent: generated files that are not here but can be regenerated.
        remade: generated files that were made again since they were consumed, with the same content.
        uncommitted: results of jobs that ran with changes not committed then: the commit in their record is a hint.
        stale: code files that changed since they made a result, each with one result it made.
        harmless: those of which it is declared that results stay as they are, each with the reasons.
        changes: what is declared of changes of code.
        sums: sums computed so far.
        followed: records whose jobs were verified so far.
    """

    links: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    remade: list[str] = field(default_factory=list)
    uncommitted: list[str] = field(default_factory=list)
    stale: dict[str, str] = field(default_factory=dict)
    harmless: dict[str, list[str]] = field(default_factory=dict)

    changes: Changes = field(default_factory=dict, repr=False)
    sums: dict[str, str] = field(default_factory=dict, repr=False)
    followed: set[Path] = field(default_factory=set, repr=False)

    def sum_of(self, path: str) -> str:
        """The sum of a path's content, computed once in an audit: a model is an input of many jobs."""
        if path not in self.sums:
            self.sums[path] = sha256_path(Path(path))
        return self.sums[path]

    @property
    def verdict(self) -> int:
        """0 passed, 1 broken, 3 stale."""
        return BROKEN if self.broken else STALE if self.stale else PASSED


def audit(target: str | Path, *, strict: bool = False) -> Audit:
    """Follow a result's chain to its raw inputs and verify every sum on the way.

    Args:
        target: a generated file, or a folder of which every generated file is audited.
        strict: whether code that changed is stale, whatever is declared of it.

    Raises:
        UserError: the target is nothing that the workflow makes, or holds no such thing.
    """
    report = Audit(changes={} if strict else read_code_changes(CODE_CHANGES))
    for result in results_of(target, report):
        _follow({"path": result, "sha256": None, "record": None}, 0, report)  # nothing has consumed it
    return report


def results_of(target: str | Path, report: Audit) -> list[str]:
    """The generated paths that a target stands for: itself, or all below a folder; what is unreadable is reported.

    What lies in a folder that one job made stands for that folder. A result that is absent here has its record.
    """
    # Of a record, the result that it is named after.
    path = Path(relative(target).removesuffix(SUFFIX))
    if is_raw(path.as_posix()):
        raise UserError(
            f"{path} is a raw input: no job made it, so that there is nothing to compare it with. Audit a result, and "
            "what that rests on is compared with its records."
        )
    if path.parts[:1] not in RESULTS:
        raise UserError(f"{path} is no result of the workflow; those lie under data/<tier> and figures/<tier>.")
    if not path.exists() and find_record(path) is None:
        raise UserError(f"{path} does not exist, nor a record of it; nothing to audit.")
    path = whole(path)
    if path.is_file() and not _is_result(path):
        raise UserError(f"{path} is no result of the workflow: no job makes it.")
    if path.is_dir() and find_record(path) is None:
        return _results_in(path, report)
    return [path.as_posix()]


def _results_in(folder: Path, report: Audit) -> list[str]:
    """The generated files and folders below a folder, there or not; a file that no record lists stands for itself."""
    listed = set()
    for path in filter(_is_result, sorted(folder.rglob("*" + SUFFIX))):
        try:
            listed |= {entry["path"] for entry in entries(read_record(path), "outputs")}
        except UNREADABLE as error:
            report.broken.append(f"{path}: {error}")
    files = {item for item in folder.rglob("*") if item.is_file() and not item.name.endswith(SUFFIX)}
    files = set(filter(_is_result, files))
    inside = {file for file in files if {file.as_posix(), *(p.as_posix() for p in file.parents)} & listed}
    found = sorted(listed | {file.as_posix() for file in files - inside})
    if not found and not report.broken:
        raise UserError(f"{folder} holds no results.")
    return found


def _is_result(path: Path) -> bool:
    """Whether a file is a result: no raw input or text beside the tiers, no log, cached answer or left-over piece."""
    hidden = any(part.startswith(".") for part in path.parts)
    generated = len(path.parts) > 2 and not is_raw(path.as_posix())
    return generated and not hidden and path.parts[2] not in ("logs", "cache")


def _follow(entry: Record, depth: int, report: Audit) -> None:
    """Verify one path, as the entry of the record that consumed it has it, and, once, the job that made it."""
    path, line = entry["path"], f"{'  ' * depth}{entry['path']}"
    if is_raw(path):
        report.links.append(f"{line}  [raw input]")
        _check_sum(entry, "raw input", report)
    elif entry["sha256"] is not None and entry["record"] is None:
        report.links.append(f"{line}  [a file of one's own]")
        _check_own_file(entry, report)
    elif (found := _record_of(path, report)) is not None:
        _follow_job(entry, *found, depth, report)


def _record_of(path: str, report: Audit) -> tuple[Path, Record] | None:
    """Where the record of a path's job is, and what it says; None, which is reported, where it cannot be read."""
    try:
        found = find_record(path)
    except UNREADABLE as error:
        report.broken.append(f"{path}: a record beside it cannot be read ({error}).")
        return None
    if found is None:
        report.broken.append(
            f"{path}: its record is missing. Remake both with: {command_for(path, again=True)}; what no rule makes "
            "is no result, and does not belong there."
        )
        return None
    try:
        return found, read_record(found)
    except UNREADABLE as error:
        report.broken.append(f"{found}: {error}")
        return None


def _follow_job(entry: Record, found: Path, record: Record, depth: int, report: Audit) -> None:
    """Verify an output of a job and, once, the job's code and all that it consumed."""
    path = entry["path"]
    made = {output["path"]: output for output in entries(record, "outputs")}.get(path)
    if made is None:
        report.broken.append(f"{found}: does not list {path} among its outputs.")
        return
    _check_consumed(entry, made, found, record, report)
    if Path(path).exists():
        _check_output(made, report)
    else:
        _add_once(report.absent, path)
    if found in report.followed:
        return
    report.followed.add(found)
    report.links.append(_line(path, record, depth))
    if record["context"].get("git", {}).get("clean") is False:
        report.uncommitted.append(path)
    _check_code(record, path, report)
    _check_source(record, found, report)
    for consumed in entries(record, "inputs"):
        _follow(consumed, depth + 1, report)


def _add_once(paths: list[str], path: str) -> None:
    if path not in paths:
        paths.append(path)


def _line(path: str, record: Record, depth: int) -> str:
    context = record["context"]
    seed = record["parameters"].get("seed")
    details = [record["rule"], f"{context['seconds']:.0f} s", context["started"]]
    details += [f"seed {seed}"] if seed is not None else []
    return f"{'  ' * depth}{path}  [{', '.join(details)}]"


def _check_sum(entry: Record, what: str, report: Audit) -> None:
    path, expected = entry["path"], entry["sha256"]
    if not Path(path).exists():
        report.broken.append(f"{path}: this {what} is missing.")
    elif expected is not None and report.sum_of(path) != expected:
        report.broken.append(f"{path}: this {what} was edited after it was used.")


def _check_own_file(entry: Record, report: Audit) -> None:
    """On another machine it may be absent, which is no fault of the result."""
    if Path(entry["path"]).exists():
        _check_sum(entry, "file of one's own", report)
    else:
        _add_once(report.absent, entry["path"])


def _check_consumed(entry: Record, made: Record, found: Path, record: Record, report: Audit) -> None:
    """What the next step consumed must be what the record says was made, if not by the same job."""
    if entry["sha256"] is not None and entry["sha256"] != made["sha256"]:
        report.broken.append(f"{entry['path']}: the next step consumed other content than {found} says was made.")
    elif entry["record"] is not None and entry["record"] != record["identity"]:
        # Made again since, by other code or parameters, with the same bytes: Snakemake rightly reran nothing after it.
        _add_once(report.remade, entry["path"])


def _check_output(entry: Record, report: Audit) -> None:
    path = Path(entry["path"])
    if report.sum_of(entry["path"]) == entry["sha256"]:
        return
    # A folder lists its files, so that the one at fault can be named.
    named = []
    for name, expected in entry.get("files", {}).items():
        file = path / name
        if not file.is_file():
            named.append(f"{file}: was deleted from a result.")
        elif sha256_file(file) != expected:
            named.append(f"{file}: was edited after it was made.")
    report.broken += named or [f"{path}: was edited after it was made."]


@cache
def _closure(module: str) -> frozenset[str]:
    try:
        return frozenset(closure(module))
    except ModuleNotFoundError:
        # Renamed or deleted since: its own file, which the record lists, is stale.
        return frozenset()


def _check_code(record: Record, path: str, report: Audit) -> None:
    code, changes = record["code"], report.changes
    if any(file in code for file, _ in changes):
        # What a declared change imports is code of the result since then.
        code = dict.fromkeys(_closure(module_of(record)), NEW) | code
    for file, expected in code.items():
        found = report.sum_of(file) if Path(file).is_file() else ""
        if found == expected:
            continue
        why = reasons(changes, file, expected, found)
        if why is None:
            report.stale.setdefault(file, path)
        else:
            told = report.harmless.get(file, [])
            report.harmless[file] = list(dict.fromkeys(told + why))


def _check_source(record: Record, found: Path, report: Audit) -> None:
    """A fetched input's sums must be those that the table of sources lists today."""
    if "source" not in record["parameters"] or record["rule"] != "fetch":
        return
    try:
        listed = read_sources(SOURCES).get(record["parameters"]["source"]["name"])
    except UnicodeDecodeError as error:
        raise UserError(f"{SOURCES} cannot be read; save it as CSV in UTF-8. ({error})") from error
    if listed is None or listed.model_dump(mode="json") != record["parameters"]["source"]:
        name = record["parameters"]["source"]["name"]
        report.broken.append(f"{SOURCES}: the rows of {name} are not those that {found} was made from.")
        return
    made = {sum_ for entry in entries(record, "outputs") for sum_ in entry["files"].values()}
    if made != {file.sha256 for file in listed.files}:
        report.broken.append(f"{found}: the sums of its files are not those that {SOURCES} lists.")


def render(report: Audit, target: str | Path, tree: list[str] | None = None, quiet: bool = False) -> str:
    """The audit as text: the chain, as a tree where there is one, what is absent, stale and broken, the verdict.

    If `quiet`, the chain is left out, and what is in order is counted and not listed.
    """
    lines = [] if quiet else [*(tree or report.links)]
    ordered = {
        "Absent here, can be regenerated": report.absent,
        "Made again since, with the same content": report.remade,
        "Made with changes that were not committed then": report.uncommitted,
    }
    for what, paths in ordered.items():
        if paths:
            lines += ["", f"{what} ({len(paths)})" + ("." if quiet else ":")]
            lines += [] if quiet else [f"  {path}" for path in paths]
    if report.harmless:
        lines += ["", f"This code changed since; that results stay as they are is declared in {CODE_CHANGES}:"]
        named = {file: "" if quiet else f": {'; '.join(why)}" for file, why in report.harmless.items()}
        lines += [f"  {file}{why}" for file, why in sorted(named.items())]
    if report.stale:
        lines += ["", "Stale: this code changed since (result made by it):"]
        lines += [f"  {file}  ({result})" for file, result in sorted(report.stale.items())]
    if report.broken:
        first, *others = dict.fromkeys(report.broken)
        lines += ["", f"BROKEN, first link: {first}", *(f"  also: {problem}" for problem in others)]
    verdict = {PASSED: "verified down to raw inputs", STALE: "intact, but stale", BROKEN: "broken"}[report.verdict]
    absent = "; it is not here itself, its record is" if relative(target) in report.absent else ""
    lines += ["", f"{relative(target)}: {verdict} ({len(report.links)} links){absent}."]
    return "\n".join(lines)
