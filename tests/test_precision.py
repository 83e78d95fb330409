"""On a CPU that is slower in bfloat16 than in float32, what would be computed in it is computed in float32."""

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from paper_replication import precision
from paper_replication.files import read_yaml
from paper_replication.paths import CONFIGS
from paper_replication.precision import TOLD, bfloat16_is_slow, in_float32, needs_float32, slow_by_its_flags
from paper_replication.settings.base import Settings
from paper_replication.study import load_study


class Part(Settings):
    precision: str
    size: int = 3


class Whole(Settings):
    training: Part
    lens: Part
    name: str = "bfloat16"


def test_bfloat16_becomes_float32_and_nothing_else_changes():
    whole = Whole(training=Part(precision="bfloat16"), lens=Part(precision="float64", size=5))
    found = in_float32(whole)
    assert found == Whole(training=Part(precision="float32"), lens=Part(precision="float64", size=5))
    assert whole.training.precision == "bfloat16"


@pytest.mark.parametrize("tier", ["smoke", "laptop"])
def test_tiers_for_a_cpu_train_and_sample_in_float32_where_bfloat16_is_slow(tier):
    file = CONFIGS / f"{tier}.yaml"
    slow, fast = (load_study(read_yaml(file), file, asked).config for asked in (True, False))
    for section in ("recipe", "chat", "steering", "agent"):
        assert getattr(fast, section).precision == "bfloat16"
        assert getattr(slow, section).precision == "float32"
    assert "bfloat16" not in slow.model_dump_json(exclude={"resources"}).replace("without_bfloat16", "")


def test_the_paper_tier_keeps_to_what_it_says(monkeypatch):
    monkeypatch.setattr(precision, "bfloat16_is_slow", lambda: True)
    assert not needs_float32(read_yaml(CONFIGS / "paper.yaml"))
    assert not needs_float32({"without_bfloat16": "bfloat16"})
    assert needs_float32({"without_bfloat16": "float32"})


@pytest.mark.parametrize(
    ("gpu", "operations", "slow"),
    [
        (False, {"_is_mkldnn_bf16_supported": lambda: False}, True),
        (False, {"_is_mkldnn_bf16_supported": lambda: True}, False),
        (True, {"_is_mkldnn_bf16_supported": lambda: False}, False),
        # A PyTorch that is built without oneDNN.
        (False, {}, True),
    ],
)
def test_slow_is_a_cpu_alone_without_its_instructions(monkeypatch, gpu, operations, slow):
    monkeypatch.setattr(precision, "slow_by_its_flags", lambda: None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setattr(torch, "ops", SimpleNamespace(mkldnn=SimpleNamespace(**operations)))
    assert bfloat16_is_slow() is slow


AVX2, AVX512 = "fpu avx avx2", "avx2 avx512f avx512bw avx512dq avx512vl"
AMD, INTEL = "AuthenticAMD", "GenuineIntel"


@pytest.mark.parametrize(
    ("vendor", "flags", "variables", "slow"),
    [
        (AMD, AVX2, {}, True),
        (AMD, f"{AVX512} avx512_bf16", {}, False),
        (INTEL, f"{AVX512} avx512_bf16 amx_bf16 avx_vnni", {}, False),
        # Half as fast as float32; as is what has no products of bfloat16.
        (INTEL, f"{AVX512} avx512_bf16 avx_vnni", {}, True),
        (INTEL, AVX512, {}, True),
        (INTEL, "avx2 avx512f avx512cd", {}, True),
        # Left to PyTorch.
        (INTEL, f"{AVX2} avx_vnni", {}, None),
        (AMD, AVX512, {"ONEDNN_MAX_CPU_ISA": "AVX2"}, None),
        (None, None, {}, None),
    ],
)
def test_the_flags_of_a_cpu_spare_the_loading_of_pytorch(monkeypatch, tmp_path, vendor, flags, variables, slow):
    # On Arm the line has another name.
    line = "Features : bf16" if flags is None else f"flags\t\t: {flags}"
    (tmp_path / "cpuinfo").write_text(f"vendor_id\t: {vendor}\nmodel : x\n{line}\nbugs : y\n")
    monkeypatch.setattr(precision, "CPU", tmp_path / "cpuinfo")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert slow_by_its_flags() is slow


@pytest.mark.parametrize("cuda", [False, True])
def test_a_cpu_is_slow_beside_a_gpu_that_pytorch_cannot_use(monkeypatch, tmp_path, cuda):
    monkeypatch.setattr(precision, "slow_by_its_flags", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    (tmp_path / "one").touch()
    monkeypatch.setattr(precision, "GPUS", [tmp_path / "none", tmp_path / "one"])
    assert bfloat16_is_slow() is not cuda


def test_what_is_fast_here_by_its_flags_has_instructions_by_pytorch(monkeypatch):
    known = slow_by_its_flags()
    monkeypatch.setattr(precision, "slow_by_its_flags", lambda: None)
    # PyTorch does not tell how fast these are.
    assert not bfloat16_is_slow() if known is False else known in (None, True)


@pytest.mark.slow
def test_jobs_are_given_the_precision_that_this_machine_is_fast_in():
    command = ["-m", "snakemake", "--dry-run", "--printshellcmds", "--forceall", "--cores", "1"]
    label = "data/laptop/smollm2_135m_instruct/subliminal_cat/default-seed0"
    targets = [f"{label}/adapter", f"{label}/steering/strengths.csv"]
    done = subprocess.run([sys.executable, *command, *targets], capture_output=True, text=True, check=True)
    slow, commands = bfloat16_is_slow(), done.stdout
    numbers = next(line for line in commands.splitlines() if "steps.numbers" in line)
    assert ("--precision float32" in numbers) == slow
    for step in ("train", "steering"):
        asked = next(line for line in commands.splitlines() if f"steps.{step} " in line)
        assert f'"precision":"{"float32" if slow else "bfloat16"}"' in asked
    # Told where jobs are run.
    assert TOLD not in done.stderr


def test_no_file_of_rules_gives_a_name_of_the_workflow_another_meaning():
    """Included files share the Snakefile's names, and what is printed at the start is one of these."""
    files = [Path("Snakefile"), *sorted(Path("workflow/rules").glob("*.smk"))]
    given = [name for file in files for name in re.findall(r"^([A-Z_]+) = ", file.read_text(), re.M)]
    imported = re.findall(r"\b[A-Z_]{2,}\b", " ".join(re.findall(r"^from .* import (.*)$", files[0].read_text(), re.M)))
    assert "TOLD" in imported
    assert [name for name in given if name in imported or given.count(name) > 1] == []
