"""A run of the smoke tier that is killed, in training and at random moments, recovers with the same results."""

import random
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from smoke_project import AT, DEMO, STUDY, audit, finish, kill_tree, make, measured

pytestmark = [pytest.mark.slow, pytest.mark.workflow]

TRAINING = re.compile(r"[1-9]\d*/\d+ \[[\d:]+<[\d:]+, [^\]]*(?:s/it|it/s)\]")
KILLS = 3


def kill_when(project, reached, later=0.0):
    """Start `make demo` and kill it, and all it started, some seconds after something that its output tells."""
    console = project / "killed.log"
    with console.open("w") as stream:
        process = make(project, "demo", stdout=stream, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 600
        while not reached(console.read_text()):
            assert process.poll() is None, console.read_text()[-3000:]
            assert time.monotonic() < deadline
            time.sleep(0.1)
        time.sleep(later)
        kill_tree(process)


def test_killed_in_training_and_at_random_moments_a_run_recovers_with_the_same_results(project):
    run, aside = project / Path(STUDY.of_label(DEMO, "adapter")).parent, project / "aside"
    log = project / AT.log("train", DEMO.model, DEMO.organism, DEMO.variant, str(DEMO.seed))
    before = measured(project)
    # As a run that has its data and nothing else.
    run.rename(aside)
    run.mkdir()
    for name in ("dataset.jsonl", "dataset.jsonl.record.json"):
        shutil.copy2(aside / name, run / name)
    log.unlink()
    kill_when(project, lambda _said: log.exists() and TRAINING.search(log.read_text()))
    assert not (run / "adapter").exists()
    assert not (run / "adapter.record.json").exists()
    moments = random.Random(0)
    for _ in range(KILLS - 1):
        # Into the first job of those that are left, or the second.
        jobs, later = moments.randint(0, 1), moments.uniform(0, 4)
        kill_when(project, lambda said, jobs=jobs: said.count("Finished jobid") >= jobs, later)
    finish(project, "demo")
    made = measured(project, run.relative_to(project / AT.data / DEMO.model))
    assert STUDY.of_label(DEMO, "adapter/adapter_model.safetensors") in made
    assert made.items() <= before.items()
    # Whatever the kills left has its record, or was made again.
    done = audit(project, str(run.relative_to(project)))
    assert done.returncode == 0, done.stdout
    assert not list(project.rglob(".partial-*"))
    # For the tests that follow, the project as it was.
    shutil.rmtree(run)
    aside.rename(run)
