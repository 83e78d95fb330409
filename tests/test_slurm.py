"""A part of the smoke tier through a real Slurm on this machine: the same results, also after kills and losses."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml
from smoke_project import AT, DEMO, PART, STUDY, assert_same_part, audit, copy_without_a_run, environment, part_config

pytestmark = [pytest.mark.slow, pytest.mark.workflow]

PROFILE = "profiles/slurm"
CORES = str(os.cpu_count())
# Each check of what has ended comes ten seconds later than the one before did: here at five, and at twenty, when most
# jobs of this tier have ended. What waits in the queue starts without that.
IMPATIENT = ["--slurm-init-seconds-before-status-checks", "5", "--seconds-between-status-checks", "5"]
QUEUED = ["--jobs", "20", "--cores", CORES]


@pytest.fixture(scope="module")
def slurm():
    """Slurm's daemons, unless they run already: stopped if started here, skipped if they cannot be installed."""
    running = shutil.which("sinfo") and subprocess.run(["sinfo"], capture_output=True, check=False).returncode == 0
    started = subprocess.run([".ci/slurm", "start"], capture_output=True, text=True, check=False)
    if started.returncode == 2:
        pytest.skip(f"Slurm cannot be installed here: {started.stderr}")
    assert started.returncode == 0, started.stderr
    yield
    if not running:
        subprocess.run([".ci/slurm", "stop"], check=True)


# A result that is lost between two runs, and that nothing else would make anew.
LOST = AT.activations(DEMO.model, "base", STUDY.main_corpus)


@pytest.fixture(scope="module")
def cluster_copy(slurm, project, tmp_path_factory):
    """A copy of the project that lacks one organism's run, and one result that others share."""
    folder = copy_without_a_run(project, tmp_path_factory.mktemp("slurm") / "project")
    (folder / LOST).unlink()
    return folder


def submit(folder, *targets):
    command = [sys.executable, "-m", "snakemake", *targets, "--workflow-profile", PROFILE, *QUEUED]
    command += ["--latency-wait", "20", *IMPATIENT, "--configfile", str(part_config(folder / "part.yaml"))]
    said = (folder / "slurm.log").open("a")
    return subprocess.Popen(command, cwd=folder, env=environment(), stdout=said, stderr=subprocess.STDOUT)


def said(folder):
    return (folder / "slurm.log").read_text()


def jobs_of(rule):
    """The running Slurm jobs of a rule."""
    command = ["squeue", "--noheader", "--states=R", "--format=%i %k"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line.split()[0] for line in listed.stdout.splitlines() if line.split()[1].startswith(f"rule_{rule}")]


def processes_of(step):
    """The processes that run a step's module for Slurm."""
    module = f"paper_replication.steps.{step}"
    found = [process for process in psutil.process_iter(["cmdline"]) if module in (process.info["cmdline"] or [])[:3]]
    return [process for process in found if "SLURM_JOB_ID" in process.environ()]


def wait(for_what, running, seconds=600):
    end = time.monotonic() + seconds
    while not (found := for_what()):
        assert running.poll() is None, "Snakemake ended"
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.2)
    return found


@pytest.fixture(scope="module")
def through_slurm(cluster_copy):
    """The copy with what it lacks made by Slurm; of the jobs one was cancelled and one killed."""
    folder = cluster_copy
    running = submit(folder, *PART)
    wait(lambda: processes_of("train"), running)
    subprocess.run(["scancel", *jobs_of("train")], check=True)
    wait(lambda: processes_of("readouts"), running)[0].send_signal(signal.SIGKILL)
    assert running.wait(3600) == 0, said(folder)[-5000:]
    return folder


def test_slurm_makes_the_same_results(through_slurm, project):
    assert_same_part(through_slurm, project)
    done = audit(through_slurm, AT.figures)
    assert done.returncode == 0, done.stdout


def test_killed_jobs_were_submitted_again_and_a_lost_result_was_made_again(through_slurm):
    log = said(through_slurm)
    assert "SLURM status is: 'CANCELLED'" in log
    assert "SLURM status is: 'FAILED'" in log
    assert log.count("Trying to restart job") == 2
    assert len(re.findall(rf"\n *rule activations:(?:\n .*)*? output: {LOST}", log)) == 1
    assert not list(through_slurm.rglob(".partial-*"))


def test_short_rules_share_a_slurm_job(through_slurm):
    log = said(through_slurm)
    submitted = log.count("has been submitted with SLURM jobid")
    made = re.findall(r"\n *rule (\w+):", log)
    grouped = yaml.safe_load(Path(PROFILE, "config.yaml").read_text())["groups"]
    short = [rule for rule in made if rule in grouped]
    assert len(short) >= 7
    # What is in no group has a job of its own.
    assert submitted - (len(made) - len(short)) <= 0.5 * len(short)


def test_a_rule_that_needs_a_gpu_gets_one(slurm, tmp_path):
    """As the paper tier's rules ask for it."""
    rule = "rule {0}:\n    output: '{0}.txt'\n    resources: gpu={1}, mem_mb=100, runtime=2\n"
    rule += "    shell: 'echo $SLURM_JOB_ID > {{output}}'\n"
    (tmp_path / "Snakefile").write_text(rule.format("gpu", 1) + rule.format("cpu", 0))
    profile = yaml.safe_load(Path(PROFILE, "config.yaml").read_text())
    plain = {key: value for key, value in profile.items() if key not in ("groups", "group-components")}
    (tmp_path / "profile").mkdir()
    (tmp_path / "profile/config.yaml").write_text(yaml.safe_dump(plain))
    command = [sys.executable, "-m", "snakemake", "gpu.txt", "cpu.txt", "--workflow-profile", "profile", *IMPATIENT]
    subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, check=True)
    for name, wanted in (("gpu", True), ("cpu", False)):
        job = (tmp_path / f"{name}.txt").read_text().strip()
        show = ["sacct", "-X", "-n", "-P", "--format=AllocTRES", "--jobs", job]
        given = subprocess.run(show, capture_output=True, text=True, check=True).stdout
        assert ("gres/gpu=1" in given) == wanted, given
