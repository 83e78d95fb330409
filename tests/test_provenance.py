"""Records, closures and the audit, on a small chain of two steps made in an empty folder."""

import json
import os
import platform
import shutil
import sys
import time
from pathlib import Path

import pytest
from conftest import package_in

from paper_replication.__main__ import main
from paper_replication.errors import UserError
from paper_replication.provenance import context, step
from paper_replication.provenance.audit import BROKEN, PASSED, STALE, audit, render
from paper_replication.provenance.chain import read_chain, records_in
from paper_replication.provenance.closure import closure
from paper_replication.provenance.costs import costs
from paper_replication.provenance.hashing import sha256_path
from paper_replication.provenance.record import describe_input, find_record, read_record, write_record
from paper_replication.provenance.reproduce import reproduce_step
from paper_replication.provenance.step import Input, Output, execute, parse_arguments
from paper_replication.settings.run import RunLabel

MODULE = "paper_replication.provenance.hashing"  # any small module: its closure is the job's code
RAW, MIDDLE, END = "data/inputs/raw.txt", "data/t/middle", "data/t/end.csv"


def first(text: str, source: Input, folder: Output) -> None:
    """Write a folder of two files."""
    folder.mkdir()
    (folder / "a.txt").write_text(source.read_text() + text)
    (folder / "b.txt").write_text("b")


def second(sources: list[Input], extra: Input | None, table: Output) -> None:
    """Write a table."""
    assert extra is None
    table.write_text("".join((source / "a.txt").read_text() for source in sources))


def failing(source: Input, one: Output, two: Output) -> None:
    """Write one output and fail before the other."""
    one.write_text("half")
    raise RuntimeError("stopped")


def run_first(text="x"):
    execute(first, MODULE, ["--text", text, "--source", RAW, "--folder", MIDDLE, "--record", f"{MIDDLE}.record.json"])


def run_second():
    execute(second, MODULE, ["--sources", MIDDLE, "--table", END, "--record", f"{END}.record.json"])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A raw input, a folder made from it, a table made from that, and a copy of the package."""
    with package_in(tmp_path_factory.mktemp("made"), RAW) as folder:
        run_first()
        run_second()
    return folder


@pytest.fixture
def chain(made, tmp_path, monkeypatch):
    """A copy of what was made, to be changed."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_untouched_chain_passes(chain):
    report = audit(END)
    assert report.verdict == PASSED, render(report, END)
    assert [line.split("  [")[0].strip() for line in report.links] == [END, MIDDLE, RAW]
    assert "verified down to raw inputs" in render(report, END)


def test_where_there_is_no_git_a_record_names_no_commit(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert context.git_state() == {"commit": None, "clean": None}


def test_records_hold_what_a_reader_asks_for(chain):
    record = json.loads(Path(f"{MIDDLE}.record.json").read_text())
    assert record["parameters"] == {"text": "x"}
    assert record["inputs"]["source"][0]["sha256"] == sha256_path(Path(RAW))
    assert set(record["outputs"]["folder"][0]["files"]) == {"a.txt", "b.txt"}
    found = record["context"]
    named = {"command", "started", "seconds", "git", "versions", "device", "cpu", "threads", "peak_memory_mb"}
    assert named <= set(found)
    assert found["command"].startswith(f"python -m {MODULE} --text x")
    assert "python" in found["versions"]


@pytest.mark.parametrize(
    ("listed", "named"),
    [
        (
            "vendor_id\t: A\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: B 9R14\nflags : x\n\nvendor_id : C\n",
            "A 25 17 B 9R14",
        ),
        ("CPU implementer : 0x41\n", platform.machine()),
        (None, platform.machine()),
    ],
)
def test_the_cpu_is_named_as_linux_lists_it_or_by_its_architecture(tmp_path, monkeypatch, listed, named):
    if listed is not None:
        (tmp_path / "cpuinfo").write_text(listed)
    monkeypatch.setattr(context, "CPU", tmp_path / "cpuinfo")
    assert context.cpu() == named


def test_absent_intermediates_are_listed_and_no_error(chain):
    shutil.rmtree(MIDDLE)
    report = audit(END)
    assert report.verdict == PASSED
    assert report.absent == [MIDDLE]


def edit(path, text):
    """Edit a file and set its time stamp back."""
    stamp = Path(path).stat().st_mtime
    Path(path).write_text(text)
    os.utime(path, (stamp, stamp))


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda: edit(END, "rawy"), END),
        (lambda: edit(f"{MIDDLE}/a.txt", "rawy"), f"{MIDDLE}/a.txt"),
        (lambda: Path(f"{MIDDLE}/b.txt").unlink(), f"{MIDDLE}/b.txt"),
        (lambda: edit(RAW, "rAw"), RAW),
        (lambda: Path(RAW).unlink(), RAW),
        (lambda: Path(f"{END}.record.json").unlink(), END),
        (lambda: Path(f"{MIDDLE}.record.json").unlink(), MIDDLE),
        (lambda: edit(f"{MIDDLE}.record.json", "{"), f"{MIDDLE}.record.json"),
    ],
)
def test_damage_is_found_and_the_first_broken_link_named(chain, damage, named):
    damage()
    report = audit(END)
    assert report.verdict == BROKEN
    assert report.broken[0].startswith(named), report.broken


