"""In which precision a machine computes what the config has in bfloat16."""

import os
import re
from pathlib import Path
from typing import Any, TypeVar

from paper_replication.settings.base import Settings

Section = TypeVar("Section", bound=Settings)
TOLD = (
    "This CPU is slower in bfloat16 than in float32, up to fifty times where it has no instructions for it: what the "
    "config has in bfloat16 is computed in float32 (`without_bfloat16` in the config)."
)


CPU = Path("/proc/cpuinfo")
AVX512 = {"avx512f", "avx512bw", "avx512dq", "avx512vl"}
# Without one of these (Nvidia's, Windows's, AMD's) PyTorch finds no GPU under Linux.
GPUS = [Path("/dev") / name for name in ("nvidiactl", "dxg", "kfd")]


def slow_by_its_flags() -> bool | None:
    """What Linux lists of an x86 CPU says of bfloat16; None where that leaves it open."""
    listed = CPU.read_text() if CPU.exists() else ""
    found = re.search(r"^flags\s*:(.*)", listed, re.MULTILINE)
    if found is None or os.environ.keys() & {"ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"}:
        return None
    flags = set(found[1].split())
    if flags.issuperset(AVX512):
        # With AVX-512's instructions AMD multiplies bfloat16 faster than float32, Intel half as fast. There AMX is made
        # for it (not tried here), which virtual machines may not be shown.
        fast = "amx_bf16" in flags or ("avx512_bf16" in flags and "GenuineIntel" not in listed)
    elif "avx_vnni" in flags:
        # Some of these have instructions for bfloat16 that Linux does not list.
        return None
    else:
        fast = False
    return not fast


def bfloat16_is_slow() -> bool:
    """Whether there is no GPU, and matrices in bfloat16 are multiplied more slowly than in float32.

    Where the flags of a CPU do not tell, it goes by whether oneDNN has instructions, by which PyTorch multiplies.
    """
    known = slow_by_its_flags()
    if known is False or (known and not any(gpu.exists() for gpu in GPUS)):
        return known
    # Snakemake reads the workflow more often than it asks this, and PyTorch takes seconds to load.
    import torch

    supported = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)
    return not torch.cuda.is_available() and (known or not supported())


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
