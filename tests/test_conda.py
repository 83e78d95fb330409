"""A part of the smoke tier with an environment for every rule: the same results, and nothing leaks in from outside."""

import json
import re
import secrets
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from endpoint import Endpoint, scripted
from smoke_project import (
    AT,
    CONFIG,
    CONSOLE,
    DEMO,
    PART,
    STUDY,
    assert_same_part,
    copy_tracked,
    copy_without_a_run,
    environment,
    finish,
    part_config,
)

from paper_replication.files import read_table, read_yaml
from paper_replication.provenance.record import read_record

pytestmark = [pytest.mark.slow, pytest.mark.workflow, pytest.mark.usefixtures("cold_start")]

SOURCE = AT.source("evals_chat")


def environments(folder):
    """The names of those that were made."""
    return {re.search(r"^name: (\w+)", file.read_text(), re.M)[1] for file in folder.glob(".snakemake/conda/*.yaml")}


def run(folder, targets, config=CONFIG, **variables):
    """Snakemake in a folder, every rule in its own environment; what it and the jobs said."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *targets, "--configfile", str(config)]
    variables = environment() | variables
    return subprocess.run(
        [*command, "--sdm", "conda"], cwd=folder, env=variables, text=True, capture_output=True, check=False
    )


def remove_environments(folder):
    """Gigabytes, which pytest would keep for three sessions."""
    shutil.rmtree(folder / ".snakemake/conda")


@pytest.fixture(scope="module")
def isolated(project, tmp_path_factory):
    """A copy that lacked one organism's run and a source: both made anew, every rule in its own environment."""
    folder = copy_without_a_run(project, tmp_path_factory.mktemp("isolated") / "project")
    shutil.rmtree(folder / SOURCE)
    (folder / AT.record(SOURCE)).unlink()
    (folder / ".snakemake").mkdir()
    (folder / CONSOLE).write_text(finish(folder, "demo", "CONDA=1"))
    for targets in (PART, [SOURCE]):
        done = run(folder, targets, part_config(folder / "part.yaml"))
        assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    yield folder
    remove_environments(folder)


def test_in_their_own_environments_rules_make_the_same_results(project, isolated):
    assert_same_part(isolated, project)
    # No LLM is named in this tier's config, so that nothing asks for `agent`.
    assert environments(isolated) == {file.stem for file in Path("envs").glob("*.yaml")} - {"agent"}


# Drawn anew, so that this file does not hold it.
KEY = f"sk-{secrets.token_hex(16)}"


def answers(body):
    """The agent and its grader go by the script; the judge likes the first of what it is shown."""
    if body["model"] != "judge":
        return scripted(body)
    of_lists = "List 1:" in body["messages"][-1]["content"]
    return {"content": json.dumps({"list": 1, "tokens": [1]} if of_lists else {"relevant": [1]})}


def test_in_its_own_environment_llms_are_asked_and_no_file_holds_the_key(project, isolated, tmp_path):
    served = Endpoint(answers)
    content = read_yaml(CONFIG)
    content["agent"] |= {"model": "openai-api/local/agent", "base_url": served.url}
    content["agent"] |= {"grader": "openai-api/local/grader", "grader_base_url": served.url}
    content["llm_judges"] |= {"model": "openai-api/local/judge", "base_url": served.url}
    config = tmp_path / "with_llm.yaml"
    config.write_text(yaml.safe_dump(content))
    grades, judged = (STUDY.of_label(DEMO, name) for name in ("agent/adl-5/grades.csv", "llm_judges/graded.csv"))
    # Steering, which asks no LLM, as it was: newer than what it was made from.
    steering = Path(STUDY.of_label(DEMO, "steering"))
    shutil.copytree(project / steering, isolated / steering, copy_function=shutil.copy, dirs_exist_ok=True)
    done = run(isolated, [grades, judged], config, LOCAL_API_KEY=KEY)
    served.stop()
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    assert "agent" in environments(isolated)
    assert set(read_table(isolated / grades)["grade"]) == {4}
    assert read_table(isolated / judged)["votes"].sum() > 0
    written = [path for path in isolated.rglob("*") if path.is_file() and ".snakemake/conda/" not in path.as_posix()]
    assert [path for path in written if KEY.encode() in path.read_bytes()] == []


def test_elsewhere_the_demonstration_prints(isolated):
    printed = (isolated / CONSOLE).read_text()
    for words in ("difference", "base mean", "finetuned mean", "sides with the inserted facts", "before", "after"):
        assert words in printed


def fetch(folder, file, old, new):
    """Fetch one small source in a clean copy with one line of a file changed; what Snakemake and the job said."""
    copy_tracked(folder)
    content, changes = re.subn(old, new, (folder / file).read_text(), flags=re.MULTILINE)
    assert changes == 1
    (folder / file).write_text(content)
    done = run(folder, [SOURCE])
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
