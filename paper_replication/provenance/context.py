"""When, where and with what a job ran: the part of a record outside its identity."""

import platform
import re
import resource
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

# A result depends on these; generated folders are left out, since every run changes them.
TRACKED = ["Snakefile", "workflow", "paper_replication", "envs", "data/inputs", "profiles"]
CPU = Path("/proc/cpuinfo")


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def git_state() -> dict[str, Any]:
    """The commit, and whether code and raw inputs were as committed; both None without git or outside its checkout."""
    commit = _git("rev-parse", "HEAD")
    changes = _git("status", "--porcelain", "--", *TRACKED) if commit else None
    return {"commit": commit, "clean": None if changes is None else changes == ""}


def versions() -> dict[str, str]:
    """Python's version and that of every distribution whose modules this process has loaded."""
    loaded = {name.split(".")[0] for name in sys.modules}
    owners = metadata.packages_distributions()
    names = {owner for module in loaded for owner in owners.get(module, [])}
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in sorted(names)}


def cpu() -> str:
    """The CPU, in whose kernels the last digits of floating-point sums are made: what Linux lists, or its architecture.

    Maker, family and model are among it, since a virtual machine may name its CPU by nothing but a trade mark.
    """
    listed = CPU.read_text() if CPU.exists() else ""
    keys = ("vendor_id", "cpu family", "model", "model name")
    found = [re.search(rf"^{key}\s*:\s*(.+)", listed, re.MULTILINE) for key in keys]
    return " ".join(match[1].strip() for match in found if match) or platform.machine()


def device() -> dict[str, Any]:
    """The device a job could use, the CPU and the number of threads, without loading torch for jobs that did not."""
    torch = sys.modules.get("torch")
    if torch is None:
        return {"device": "cpu", "cpu": cpu(), "threads": 1}
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    return {"device": name, "cpu": cpu(), "threads": torch.get_num_threads()}


def peak_memory_mb() -> int:
    """The largest resident set of this process so far, in mebibytes (Linux counts in kibibytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