def test_what_is_broken_is_not_hidden_by_code_that_changed_too(chain):
    code = Path("paper_replication/provenance/hashing.py")
    code.write_text(f"{code.read_text()}\n# edited\n")
    assert audit(END).verdict == STALE
    edit(RAW, "rAw")
    report = audit(END)
    assert report.verdict == BROKEN
    assert report.stale


def test_what_every_consumer_saw_is_compared_with_what_there_is(chain):
    # By name, the folder is met before this consumer of its former content.
    last = "data/t/z.csv"
    execute(second, MODULE, ["--sources", MIDDLE, "--table", last, "--record", f"{last}.record.json"])
    Path(END).unlink()
    Path(f"{END}.record.json").unlink()
    assert audit("data/t").verdict == PASSED
    run_first(text="y")
    report = audit("data/t")
    assert report.verdict == BROKEN
    assert "the next step consumed other content" in report.broken[0]


def both(source: Input, one: Output, two: Output) -> None:
    """Write two outputs."""
    one.write_text(source.read_text())
    two.write_text("two")


def test_each_output_of_a_job_is_verified(chain):
    outputs = ["--one", "data/t/u.csv", "--two", "data/t/v.csv"]
    execute(both, MODULE, ["--source", RAW, *outputs, "--record", "data/t/u.csv.record.json"])
    assert audit("data/t").verdict == PASSED
    edit("data/t/v.csv", "owt")
    report = audit("data/t")
    assert report.verdict == BROKEN
    assert report.broken[0].startswith("data/t/v.csv")


def test_a_file_of_ones_own_is_in_the_record_and_an_edit_of_it_is_found(chain, tmp_path_factory):
    own = tmp_path_factory.mktemp("own") / "weights.txt"
    own.write_text("weights")
    execute(second, MODULE, ["--sources", MIDDLE, "--table", END, "--record", f"{END}.record.json"])
    made = "data/t/own.csv"
    execute(
        both, MODULE, ["--source", str(own), "--one", made, "--two", "data/t/w.csv", "--record", f"{made}.record.json"]
    )
    entry = read_record(Path(f"{made}.record.json"))["inputs"]["source"][0]
    assert (Path(entry["path"]).resolve(), entry["record"]) == (own.resolve(), None)
    report = audit(made)
    assert report.verdict == PASSED
    assert report.links[-1].endswith("weights.txt  [a file of one's own]")
    assert read_chain([made]).raw == {entry["path"]: entry["sha256"]}
    edit(own, "stheigw")
    report = audit(made)
    assert report.verdict == BROKEN
    assert "this file of one's own was edited after it was used" in report.broken[0]
    # Elsewhere it is absent, which is no fault of the result.
    own.unlink()
    report = audit(made)
    assert (report.verdict, report.absent) == (PASSED, [entry["path"]])


def test_what_jobs_make_has_a_record_or_is_no_input(chain):
    Path("data/t/loose.txt").write_text("from nowhere")
    with pytest.raises(UserError, match=r"data/t/loose\.txt has no record of how it was made"):
        describe_input("data/t/loose.txt")


def test_a_record_of_something_else_is_none(chain):
    Path("data/t/other.csv").write_text("made by hand")
    shutil.copy(f"{END}.record.json", "data/t/other.csv.record.json")
    report = audit("data/t/other.csv")
    assert report.verdict == BROKEN
    assert "does not list data/t/other.csv among its outputs" in report.broken[0]


def test_an_edited_record_is_found_even_when_its_field_is_outside_the_identity(chain):
    path = Path(f"{MIDDLE}.record.json")
    record = json.loads(path.read_text())
    record["context"]["seconds"] = 99999
    path.write_text(json.dumps(record))
    assert "does not match its seal" in audit(END).broken[0]


def test_a_result_remade_from_other_parameters_breaks_the_link_to_its_consumer(chain):
    run_first(text="y")
    report = audit(END)
    assert report.verdict == BROKEN
    assert "the next step consumed other content" in report.broken[0]


def test_a_result_remade_identically_leaves_the_chain_intact(chain):
    before = read_record(Path(f"{MIDDLE}.record.json"))["context"]["started"]
    time.sleep(1.1)
    run_first()
    assert read_record(Path(f"{MIDDLE}.record.json"))["context"]["started"] != before
    assert audit(END).verdict == PASSED


