"""What the smoke tier's tests share: where things lie, and `make` in a clean copy of the project."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import yaml

from paper_replication.environment import INSTALLER, LIBRARIES
from paper_replication.files import read_yaml
from paper_replication.paths import CONFIGS, Paths
from paper_replication.study import load_study

AT = Paths("smoke")
CONFIG = CONFIGS / "smoke.yaml"
FIGURE = AT.figure("token_relevance", "pdf")
STUDY = load_study(read_yaml(CONFIG), CONFIG)
DEMO = STUDY.labels([STUDY.config.demo])[0]
# What `make figures` said.
CONSOLE = ".snakemake/console.log"
# What is made again where jobs run in other ways, of one organism and its null: trainings, the lens, and short rules.
PART = [AT.figure("first_light", "png")]
PAIR = (DEMO.organism, STUDY.organisms[DEMO.organism].matched_null)
PART += [AT.table(name) for name in ("token_cards", "delta", "datasets", "judge_calibration")]
PART += [AT.dataset_card(name) for name in PAIR]
WARM_START = Path(__file__).resolve().parent / "warm_start"
# A stand-in for conda, which answers Snakemake with venv and pip.
CONDA = Path(__file__).resolve().parent / "conda_stand_in/bin"


def environment():
    """This Python's packages, and a `conda`, before whatever else PATH holds."""
    # Tests before may have made this process one that runs jobs, with this folder's lock for new environments. And what
    # nobody has compiled yet, each job would compile again.
    left_out = {*INSTALLER, "PYTHONDONTWRITEBYTECODE"}
    inherited = {name: value for name, value in os.environ.items() if name not in left_out}
    return inherited | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), str(CONDA), os.environ["PATH"]])}


@contextlib.contextmanager
def serving_jobs(place):
    """A server at a socket, and the variables by which jobs know of it; none where the system cannot do this.

    Its libraries were loaded under the variables that Snakemake runs a job with one thread under.
    """
    if not hasattr(os, "pidfd_open"):
        yield {}
        return
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    command = [sys.executable, WARM_START / "server.py", place, Path.cwd()]
    server = subprocess.Popen(command, env=environment() | LIBRARIES | threads)
    try:
        while not place.exists():
            assert server.poll() is None
            time.sleep(0.1)
        yield {"WARM_START": str(place), "PYTHONPATH": str(WARM_START)}
    finally:
        server.kill()
        server.wait()


def make(folder, *words, **options):
    """`make` in a copy of the project, with this Python's packages in the place of `.venv`."""
    command = ["make", *words, "TIER=smoke", f"BIN={Path(sys.executable).parent}"]
    return subprocess.Popen(command, cwd=folder, env=environment(), text=True, start_new_session=True, **options)


def finish(folder, *words):
    """`make` to its end, and what it said."""
    process = make(folder, *words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output, _ = process.communicate(timeout=3600)
    assert process.returncode == 0, output[-5000:]
    return output


def kill_tree(process):
    """SIGKILL a process and all it started: Snakemake's jobs live in sessions of their own."""
    root = psutil.Process(process.pid)
    family = [root, *root.children(recursive=True)]
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    psutil.wait_procs(family, timeout=30)
    process.wait()


def dry_run(folder, *options, config=CONFIG):
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "-n",
        "--cores",
        "2",
        "figures",
        *options,
        "--configfile",
        str(config),
    ]
    return subprocess.run(command, cwd=folder, env=environment(), text=True, capture_output=True, check=True).stdout


def audit(folder, path):
    command = [sys.executable, "-m", "paper_replication", "audit", path]
    return subprocess.run(command, cwd=folder, env=environment(), text=True, capture_output=True, check=False)


def copy_tracked(target):
    """The files that git tracks, or would track: what a clone holds."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, capture_output=True, text=True, check=True).stdout.splitlines():
        if Path(name).is_file() and not name.startswith(("figures/", "data/laptop/")):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(name, target / name)
    (target / ".venv").mkdir()
    (target / ".venv/ready").touch()


def clean_copy(folder, *words):
    """A clean copy of the project in which `make figures` and `make demo` have run."""
    copy_tracked(folder)
    (folder / CONSOLE).write_text(finish(folder, "figures", *words))
    finish(folder, "demo", *words)
    return folder


def part_config(file):
    """A config with one organism and its null alone."""
    content = read_yaml(CONFIG)
    content["runs"] = [run for run in content["runs"] if run["organism"] in PAIR]
    file.write_text(yaml.safe_dump(content))
    return file


def measured(folder, below=""):
    """What jobs made with the tier's model: the bytes of every file but records, by its path."""
    files = (folder / AT.data / DEMO.model / below).rglob("*")
    kept = [path for path in files if path.is_file() and not path.name.endswith((".record.json", "_timestamp"))]
    return {str(path.relative_to(folder)): path.read_bytes() for path in kept}


def copy_without_a_run(project, folder):
    """A copy of a project that `clean_copy` made, without figures, tables and one organism's run but its data.

    What Snakemake knows of earlier jobs stays behind: how they ran is no reason to run them again.
    """
    shutil.copytree(project, folder, symlinks=True, ignore=shutil.ignore_patterns(".snakemake"))
    shutil.rmtree(folder / AT.figures)
    data = [folder / STUDY.of_label(DEMO, name) for name in ("dataset.jsonl", "dataset.jsonl.record.json")]
    for path in data[0].parent.iterdir():
        if path not in data:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return folder


def assert_same_part(folder, project):
    """Where a part was made anew, every file has the bytes that the whole run gave it."""
    here, there = measured(folder), measured(project)
    assert len(here) > 20
    assert [name for name, content in here.items() if content != there[name]] == []
    assert (folder / PART[0]).read_bytes() == (project / PART[0]).read_bytes()
