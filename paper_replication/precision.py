"""In which precision a machine computes what the config has in bfloat16."""

import os
import re
from pathlib import Path
from typing import Any, TypeVar

from paper_replication.settings.base import Settings

Section = TypeVar("Section", bound=Settings)
TOLD = (
    "This CPU has no instructions for bfloat16, in which it takes up to fifty times as long: what the config has in "
    "bfloat16 is computed in float32 (`without_bfloat16` in the config)."
)


CPU = Path("/proc/cpuinfo")
AVX512 = {"avx512f", "avx512bw", "avx512dq", "avx512vl"}
# Without one of these (Nvidia's, Windows's, AMD's) PyTorch finds no GPU under Linux.
GPUS = [Path("/dev") / name for name in ("nvidiactl", "dxg", "kfd")]


def slow_by_its_flags() -> bool | None:
    """What the flags that Linux lists of an x86 CPU say of bfloat16; None where they leave it open."""
    listed = re.search(r"^flags\s*:(.*)", CPU.read_text() if CPU.exists() else "", re.MULTILINE)
    if listed is None or os.environ.keys() & {"ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"}:
        return None
    flags = set(listed[1].split())
    if flags.issuperset(AVX512):
        return False
    # Some CPUs with AVX-VNNI have instructions for bfloat16 that Linux does not list.
    return None if "avx_vnni" in flags or any(gpu.exists() for gpu in GPUS) else True


def bfloat16_is_slow() -> bool:
    """Whether there is no GPU, and matrices in bfloat16 are multiplied without instructions for it.

    PyTorch has fast products of bfloat16 where oneDNN has them: on x86 with AVX-512 or newer, on Arm with BF16.
    """
    known = slow_by_its_flags()
    if known is not None:
        return known
    # Snakemake reads the workflow more often than it asks this, and PyTorch takes seconds to load.
    import torch

    supported = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)
    return not torch.cuda.is_available() and not supported()


def needs_float32(content: dict[str, Any]) -> bool:
    """Whether a config, as read from YAML, asks for float32 where bfloat16 is slow, and here it is."""
    # PyTorch is not loaded where it makes no difference.
    return content.get("without_bfloat16") == "float32" and bfloat16_is_slow()


def in_float32(section: Section) -> Section:
    """A section of the config, and all in it, with float32 in the place of bfloat16; overrides of recipes stay."""
    changed = {name: in_float32(value) for name, value in section if isinstance(value, Settings)}
    if getattr(section, "precision", None) == "bfloat16":
        changed["precision"] = "float32"
    return section.model_copy(update=changed)
