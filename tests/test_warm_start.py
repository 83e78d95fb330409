"""Jobs that the tests' server runs are those that Python would have run: the same code, streams and end."""

import subprocess
import sys

import psutil
import pytest
from smoke_project import environment, serving_jobs

pytestmark = pytest.mark.slow

TELLS = """
import os, sys

print(os.getpid(), os.environ["ASKED"], sys.argv[1:], __spec__.name, flush=True)
print("heard", sys.stdin.read(), file=sys.stderr)
if sys.argv[1] == "message":
    sys.exit("error: what was wrong")
if sys.argv[1] == "raise":
    raise ValueError("unforeseen")
sys.exit(3)
"""
SLEEPS = """
import os, time

print(os.getpid(), flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving_jobs(tmp_path_factory.mktemp("warm_start") / "socket") as variables:
        if not variables:
            pytest.skip("this system has no descriptors of processes")
        yield variables


def job(folder, code, word, variables, **options):
    steps = folder / "paper_replication/steps"
    steps.mkdir(parents=True, exist_ok=True)
    (steps / "told.py").write_text(code)
    command = [sys.executable, "-m", "paper_replication.steps.told", word]
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    told = environment() | {"ASKED": "by a test"} | variables
    return subprocess.Popen(command, cwd=folder, env=told, text=True, **streams)


@pytest.mark.parametrize(("word", "status"), [("code", 3), ("message", 1), ("raise", 1)])
def test_a_job_says_and_ends_as_it_would_without_the_server(served, tmp_path, word, status):
    warm, cold = (job(tmp_path, TELLS, word, variables) for variables in (served, {}))
    (said, erred), (other, also) = (process.communicate("a word", timeout=60) for process in (warm, cold))
    assert warm.returncode == cold.returncode == status
    (ours, *rest), (theirs, *same) = said.split(), other.split()
    assert rest == same
    assert rest[-1] == "paper_replication.steps.told"
    # Not this process but a child of the server's: what is compared is two ways.
    assert int(theirs) == cold.pid
    assert int(ours) != warm.pid
    assert erred.startswith("heard a word")
    assert erred.splitlines()[-1] == also.splitlines()[-1]


def test_a_job_whose_process_is_killed_is_gone(served, tmp_path):
    process = job(tmp_path, SLEEPS, "", served)
    child = psutil.Process(int(process.stdout.readline()))
    assert child.is_running()
    process.kill()
    process.communicate()
    child.wait(30)


def test_without_a_server_a_job_runs_all_the_same(served, tmp_path):
    process = job(tmp_path, TELLS, "code", served | {"WARM_START": str(tmp_path / "nobody")})
    assert int(process.communicate("", timeout=60)[0].split()[0]) == process.pid
    assert process.returncode == 3
