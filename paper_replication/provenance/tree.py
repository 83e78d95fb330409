"""The chain of a result as a tree to be read: from the figure down to the raw inputs."""

import shlex
from pathlib import Path

from paper_replication.provenance.chain import Chain, commit_of
from paper_replication.provenance.record import Record

# Characters of one value of a command; records hold it whole.
LONGEST = 60


def draw_tree(chain: Chain) -> list[str]:
    """Lines of the tree: each job once, with step, seed, time, commit and command, and then by its number."""
    numbers = {job: number for number, job in enumerate(chain.jobs, start=1)}
    lines, shown = [], set()
    for result in chain.results:
        lines += _node(result, "", chain, numbers, shown)
    return lines


def _node(path: str, indent: str, chain: Chain, numbers: dict[str, int], shown: set[str]) -> list[str]:
    job = chain.makers[path]
    if job is None:
        known = f", sha256 {chain.raw[path][:12]}" if path in chain.raw else ""
        return [f"{path}  (raw input{known})"]
    absent = "" if Path(path).exists() else "  (absent here)"
    if job in shown:
        return [f"{path}{absent}  see [{numbers[job]}]"]
    shown.add(job)
    record = chain.jobs[job]
    below = chain.inputs_of(job)
    leaves = [f"{name}  (fetched)" for name in _sources(record)]
    bar = f"{indent}│   " if below or leaves else f"{indent}    "
    lines = [f"{path}{absent}", f"{bar}[{numbers[job]}] {describe(record)}", f"{bar}{shorten(record)}"]
    for place, name in enumerate(below):
        last = place == len(below) - 1 and not leaves
        branch = _node(name, indent + ("    " if last else "│   "), chain, numbers, shown)
        lines += [f"{indent}{'└── ' if last else '├── '}{branch[0]}", *branch[1:]]
    lines += [f"{indent}{'└── ' if leaf is leaves[-1] else '├── '}{leaf}" for leaf in leaves]
    return lines


def describe(record: Record) -> str:
    """A job in a few words: its step, seed, time taken, when, on what, and the code's commit."""
    context = record["context"]
    seed = record["parameters"].get("seed")
    words = [record["rule"], *([] if seed is None else [f"seed {seed}"])]
    # Records of before 2026-11-30 do not name the CPU.
    device = context.get("cpu", "cpu") if context["device"] == "cpu" else context["device"]
    words += [f"{context['seconds']:.1f} s", context["started"], device, commit_of(record, digits=8)]
    return ", ".join(words)


def shorten(record: Record) -> str:
    """A job's command without the paths that the tree itself shows, and with long values cut."""
    words = shlex.split(record["context"]["command"])
    paths = {name.replace("_", "-") for side in ("inputs", "outputs") for name in record[side]} | {"record"}
    kept, keep = [], True
    for word in words:
        if word.startswith("--"):
            keep = word[2:] not in paths
        if keep:
            kept.append(word if len(word) <= LONGEST else f"{word[: LONGEST - 3]}...")
    return " ".join(kept)


def _sources(record: Record) -> list[str]:
    """What a fetched input came from, which no path in this project holds: the package and its version."""
    source = record["parameters"].get("source")
    if record["rule"] != "fetch" or not isinstance(source, dict):
        return []
    return [f"{source['package']} {source['version']}, sha256 {source['archive_sha256'][:12]}"]
