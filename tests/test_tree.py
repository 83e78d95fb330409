"""The tree and the drawing of a chain, on a small chain in which one result feeds two others."""

import re
import shutil
import sys
from pathlib import Path

import pytest
from conftest import package_in

from paper_replication.__main__ import main
from paper_replication.errors import UserError
from paper_replication.figures.style import house_style
from paper_replication.provenance.chain import Chain, read_chain
from paper_replication.provenance.graph import boxes_of, draw_graph, kind_of, layout, write_graph
from paper_replication.provenance.hashing import sha256_file
from paper_replication.provenance.record import read_record
from paper_replication.provenance.step import Input, Output, execute
from paper_replication.provenance.tree import draw_tree

RAW, BASE, LEFT, RIGHT, END = "data/inputs/raw.txt", "data/t/base", "data/t/left", "data/t/right", "figures/t/end.csv"


def copy(note: str, seed: int, sources: list[Input], out: Output) -> None:
    """Join the sources."""
    out.write_text("".join(source.read_text() for source in sources))


def job(rule: str, out: str, *sources: str, note: str = "short"):
    """A job of the module named, whose closure stands for its code."""
    module = f"paper_replication.provenance.{rule}"
    arguments = ["--note", note, "--seed", "3", "--sources", *sources, "--out", out, "--record", f"{out}.record.json"]
    execute(copy, module, arguments)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Four jobs, of which two consumed what the first made and the last what these made."""
    with package_in(tmp_path_factory.mktemp("made"), RAW) as folder:
        job("hashing", BASE, RAW)
        job("record", LEFT, BASE, note="long " * 100)
        job("record", RIGHT, BASE)
        job("closure", END, LEFT, RIGHT)
    return folder


@pytest.fixture
def chain(made, tmp_path, monkeypatch):
    """The chain of a copy, to be changed."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return read_chain([END])


def test_jobs_come_after_what_they_consumed(chain):
    order = [job.removesuffix(".record.json") for job in chain.from_inputs()]
    assert order == [BASE, LEFT, RIGHT, END]
    assert chain.makers[RAW] is None
    assert chain.makers[LEFT] == f"{LEFT}.record.json"


def test_the_tree_shows_every_job_once_with_what_a_reader_asks_for(chain):
    lines = draw_tree(chain)
    shape = [re.sub(r"\[(\d+)\] .*", r"[\1]", line) for line in lines if "python -m" not in line]
    assert shape == [
        END,
        "│   [1]",
        f"├── {LEFT}",
        "│   │   [2]",
        f"│   └── {BASE}",
        "│       │   [3]",
        f"│       └── {RAW}  (raw input, sha256 {sha256_file(Path(RAW))[:12]})",
        f"└── {RIGHT}",
        "    │   [4]",
        f"    └── {BASE}  see [3]",
    ]
    context = read_record(Path(f"{LEFT}.record.json"))["context"]
    commit = f"commit {context['git']['commit'][:8]}" if context["git"]["commit"] else "no commit"
    described = next(line for line in lines if "[2] " in line)
    for part in ("record, seed 3", f"{context['seconds']:.1f} s", context["started"], commit):
        assert part in described
    command = lines[lines.index(described) + 1]
    assert command.endswith(f"python -m paper_replication.provenance.record --note {('long ' * 100)[:57]}... --seed 3")


def test_the_tree_is_the_same_every_time_and_marks_what_is_absent(chain):
    assert draw_tree(chain) == draw_tree(read_chain([END]))
    Path(LEFT).unlink()
    marked = draw_tree(read_chain([END]))
    assert [line for line in marked if "absent here" in line] == [f"├── {LEFT}  (absent here)"]


def test_results_of_a_folder_share_their_subtrees(chain):
    lines = draw_tree(read_chain([LEFT, RIGHT]))
    assert lines[0] == LEFT
    assert f"└── {BASE}  see [2]" in lines


def test_a_fetched_input_ends_at_its_package():
    source = {"package": "evals", "version": "3.0.1", "archive_sha256": "0123456789abcdef"}
    context = {
        "seconds": 2,
        "started": "2026-01-01T00:00:00+00:00",
        "device": "cpu",
        "command": "python -m x --source {}",
    }
    record = {
        "rule": "fetch",
        "inputs": {},
        "outputs": {"folder": []},
        "parameters": {"source": source},
        "context": context | {"git": {"commit": "a" * 40, "clean": False}},
    }
    folder = "data/t/sources/evals"
    lines = draw_tree(Chain([folder], {"record": record}, {folder: "record"}))
    assert lines == [
        f"{folder}  (absent here)",
        "│   [1] fetch, 2.0 s, 2026-01-01T00:00:00+00:00, cpu, commit aaaaaaaa with changes",
        "│   python -m x --source {}",
        "└── evals 3.0.1, sha256 0123456789ab  (fetched)",
    ]
    record["context"]["cpu"] = "AuthenticAMD 25 17 AMD EPYC"
    named = draw_tree(Chain([folder], {"record": record}, {folder: "record"}))[1]
    assert "2.0 s, 2026-01-01T00:00:00+00:00, AuthenticAMD 25 17 AMD EPYC, commit" in named
    assert draw_tree(Chain(["data/inputs/a"], {}, {"data/inputs/a": None})) == ["data/inputs/a  (raw input)"]