def test_a_result_remade_identically_by_other_parameters_is_told_apart_from_damage(chain):
    Path(RAW).write_text("ra")
    run_first(text="w")
    run_second()
    Path(RAW).write_text("raw")
    run_first(text="")
    report = audit(END)
    assert report.verdict == PASSED
    assert report.remade == [MIDDLE]


def test_a_record_that_is_no_text_is_named_and_stops_nothing(chain):
    Path(f"{MIDDLE}.record.json").write_bytes(b"\xff\xfe")
    assert f"{MIDDLE}.record.json" in audit(END).broken[0]
    assert audit("data/t").verdict == BROKEN


def test_a_deleted_result_is_seen_in_an_audit_of_its_folder(chain):
    Path(END).unlink()
    assert audit("data/t").absent == [END]


def test_changed_code_is_a_verdict_of_its_own(chain, monkeypatch):
    code = Path("paper_replication/provenance/hashing.py")
    code.write_text(code.read_text() + "# edited\n")
    report = audit(END)
    assert report.verdict == STALE
    assert list(report.stale) == [code.as_posix()]


def test_a_folder_is_audited_file_by_file(chain):
    (chain / "data/t/stray.csv").write_text("made by hand")
    report = audit("data/t")
    assert report.verdict == BROKEN
    assert "stray.csv: its record is missing" in report.broken[0]
    command = "snakemake --cores all data/t/stray.csv --forcerun data/t/stray.csv --configfile workflow/config/t.yaml"
    assert command in report.broken[0]


def test_what_lies_in_a_folder_that_a_job_made_stands_for_that_folder(chain):
    report = audit(f"{MIDDLE}/b.txt")
    assert report.verdict == PASSED, render(report, MIDDLE)
    assert report.links[0].startswith(f"{MIDDLE}  [")
    Path(f"{MIDDLE}/b.txt").write_text("c")
    report = audit(f"{MIDDLE}/b.txt")
    assert report.verdict == BROKEN
    assert f"BROKEN, first link: {MIDDLE}/b.txt: was edited" in render(report, MIDDLE)


def test_one_fault_is_told_once(chain):
    report = audit(END)
    report.broken += ["a raw input was edited"] * 2 + ["so was another"]
    assert render(report, END).count("a raw input was edited") == 1


def test_logs_answers_of_llms_and_pieces_of_killed_jobs_are_no_results(chain):
    for stray in ("logs/train/x.log", "cache/agent/x.pickle", ".partial-x/y.csv", ".x.csv.record.json"):
        (chain / "data/t" / stray).parent.mkdir(parents=True, exist_ok=True)
        (chain / "data/t" / stray).write_text("{")
    assert audit("data/t").verdict == PASSED
    assert costs(records_in("data/t"))["jobs"].sum() == 2


def test_costs_are_summed_by_step(chain):
    table = costs(records_in("data/t")).set_index("rule")
    seconds = [read_record(Path(f"{path}.record.json"))["context"]["seconds"] for path in (MIDDLE, END)]
    assert table.loc["hashing", "jobs"] == 2
    assert table.loc["hashing", "seconds"] == pytest.approx(sum(seconds))
    assert table.loc["hashing", "seconds_longest"] == max(seconds)
    assert records_in("data", "data/t") == records_in("data/t")
    with pytest.raises(UserError, match="no records of jobs in data/inputs; run the workflow first"):
        records_in("data/inputs")


def test_costs_as_csv_end_with_their_last_row(chain, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["paper_replication", "costs", "data/t", "--csv"])
    assert main() == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("hashing,2,")


def test_a_raw_input_alone_is_compared_with_nothing(chain):
    with pytest.raises(UserError, match=f"{RAW} is a raw input: no job made it.* Audit a result"):
        audit(RAW)
    with pytest.raises(UserError, match="data/inputs holds no results"):
        audit("data/inputs")
    assert audit("data").links == audit("data/t").links


def test_quiet_and_tree_exclude_each_other(chain, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["paper_replication", "audit", END, "--quiet", "--tree"])
    with pytest.raises(SystemExit):
        main()
    assert "not allowed with" in capsys.readouterr().err


def test_nothing_to_audit(chain):
    with pytest.raises(UserError, match="does not exist, nor a record"):
        audit("data/t/none.csv")
    (chain / "figures").mkdir(exist_ok=True)
    (chain / "figures/README.md").write_text("what they show")
    for path in (".", "paper_replication", "figures/README.md"):
        with pytest.raises(UserError, match="no result of the workflow"):
            audit(path)


