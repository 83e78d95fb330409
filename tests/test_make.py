"""The Makefile: what it says, what it removes, and whose lock, here with a Snakemake that only notes its arguments."""

import os
import shutil
import subprocess
import time

import pytest


@pytest.fixture
def makefile(tmp_path):
    """The Makefile in an empty folder, with a Snakemake that notes its arguments and works while `hold` is there."""
    shutil.copy("Makefile", tmp_path)
    for file in ("envs/requirements.txt", ".venv/ready", "bin/snakemake", "workflow/config/smoke.yaml"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    script = tmp_path / "bin/snakemake"
    script.write_text('#!/bin/sh\necho "$@" >> calls\nwhile [ -e hold ]; do sleep 0.05; done\n')
    script.chmod(0o755)
    return tmp_path


def make(folder, target="figures", **options):
    command = ["make", target, "TIER=smoke", "BIN=bin", "CORES=2"]
    return subprocess.Popen(command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)


def test_make_alone_says_what_there_is_and_a_tier_or_python_that_is_not_there_is_named(makefile):
    def said(*words):
        done = subprocess.run(["make", *words], cwd=makefile, text=True, capture_output=True, check=False)
        return done.returncode, done.stdout + done.stderr

    status, text = said("TIER=smoke")
    assert status == 0
    assert "make figures" in text
    assert "PYTHON=" in text
    # What is laid over a tier's config is none itself.
    (makefile / "workflow/config/smoke_more.yaml").touch()
    status, text = said("figures", "TIER=nothing")
    assert status != 0
    assert "there is no workflow/config/nothing.yaml; TIER is one of smoke." in text
    for models, found in {"more": True, "all": False}.items():
        status, text = said("-n", "figures", "TIER=smoke", f"MODELS={models}")
        assert (status == 0) is found
        assert ("there is no workflow/config/smoke_all.yaml, which MODELS names" in text) is not found
    (makefile / ".venv/ready").unlink()
    for python in ("nothing", "false"):
        status, text = said("figures", "TIER=smoke", f"PYTHON={python}")
        assert status != 0
        assert f"error: {python} is no Python 3.11 or newer" in text
    assert not (makefile / "calls").exists()


def test_what_has_a_tier_of_its_own_has_a_report_of_its_own(makefile):
    (makefile / "workflow/config/smoke_larger.yaml").write_text("models: {}\n")
    (makefile / "workflow/config/smoke_again.yaml").write_text("# Again.\ntier: smoke_again\nagain_of: smoke\n")
    for models, tier in {"": "smoke", "larger": "smoke", "again": "smoke_again"}.items():
        command = ["make", "-n", "report", "TIER=smoke", f"MODELS={models}"]
        said = subprocess.run(command, cwd=makefile, text=True, capture_output=True, check=True).stdout
        assert f"--report reports/{tier}.zip" in said


def test_the_first_time_a_target_is_made_its_committed_results_are_removed_and_nothing_else(makefile):
    files = [f"figures/smoke/{name}" for name in ("own.pdf", "with space.png", "other.pdf")]
    files += ["data/smoke/x.record.json", "figures/laptop/own.pdf"]

    def written(when=None):
        for file in files:
            (makefile / file).parent.mkdir(parents=True, exist_ok=True)
            (makefile / file).touch()
            os.utime(makefile / file, when and (when, when))

    def committed():
        written(1)

    would = "".join(f"Would delete {file}\\n" for file in (files[0], files[1], files[3]))
    script = f"#!/bin/sh\ncase \"$*\" in *--delete-all-output*--dry-run*) printf '{would}' >&2;; *) echo ran;; esac\n"
    committed()
    # Where the list cannot be had nothing is removed, and the next time it is asked for again.
    (makefile / "bin/snakemake").write_text("#!/bin/sh\necho broken; exit 1\n")
    failed = make(makefile, "figures")
    said, _ = failed.communicate(timeout=30)
    assert failed.returncode != 0
    assert "broken" in said
    assert all((makefile / file).exists() for file in files)
    (makefile / "bin/snakemake").write_text(script)
    for target in ("demo", "figures", "tables"):
        if target == "demo":
            (makefile / "bin/python").write_text("#!/bin/sh\n")
            (makefile / "bin/python").chmod(0o755)
        committed()
        said, _ = make(makefile, target).communicate(timeout=30)
        assert "ran" in said
        assert f"First time here: what `{target}` makes in figures/smoke is removed" in said
        assert [file for file in files if not (makefile / file).exists()] == files[:2]
        # What was made here since stays, whichever target asks for it.
        written()
        (makefile / ".snakemake/anew/smoke_identification").unlink(missing_ok=True)
        for again in (target, "identification"):
            said, _ = make(makefile, again).communicate(timeout=30)
            assert ("First time" in said) == (again != target)
            assert all((makefile / file).exists() for file in files)


def test_nothing_is_removed_where_another_snakemake_may_be_making_it(makefile):
    for file in ("figures/smoke/own.pdf", ".snakemake/locks/0.output.lock"):
        (makefile / file).parent.mkdir(parents=True, exist_ok=True)
        (makefile / file).touch()
    make(makefile).communicate(timeout=30)
    (call,) = (makefile / "calls").read_text().splitlines()
    assert "--delete-all-output" not in call
    assert not (makefile / ".snakemake/make.running").exists()
    # The lock gone, it is the first time still.
    (makefile / ".snakemake/locks/0.output.lock").unlink()
    make(makefile).communicate(timeout=30)
    assert "--delete-all-output" in (makefile / "calls").read_text()


def test_without_flock_nobody_elses_lock_is_removed(makefile):
    """A mark then tells nothing: the run that left it may be at work."""
    programs = makefile / "programs"
    programs.mkdir()
    for name in ("sh", "make", "mkdir", "rm", "touch", "awk", "sleep"):
        (programs / name).symlink_to(shutil.which(name))
    (makefile / ".snakemake").mkdir()
    (makefile / ".snakemake/make.running").touch()
    run = make(makefile, env={"PATH": str(programs)})
    said, _ = run.communicate(timeout=30)
    assert run.returncode == 0, said
    (call,) = (makefile / "calls").read_text().splitlines()
    assert "--unlock" not in call


@pytest.mark.skipif(shutil.which("flock") is None, reason="without flock a mark tells nothing")
def test_the_lock_of_a_killed_make_is_removed(makefile):
    (makefile / ".snakemake").mkdir()
    (makefile / ".snakemake/make.running").touch()
    run = make(makefile)
    said, _ = run.communicate(timeout=30)
    assert run.returncode == 0, said
    first, second = (makefile / "calls").read_text().splitlines()
    assert "--unlock" in first
    assert "--unlock" not in second


@pytest.mark.skipif(shutil.which("flock") is None, reason="without flock a mark tells nothing")
def test_the_lock_of_a_killed_snakemake_is_removed(makefile):
    """As where memory ran out: make lives on, and ends with its error."""
    script = (makefile / "bin/snakemake").read_text()
    (makefile / "bin/snakemake").write_text("#!/bin/sh\nkill -KILL $$\n")
    killed = make(makefile)
    killed.communicate(timeout=30)
    assert killed.returncode != 0
    (makefile / "bin/snakemake").write_text(script)
    run = make(makefile)
    run.communicate(timeout=30)
    assert run.returncode == 0
    first, _ = (makefile / "calls").read_text().splitlines()
    assert "--unlock" in first


@pytest.mark.skipif(shutil.which("flock") is None, reason="without flock only Snakemake's own lock is there")
def test_a_second_make_says_that_another_is_at_work_and_leaves_it_alone(makefile):
    (makefile / "hold").touch()
    first = make(makefile)
    try:
        deadline = time.monotonic() + 30
        while not (makefile / "calls").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        for target in ("figures", "tables"):
            second = make(makefile, target)
            said, _ = second.communicate(timeout=30)
            assert second.returncode != 0
            assert "error: another make is running in this folder; wait for it or stop it." in said
    finally:
        (makefile / "hold").unlink()
        first.communicate(timeout=30)
    assert first.returncode == 0
    # Snakemake ran once, its lock was never removed under it, and the next run is free again.
    (call,) = (makefile / "calls").read_text().splitlines()
    assert "figures" in call
    assert "--unlock" not in call
    third = make(makefile)
    third.communicate(timeout=30)
    assert third.returncode == 0
