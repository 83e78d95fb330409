"""The smoke tier with an environment for every rule: the same results, and nothing leaks in from outside."""

import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from smoke_project import AT, CONFIG, CONSOLE, DEMO, STUDY, copy_tracked, environment, finish, tables

from paper_replication.provenance.record import read_record

pytestmark = pytest.mark.slow

SOURCE = AT.source("evals_chat")


def remove_environments(folder):
    """Gigabytes, which pytest would keep for three sessions."""
    shutil.rmtree(folder / ".snakemake/conda")


@pytest.fixture(scope="module")
def isolated(tmp_path_factory):
    """A clean copy in which `make demo` and then `make figures` have run, every rule in its own environment."""
    folder = tmp_path_factory.mktemp("isolated")
    copy_tracked(folder)
    printed = finish(folder, "demo", "CONDA=1")
    (folder / CONSOLE).write_text(printed + finish(folder, "figures", "CONDA=1"))
    yield folder
    remove_environments(folder)


def test_in_their_own_environments_rules_make_the_same_tables(project, isolated):
    assert tables(isolated) == tables(project)
    assert tables(isolated)
    made = {re.search(r"^name: (\w+)", file.read_text(), re.M)[1] for file in isolated.glob(".snakemake/conda/*.yaml")}
    # No LLM is named in this tier's config, so that nothing asks for `agent`.
    assert made == {file.stem for file in Path("envs").glob("*.yaml")} - {"agent"}


def test_elsewhere_the_demonstration_prints_and_its_results_are_the_same_bytes(project, isolated):
    printed = (isolated / CONSOLE).read_text()
    for words in ("difference", "base mean", "finetuned mean", "sides with the inserted facts", "before", "after"):
        assert words in printed
    for name in ("adapter/adapter_model.safetensors", "behaviour.csv", f"lens/{STUDY.main_corpus}/graded.csv"):
        there, here = (folder / STUDY.of_label(DEMO, name) for folder in (isolated, project))
        assert there.read_bytes() == here.read_bytes(), name


def fetch(folder, file, old, new):
    """Fetch one small source in a clean copy with one line of a file changed; what Snakemake and the job said."""
    copy_tracked(folder)
    content, changes = re.subn(old, new, (folder / file).read_text(), flags=re.MULTILINE)
    assert changes == 1
    (folder / file).write_text(content)
    command = [sys.executable, "-m", "snakemake", "--cores", "1", SOURCE, "--configfile", str(CONFIG)]
    command += ["--sdm", "conda"]
    done = subprocess.run(command, cwd=folder, env=environment(), text=True, capture_output=True, check=False)
    remove_environments(folder)
    return done


def test_a_job_runs_with_the_packages_of_its_environment_not_those_of_the_driver(tmp_path):
    # Which no environment names: pydantic needs it, and its version is the lock's.
    package, other = "annotated-types", "0.7.0"
    assert metadata.version(package) != other
    done = fetch(tmp_path, "envs/requirements.txt", f"^{package}==.*$", f"{package}=={other}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert read_record(tmp_path / AT.record(SOURCE))["context"]["versions"][package] == other


def test_a_rule_whose_environment_lacks_a_package_fails(tmp_path):
    done = fetch(tmp_path, "envs/fetch.yaml", r"^ +- pydantic==.*\n", "")
    assert done.returncode != 0
    assert "ModuleNotFoundError: No module named 'pydantic'" in done.stdout + done.stderr
    assert not (tmp_path / SOURCE).exists()
