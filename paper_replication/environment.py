"""The environment variables that every job of the workflow runs under."""

import os
import platform
import sys
from pathlib import Path

# Memory that training frees and takes again every step is kept, about 1.5 times faster with glibc. Jobs that generate
# would only hoard by it.
MALLOC = {
    "MALLOC_MMAP_THRESHOLD_": str(8 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(16 << 30),
    "MALLOC_TOP_PAD_": str(256 << 20),
}
# The same before a command: a change of its text would change that of every rule that trains.
KEEPING_MEMORY = "".join(f"{name}={value} " for name, value in MALLOC.items())
# No usage data leaves the machine, and tokenizers do not fork threads of their own.
LIBRARIES = {"HF_HUB_DISABLE_TELEMETRY": "1", "TOKENIZERS_PARALLELISM": "false", "TRACKIO_DISABLED": "1"}
# A job sees one GPU, the first, where neither the user nor Slurm says which: on several, the trainer refuses to start.
LIBRARIES["CUDA_VISIBLE_DEVICES"] = "0"
# OpenBLAS, which numpy multiplies by, sums in another order on a CPU with wider registers: one kernel for all gives the
# same last digits on all of them.
if platform.machine() in ("x86_64", "AMD64"):
    LIBRARIES["OPENBLAS_CORETYPE"] = "Haswell"
# Conda environments pin what rules import; the lock has a version for whatever those packages need besides. pip takes a
# space in a path for the end of it.
INSTALLER = {"PIP_CONSTRAINT": (Path(__file__).resolve().parents[1] / "envs/requirements.txt").as_uri()}


def prepare() -> None:
    """Set the variables that jobs inherit, where the user has not, and let `python` be the one running this."""
    for name, value in (LIBRARIES | INSTALLER).items():
        os.environ.setdefault(name, value)
    folder = str(Path(sys.executable).parent)
    if folder not in os.environ["PATH"].split(os.pathsep)[:1]:
        os.environ["PATH"] = folder + os.pathsep + os.environ["PATH"]
