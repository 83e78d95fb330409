"""Environments: the lock's pins, in each what its rules import and no more; and how conda is asked for them."""

import ast
import functools
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from smoke_project import CONDA, environment

from paper_replication.provenance.closure import closure

FILES = sorted(Path("envs").glob("*.yaml"))
OWNERS = metadata.packages_distributions()
# No step imports these: a package that it does import loads them.
PLUGINS = {
    "train": {"accelerate"},
    "train_ablated": {"accelerate"},
    "model": {"gguf"},
    "interpretability_agent": {"openai"},
    "llm_scales": {"openai"},
    "llm_relevance": {"openai"},
    "llm_graded": {"openai"},
    "llm_coherence": {"openai"},
}


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def bodies():
    """(rule, text) of every rule."""
    text = "".join(path.read_text() for path in sorted(Path("workflow/rules").glob("*.smk")))
    return re.findall(r"^rule (\w+):\n(.*?)(?=^rule |^use rule |\Z)", text, re.MULTILINE | re.DOTALL)


def rules():
    """(rule, environment, step) of every rule that runs something."""
    for rule, body in bodies():
        steps = re.findall(r"python -m paper_replication\.steps\.(\w+)", body)
        environments = re.findall(r'^    conda:\n        "\.\./\.\./envs/(\w+)\.yaml"$', body, re.MULTILINE)
        assert len(steps) == len(environments) == 1, rule
        yield rule, environments[0], steps[0]


def test_every_rule_watches_the_code_of_the_step_that_it_runs():
    for rule, body in bodies():
        watched = re.findall(r'closure\("paper_replication\.steps\.(\w+)"\)', body)
        assert set(watched) == set(re.findall(r"python -m paper_replication\.steps\.(\w+)", body)), rule


@functools.cache
def parsed(file):
    """What a file imports, as (function or None, module), and every name that it mentions."""
    imports, names = set(), set()
    for node in ast.parse(Path(file).read_text()).body:
        function = node.name if isinstance(node, ast.FunctionDef) else None
        for inner in ast.walk(node):
            if isinstance(inner, ast.Import):
                imports |= {(function, alias.name.split(".")[0]) for alias in inner.names}
            elif isinstance(inner, ast.ImportFrom):
                imports.add((function, inner.module.split(".")[0]))
                names |= {alias.name for alias in inner.names}
            elif isinstance(inner, ast.Name):
                names.add(inner.id)
            elif isinstance(inner, ast.Attribute):
                names.add(inner.attr)
    return imports, names


@functools.cache
def needed(step):
    """Distributions that a step's code imports, by normal name.

    An import inside a function counts if any module of the step's code names the function: a step that only reads
    tokenizers imports the module that can load adapters, but needs no package for adapters.
    """
    found = [parsed(file) for file in closure(f"paper_replication.steps.{step}")]
    named = set().union(*(names for _, names in found))
    modules = {module for imports, _ in found for function, module in imports if function is None or function in named}
    third_party = modules - sys.stdlib_module_names - {"paper_replication"}
    return {normal(OWNERS[module][0]) for module in third_party} | PLUGINS.get(step, set())


def test_environments_repeat_the_pins_of_the_lock():
    lock = {line for line in Path("envs/requirements.txt").read_text().splitlines() if "==" in line}
    for file in FILES:
        python, pip, pins = yaml.safe_load(file.read_text())["dependencies"]
        assert (python, pip) == ("python=3.11", "pip")
        assert set(pins["pip"]) <= lock, file


def test_every_rule_has_an_environment_and_every_environment_a_rule():
    assert {name for _, name, _ in rules()} == {file.stem for file in FILES}
    for file in FILES:
        assert yaml.safe_load(file.read_text())["name"] == file.stem


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_environment_holds_what_its_rules_import_and_no_more(file):
    *_, pins = yaml.safe_load(file.read_text())["dependencies"]
    listed = {normal(pin.split("==")[0]) for pin in pins["pip"]}
    wanted = {rule: needed(step) for rule, name, step in rules() if name == file.stem}
    assert {rule: names - listed for rule, names in wanted.items() if names - listed} == {}
    assert listed - set().union(*wanted.values()) == set()


def ask(*words):
    return subprocess.run([CONDA / "conda", *words], env=environment(), capture_output=True, text=True, check=False)


def test_the_stand_in_answers_what_snakemake_asks():
    assert json.loads(ask("info", "--json").stdout)["conda_prefix"] == str(CONDA.parent)
    assert re.search(r"\d+\.\d+\.\d+", ask("--version").stdout)
    assert json.loads(ask("config", "--get", "channel_priority", "--json").stdout)["get"] == {
        "channel_priority": "strict"
    }
    assert ask("list", "--explicit", "--prefix", "anywhere").stdout == "@EXPLICIT\n"
    assert ask("clean", "-y", "--tarballs").returncode == 0
    assert ask("install", "numpy").returncode != 0


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("  - pip\n", "  - pip\n  - numpy\n"),
        ("  - conda-forge\n", "  - conda-forge\n  - bioconda\n"),
        ("pydantic==", "pydantic>="),
        ("python=3.11", "python=2.7"),
    ],
)
def test_the_stand_in_refuses_what_it_cannot_vouch_for(tmp_path, ours, theirs):
    content = Path("envs/provenance.yaml").read_text()
    assert ours in content
    (tmp_path / "wrong.yaml").write_text(content.replace(ours, theirs))
    done = ask("env", "create", "--file", tmp_path / "wrong.yaml", "--prefix", tmp_path / "made")
    assert done.returncode != 0
    assert "wrong.yaml" in done.stderr
    assert not (tmp_path / "made").exists()


def test_conda_is_used_where_it_is_asked_for_and_there():
    command = [shutil.which("make"), "--dry-run", "figures"]
    plain, asked = (
        subprocess.run([*command, *word], env=environment(), capture_output=True, text=True, check=True).stdout
        for word in ([], ["CONDA=1"])
    )
    assert "--sdm" not in plain
    assert "--sdm conda" in asked


def test_without_conda_make_says_what_to_install(tmp_path):
    command = [shutil.which("make"), "figures", "CONDA=1", "SHELL=/bin/sh"]
    done = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "Install Miniforge" in done.stdout


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="other CPUs have no such choice of kernels")
def test_jobs_multiply_by_one_kernel_on_every_cpu_of_a_kind():
    """Two models of CPU gave coherences that differed in their last digits."""
    script = "import numpy, threadpoolctl; print([pool['architecture'] for pool in threadpoolctl.threadpool_info()])"
    command = [sys.executable, "-c", f"from paper_replication.environment import prepare; prepare(); {script}"]
    inherited = {name: value for name, value in os.environ.items() if name != "OPENBLAS_CORETYPE"}
    done = subprocess.run(command, env=inherited, text=True, capture_output=True, check=True)
    assert done.stdout.strip() == "['Haswell']"
