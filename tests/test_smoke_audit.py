"""What `audit` says of a run of the smoke tier as a clone holds it: of absent files, damage and changed code."""

import os
import re
import shutil

import pytest
from smoke_project import AT, DEMO, FIGURE, STUDY, audit

from paper_replication.paths import ORGANISMS

pytestmark = [pytest.mark.slow, pytest.mark.workflow]


@pytest.fixture
def clone(project, tmp_path):
    """As a clone holds a run: tables, figures and records, but no weights, adapters or measurements."""
    for name in ("paper_replication", "data/inputs", AT.figures):
        shutil.copytree(project / name, tmp_path / name)
    for record in (project / AT.data).rglob("*.record.json"):
        target = tmp_path / record.relative_to(project)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(record, target)
    return tmp_path


def test_audit_passes_on_a_clone_and_lists_what_is_absent(clone):
    done = audit(clone, FIGURE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Absent here, can be regenerated" in done.stdout
    assert "adapter" in done.stdout


def replace_byte(path):
    stamp = path.stat().st_mtime
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, (stamp, stamp))


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda at: replace_byte(at / AT.table("token_relevance_summary")), "token_relevance_summary.csv"),
        (lambda at: replace_byte(at / ORGANISMS / f"{DEMO.organism}.yaml"), ".yaml"),
        (lambda at: (at / STUDY.of_label(DEMO, "adapter.record.json")).unlink(), "adapter"),
        (
            lambda at: (at / "data/inputs/sources.csv").write_text(
                (at / "data/inputs/sources.csv").read_text().replace("b179c952", "a179c952")
            ),
            "sources.csv",
        ),
    ],
)
def test_audit_names_the_first_broken_link(clone, damage, named):
    damage(clone)
    done = audit(clone, FIGURE)
    assert done.returncode == 1
    assert named in re.search(r"BROKEN, first link: (.*)", done.stdout)[1]


def test_audit_of_changed_code_is_stale(clone):
    with (clone / "paper_replication/lens/patchscope.py").open("a") as stream:
        stream.write("# edited\n")
    done = audit(clone, FIGURE)
    assert done.returncode == 3
    assert "paper_replication/lens/patchscope.py" in done.stdout