def test_a_chain_without_a_record_is_refused(chain):
    Path(f"{BASE}.record.json").unlink()
    with pytest.raises(UserError, match=f"{BASE} has no record"):
        read_chain([END])


def test_a_drawn_box_is_a_step_with_its_jobs_and_seconds(chain):
    boxes = boxes_of(chain)
    assert set(boxes) == {"data/inputs", "hashing", "record", "closure"}
    assert boxes["record"].jobs == 2
    seconds = [read_record(Path(f"{path}.record.json"))["context"]["seconds"] for path in (LEFT, RIGHT)]
    assert boxes["record"].seconds == pytest.approx(sum(seconds))
    assert boxes["closure"].below == {"record"}
    at = layout(boxes)
    assert at["data/inputs"][0] < at["hashing"][0] < at["record"][0] < at["closure"][0]
    with house_style():
        axes = draw_graph(chain).axes[0]
    assert {text.get_text().split("\n")[0] for text in axes.texts} >= set(boxes)
    assert len([text for text in axes.texts if text.get_text() == ""]) == 3  # arrows
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["raw input", "measurement", "table"]


@pytest.mark.parametrize("suffix", ["svg", "pdf", "png"])
def test_a_chain_is_drawn_to_the_same_bytes(chain, tmp_path, suffix):
    first, second = (tmp_path / f"{name}.{suffix}" for name in ("first", "second"))
    write_graph(chain, first)
    write_graph(read_chain([END]), second)
    assert first.read_bytes() == second.read_bytes()


def test_other_formats_are_refused(chain, tmp_path):
    with pytest.raises(UserError, match=r"\.svg, \.pdf, \.png"):
        write_graph(chain, tmp_path / "chain.gif")


def command(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["paper_replication", *arguments])
    return main()


def test_the_audit_prints_the_tree_beside_its_verdict_and_draws_it(chain, monkeypatch, capsys):
    Path(RIGHT).unlink()
    assert command(monkeypatch, "audit", END, "--tree", "--graph", "chain.svg") == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"{END}\n│   [1] closure, seed 3")
    assert f"Absent here, can be regenerated (1):\n  {RIGHT}" in printed
    assert "verified down to raw inputs" in printed
    assert "<svg" in Path("chain.svg").read_text()


def test_a_drawing_that_cannot_be_written_and_a_missing_package_are_said_in_a_line(chain, monkeypatch, capsys):
    assert command(monkeypatch, "audit", END, "--graph", "nowhere/chain.svg") == 2
    assert "error: [Errno 2] No such file or directory: 'nowhere/chain.svg'" in capsys.readouterr().err
    assert command(monkeypatch, "audit", RAW, "--graph", "chain.svg") == 2
    assert f"error: {RAW} is a raw input: no job made it" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "paper_replication.provenance.costs", None)
    assert command(monkeypatch, "costs", "data/t") == 1
    assert "Activate the environment that `make` sets up" in capsys.readouterr().err


def test_a_broken_chain_has_a_tree_unless_a_record_is_missing(chain, monkeypatch, capsys):
    Path(RAW).write_text("other")
    assert command(monkeypatch, "audit", END, "--tree") == 1
    printed = capsys.readouterr().out
    assert printed.startswith(f"{END}\n│   [1]")
    assert f"BROKEN, first link: {RAW}" in printed
    Path(f"{BASE}.record.json").unlink()
    assert command(monkeypatch, "audit", END, "--tree", "--graph", "chain.svg") == 1
    printed = capsys.readouterr()
    assert f"no tree: {BASE} has no record" in printed.err
    assert f"BROKEN, first link: {RAW}" not in printed.out
    assert f"BROKEN, first link: {BASE}: its record is missing" in printed.out
    assert not Path("chain.svg").exists()


def test_a_drawing_of_another_kind_is_refused_before_anything_is_audited(chain, monkeypatch, capsys):
    assert command(monkeypatch, "audit", END, "--graph", "chain.gif") == 2
    printed = capsys.readouterr()
    assert "chain.gif must end in one of" in printed.err
    assert not printed.out


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("figures/t/behaviour.pdf", "figure"),
        ("figures/t/tables/behaviour.csv", "table"),
        ("data/t/m/cake_bake/default-seed0/adapter", "adapter"),
        ("data/t/m/cake_bake/default-seed0/dataset.jsonl", "documents"),
        ("data/t/m/cake_bake/default-seed0/steering/texts.jsonl", "steering"),
        ("data/t/sources/web", "source"),
        ("data/t/m/cake_bake/mix-1.0-seed0/mixed.jsonl", "documents"),
        ("data/t/corpora/web.jsonl", "source"),
        ("data/t/m/base/model", "source"),
        ("data/t/m/base/coherence.csv", "measurement"),
    ],
)
def test_kinds_are_told_by_paths(path, kind):
    assert kind_of([path]) == kind