@pytest.mark.parametrize("content", ["[]", "no JSON", '{"outputs": {"folder": [{"sha256": "0"}]}}'])
def test_what_is_called_a_record_and_is_none_hides_nothing(chain, content):
    place = Path(MIDDLE).parent
    (place / "a.csv.record.json").write_text(content)
    (place / "b.csv").write_text("made by nothing that is known")
    assert find_record(place / "b.csv") is None
    report = audit(place / "b.csv")
    assert report.verdict == BROKEN
    assert "its record is missing" in report.broken[0]
    with pytest.raises(UserError, match="has no record of how it was made"):
        reproduce_step(place / "b.csv")


def test_a_record_that_is_taken_away_while_others_are_looked_through(chain, monkeypatch):
    (Path(MIDDLE).parent / "a.csv.record.json").symlink_to("nowhere")
    assert find_record(END) is not None
    assert find_record(Path(MIDDLE).parent / "b.csv") is None


def test_a_text_beside_the_tiers_is_no_result(chain):
    (chain / "data/README.md").write_text("what lies here")
    assert audit("data").verdict == PASSED


def test_a_result_that_is_absent_is_audited_by_its_record(chain):
    links = len(audit(MIDDLE).links)
    shutil.rmtree(MIDDLE)
    report = audit(MIDDLE)
    assert report.verdict == PASSED
    assert report.absent == [MIDDLE]
    assert len(report.links) == links
    assert f"Absent here, can be regenerated (1):\n  {MIDDLE}\n" in render(report, MIDDLE)
    assert render(report, MIDDLE, quiet=True).lstrip().startswith("Absent here, can be regenerated (1).\n\n")
    assert render(report, MIDDLE).endswith("; it is not here itself, its record is.")
    assert "not here itself" not in render(audit(END), END)


def test_what_was_made_with_changes_that_were_not_committed_is_counted(chain):
    place = Path(f"{MIDDLE}.record.json")
    record = read_record(place)
    record["context"]["git"] = {"commit": "0" * 40, "clean": False}
    write_record(place, record)
    report = audit(END)
    assert report.verdict == PASSED, render(report, END)
    assert report.uncommitted == [MIDDLE]
    assert f"Made with changes that were not committed then (1):\n  {MIDDLE}\n" in render(report, END)


def test_a_record_stands_for_the_result_that_it_is_named_after(chain):
    assert audit(f"{MIDDLE}.record.json").links == audit(MIDDLE).links


def test_a_failed_step_leaves_no_output(chain):
    old = Path("data/t/one")
    old.write_text("of an earlier run")
    with pytest.raises(RuntimeError, match="stopped"):
        execute(failing, MODULE, f"--source {RAW} --one {old} --two data/t/two --record data/t/one.record.json".split())
    assert old.read_text() == "of an earlier run"
    kept = {"one", "middle", "middle.record.json", "end.csv", "end.csv.record.json"}
    assert {path.name for path in Path("data/t").iterdir()} == kept


def test_no_output_appears_before_its_record(chain, monkeypatch):
    """So a job killed at any moment leaves nothing that `audit` cannot place."""
    recorded = []
    publish = step._publish

    def watch(staged: Path, path: Path) -> None:
        recorded.append(read_record(Path(f"{MIDDLE}.record.json"))["outputs"]["folder"][0]["sha256"])
        publish(staged, path)

    Path(f"{MIDDLE}.record.json").unlink()
    monkeypatch.setattr(step, "_publish", watch)
    run_first()
    assert recorded == [sha256_path(Path(MIDDLE))]


def test_a_generated_input_without_a_record_is_refused(chain):
    Path(f"{MIDDLE}.record.json").unlink()
    with pytest.raises(UserError, match="has no record of how it was made"):
        run_second()


def test_an_output_that_the_record_is_not_named_after_finds_it(chain):
    record = read_record(Path(f"{END}.record.json"))
    second = "data/t/second.csv"
    record["outputs"]["more"] = [record["outputs"]["table"][0] | {"path": second}]
    write_record(Path(f"{END}.record.json"), record)
    assert find_record(END) == find_record(second) == Path(f"{END}.record.json")
    assert find_record("data/t/unknown") is None


def labelled(label: RunLabel, out: Output) -> None:
    """A step with a section of the config."""


def test_a_wrong_setting_names_its_field():
    with pytest.raises(UserError, match="seed"):
        parse_arguments(labelled, ["--label", '{"model": "m"}', "--out", "o", "--record", "r"])


def test_a_closure_follows_imports_wherever_they_are():
    files = closure("paper_replication.steps.readouts")
    assert "paper_replication/lens/blocks.py" in files  # imported by Patchscope
    assert "paper_replication/models.py" in files
    assert "paper_replication/training.py" not in files
    assert "paper_replication/figures/style.py" not in files
    assert "paper_replication/demo.py" in closure("paper_replication.__main__")  # imported inside a function
    with pytest.raises(ModuleNotFoundError):
        closure("paper_replication.nothing")
