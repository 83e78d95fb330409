"""Making a result again, on a miniature project: two steps, a workflow of two rules, all in a git checkout."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from paper_replication.__main__ import main
from paper_replication.environment import KEEPING_MEMORY, MALLOC
from paper_replication.errors import UserError
from paper_replication.provenance.agreement import against_commit
from paper_replication.provenance.chain import command_for
from paper_replication.provenance.compare import IDENTICAL, NOT_MADE
from paper_replication.provenance.hashing import sha256_path
from paper_replication.provenance.record import read_record, write_record
from paper_replication.provenance.reproduce import _environment, _named_place, draw, render, reproduce, reproduce_step

RAW, WORDS, TABLE = "data/inputs/raw.txt", "data/mini/words", "figures/mini/tables/counts.csv"

STEPS = {
    "mini_words": '''
from paper_replication.provenance.step import Input, Output, run

def words(source: Input, folder: Output) -> None:
    """Split a text into words."""
    folder.mkdir()
    (folder / "words.txt").write_text("\\n".join(source.read_text().split()))

if __name__ == "__main__":
    run(words)
''',
    "mini_counts": '''
from paper_replication.provenance.step import Input, Output, run

def counts(per: float, words: Input, table: Output) -> None:
    """Count letters."""
    rows = [f"{word},{len(word) / per:.6g}" for word in (words / "words.txt").read_text().split()]
    table.write_text("\\n".join(["word,length", *rows, ""]))

if __name__ == "__main__":
    run(counts)
''',
}
SNAKEFILE = f"""
import sys
sys.path.insert(0, workflow.basedir)
from paper_replication.provenance.closure import closure

rule counts:
    input: words="{WORDS}", code=closure("paper_replication.steps.mini_counts")
    output: table="{TABLE}", record="{TABLE}.record.json"
    shell: "python -m paper_replication.steps.mini_counts --per 3 --words {{input.words}} --table {{output.table}}"
        " --record {{output.record}}"

rule words:
    input: source="{RAW}", code=closure("paper_replication.steps.mini_words")
    output: folder=directory("{WORDS}"), record="{WORDS}.record.json"
    shell: "python -m paper_replication.steps.mini_words --source {{input.source}} --folder {{output.folder}}"
        " --record {{output.record}}"
"""


def run_step(name, *arguments):
    subprocess.run([sys.executable, "-m", f"paper_replication.steps.{name}", *arguments], check=True)


def git(*arguments):
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The miniature project after its run, committed as this project is: figures and records, no measurements."""
    folder = tmp_path_factory.mktemp("mini")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree("paper_replication/provenance", folder / "paper_replication/provenance", ignore=ignored)
    for name in ("__init__.py", "errors.py"):
        shutil.copy(f"paper_replication/{name}", folder / "paper_replication" / name)
    steps = folder / "paper_replication/steps"
    steps.mkdir()
    (steps / "__init__.py").write_text('"""Steps."""\n')
    for name, text in STEPS.items():
        (steps / f"{name}.py").write_text(text)
    (folder / "workflow/config").mkdir(parents=True)
    (folder / "workflow/config/mini.yaml").write_text("tier: mini\n")
    (folder / "Snakefile").write_text(SNAKEFILE)
    (folder / RAW).parent.mkdir(parents=True)
    (folder / RAW).write_text("three words here")
    (folder / ".gitignore").write_text(
        "__pycache__\n.snakemake\ndata/mini/**\n!data/mini/**/\n!data/mini/**/*.record.json\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        git("init", "--quiet")
        git("add", ".")
        git("commit", "--quiet", "--message", "Code")
        run_step("mini_words", "--source", RAW, "--folder", WORDS, "--record", f"{WORDS}.record.json")
        run_step("mini_counts", "--per", "3", "--words", WORDS, "--table", TABLE, "--record", f"{TABLE}.record.json")
        git("add", ".")
        git("commit", "--quiet", "--message", "Results")
    return folder


@pytest.fixture
def project(made, tmp_path, monkeypatch):
    """A copy of it to damage."""
    shutil.copytree(made, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


def test_a_last_step_made_again_is_identical_and_leaves_the_working_tree_alone(project):
    before = sha256_path(project)
    done = reproduce_step(TABLE, keep=True)
    assert [(result.path, result.verdict) for result in done.results] == [(TABLE, IDENTICAL)]
    assert done.verdict == 0
    assert done.notes == []
    assert render(done, [TABLE]).endswith(f"{TABLE}: reproduced.")
    assert sha256_path(project) == before
    assert (done.folder / TABLE).read_bytes() == Path(TABLE).read_bytes()
    assert not done.folder.is_relative_to(project)
    shutil.rmtree(done.folder)


def command(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["paper_replication", "reproduce", *arguments])
    return main()


def test_other_numbers_are_different_unless_within_tolerance(project, monkeypatch, capsys):
    record = read_record(Path(f"{TABLE}.record.json"))
    record["context"]["command"] = record["context"]["command"].replace("--per 3", "--per 3.00003")
    write_record(Path(f"{TABLE}.record.json"), record)
    assert command(monkeypatch, TABLE, "--step") == 1
    printed = capsys.readouterr().out
    assert f"{TABLE}: different, first in line 2: length 1.66667 -> 1.66665 (3 of 3 rows)" in printed
    assert "not reproduced" in printed
    assert command(monkeypatch, TABLE, "--step", "--tolerance", "1e-4") == 0
    assert capsys.readouterr().out.endswith("reproduced, within tolerance.\n")


def test_jobs_that_train_keep_memory_as_their_rules_commands_say():
    # Part of the rules' commands, by whose text Snakemake knows what was made by another one.
    sizes = "MALLOC_MMAP_THRESHOLD_=8589934592 MALLOC_TRIM_THRESHOLD_=17179869184 MALLOC_TOP_PAD_=268435456 "
    assert sizes == KEEPING_MEMORY
    found = {rule: _environment({"rule": rule, "context": {"threads": 1}}) for rule in ("train_full", "steering")}
    assert MALLOC.items() <= found["train_full"].items()
    assert not MALLOC.keys() & found["steering"].keys()
    assert {value["OMP_NUM_THREADS"] for value in found.values()} == {"1"}


def test_what_cannot_be_tried_has_an_exit_code_of_its_own(project, monkeypatch, capsys):
    assert command(monkeypatch, "figures/mini/nothing.pdf", "--step") == 2
    # What only a whole run would use is not passed over.
    assert command(monkeypatch, TABLE, "--step", "--cores", "2") == 2
    assert "has no record" in capsys.readouterr().err


def test_a_missing_input_says_what_to_do(project):
    shutil.rmtree(WORDS)
    make = f"snakemake --cores all {WORDS} --configfile workflow/config/mini.yaml"
    with pytest.raises(UserError, match=rf"{WORDS} is not here. Make it with: {make} .*leave out --step"):
        reproduce_step(TABLE)


def test_a_missing_raw_input_is_to_be_put_back(project):
    Path(RAW).unlink()
    with pytest.raises(UserError, match=rf"{RAW} is not here\. Put it back with: git checkout -- {RAW}$"):
        reproduce_step(WORDS)


def test_a_file_of_ones_own_is_found_from_the_temporary_folder_or_named_as_absent(project, tmp_path, monkeypatch):
    deep = shutil.copytree(project, tmp_path / "deep/project")
    monkeypatch.chdir(deep)
    own = Path("../../own.txt")
    own.write_text("words of one's own")
    run_step("mini_words", "--source", str(own), "--folder", WORDS, "--record", f"{WORDS}.record.json")
    assert reproduce_step(WORDS).verdict == 0
    own.unlink()
    with pytest.raises(UserError, match=rf"{own} is not here: it is a file of one's own, which no job makes"):
        reproduce_step(WORDS)


@pytest.mark.parametrize("path", [RAW, "../own.txt"])
def test_what_no_job_makes_has_no_command(path):
    with pytest.raises(UserError, match=f"No job makes {path}: results lie under data/<tier>"):
        command_for(path)


def test_an_edited_input_is_refused(project):
    Path(f"{WORDS}/words.txt").write_text("other")
    with pytest.raises(UserError, match="not what the step consumed"):
        reproduce_step(TABLE)


def test_a_step_that_fails_has_made_nothing_and_changed_code_is_noted(project):
    code = Path("paper_replication/steps/mini_counts.py")
    code.write_text(code.read_text().replace("rows = [", "raise OSError\n    rows = ["))
    done = reproduce_step(TABLE)
    assert done.results[0].verdict == NOT_MADE
    assert done.verdict == 2
    assert render(done, [TABLE]).endswith(f"{TABLE}: not made.")
    assert done.notes == ["the command ended with exit code 1", f"the code has changed since in {code}"]


@pytest.mark.parametrize("slow", [False, True])
def test_a_precision_that_the_cpu_is_slow_in_is_noted(project, monkeypatch, slow):
    monkeypatch.setattr("paper_replication.provenance.reproduce.bfloat16_is_slow", lambda: slow)
    assert reproduce_step(TABLE).notes == []
    file = Path(f"{TABLE}.record.json")
    record = read_record(file)
    record["parameters"]["recipe"] = {"precision": "bfloat16"}
    write_record(file, record)
    note = "the records are of bfloat16, in which this CPU is slow"
    assert reproduce_step(TABLE).notes == ([note] if slow else [])


def test_everything_is_made_again_from_raw_inputs_without_what_was_measured(project):
    shutil.rmtree(WORDS)
    done = reproduce([TABLE], cores="1")
    assert done.verdict == 0, render(done, [TABLE])
    assert [result.path for result in done.earlier] == [WORDS]
    assert "Of 1 earlier files, 1 are identical." in render(done, [TABLE])
    assert not Path(WORDS).exists()


def test_code_is_said_to_have_changed_where_the_commit_that_ran_has_other_code(project):
    code = Path("paper_replication/steps/mini_counts.py")
    before = code.read_text()
    code.write_text(f"{before}\n# edited\n")
    done = reproduce([TABLE], cores="1")
    assert done.notes == ["changes that are not committed were not part of the rerun"]
    git("commit", "--quiet", "--all", "--message", "A comment")
    code.write_text(before)
    note, _ = reproduce([TABLE], cores="1").notes
    assert note == f"the code has changed since in {code}"


def test_an_attempt_that_was_interrupted_goes_on_in_its_folder(project, tmp_path, monkeypatch, capsys):
    place = tmp_path / "place"
    arguments = (TABLE, "--cores", "1", "--folder", str(place))
    assert command(monkeypatch, *arguments) == 0
    words = place / "project" / WORDS
    made = words.stat().st_mtime_ns
    # As a kill would leave it: the lock is there, and the last result is not.
    (place / "project/.snakemake/locks").mkdir(parents=True)
    (place / "project/.snakemake/locks/0.output.lock").write_text(TABLE)
    (place / "project" / TABLE).unlink()
    assert command(monkeypatch, *arguments) == 0
    assert f"Kept: {place / 'project'}" in capsys.readouterr().out
    assert words.stat().st_mtime_ns == made
    with _named_place(place):
        assert command(monkeypatch, *arguments) == 2
    assert f"Another process is making results again in {place}" in capsys.readouterr().err
    git("commit", "--quiet", "--allow-empty", "--message", "Another")
    assert command(monkeypatch, *arguments) == 2
    assert "holds an attempt at commit" in capsys.readouterr().err


def agree(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["paper_replication", "agree", "data", "figures"])
    return main()


def test_a_run_is_set_against_the_committed_records(project, monkeypatch, capsys):
    folders = [Path("data"), Path("figures")]
    nothing = against_commit(folders)
    assert (nothing.same, nothing.different, nothing.new) == ([], [], [])
    assert agree(monkeypatch) == 2
    assert capsys.readouterr().out.startswith("Nothing was compared: ")
    # Records tell the second: made again within it, a fast step's would be as it was.
    time.sleep(1)
    run_step("mini_words", "--source", RAW, "--folder", WORDS, "--record", f"{WORDS}.record.json")
    run_step("mini_counts", "--per", "4", "--words", WORDS, "--table", TABLE, "--record", f"{TABLE}.record.json")
    shutil.copy(f"{TABLE}.record.json", "figures/mini/other.record.json")
    found = against_commit(folders)
    assert (found.same, found.different, found.new) == ([WORDS], [TABLE], ["figures/mini/other.record.json"])
    assert "Of 2 outputs of jobs that were run anew, 1 are as committed and 1 are different" in str(found)
    assert agree(monkeypatch) == 1
    # What was edited or removed since is not what its record says.
    word = next(Path(WORDS).iterdir())
    content = word.read_bytes()
    for change in (lambda: word.write_bytes(b"edited"), word.unlink, lambda: shutil.rmtree(WORDS)):
        change()
        assert set(against_commit(folders).different) == {WORDS, TABLE}
    word.parent.mkdir()
    word.write_bytes(content)
    assert min(found.seconds) >= 0
    assert "costs are not compared" in str(found)
    record = read_record(Path(f"{TABLE}.record.json")) | {"rule": "costs_table"}
    write_record(Path(f"{TABLE}.record.json"), record)
    assert against_commit(folders).different == []
    assert agree(monkeypatch) == 0
    here = against_commit([folder.absolute() for folder in folders])
    assert (here.same, len(here.new)) == ([WORDS], 1)
    with pytest.raises(UserError, match="There is no commit 'nowhere' here"):
        against_commit(folders, "nowhere")
    with pytest.raises(UserError, match="There are no records of jobs in workflow; run the workflow first"):
        against_commit([Path("workflow")])


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"seal": "0"}'])
def test_a_committed_record_that_is_damaged_is_no_difference(project, monkeypatch, capsys, content):
    record = Path(f"{TABLE}.record.json")
    whole = record.read_text()
    record.write_text(content)
    git("commit", "--quiet", "--all", "--message", "Damaged")
    record.write_text(whole)
    assert agree(monkeypatch) == 2
    assert f"error: The record HEAD:./{record} that git has is damaged" in capsys.readouterr().err


def test_an_input_without_its_record_stops_a_last_step(project):
    Path(f"{WORDS}.record.json").unlink()
    remake = f"snakemake --cores all {WORDS} --forcerun {WORDS} --configfile workflow/config/mini.yaml"
    with pytest.raises(UserError, match=rf"The input {WORDS} has lost its record\. Remake both with: {remake}"):
        reproduce_step(TABLE)


def test_a_file_in_a_folder_that_a_job_made_stands_for_the_folder(project, monkeypatch, capsys):
    assert command(monkeypatch, f"{WORDS}/words.txt", "--cores", "1") == 0
    assert f"{WORDS}: identical" in capsys.readouterr().out


def test_results_are_drawn_by_seed_and_made_in_one_place(project, monkeypatch, capsys):
    assert sorted(draw([Path("data"), Path("figures")], 2, 0)) == sorted([WORDS, TABLE])
    drawn = [draw([Path("data"), Path("figures")], 1, seed) for seed in range(9)]
    assert drawn == [draw([Path("data"), Path("figures")], 1, seed) for seed in range(9)]
    assert len({name for names in drawn for name in names}) == 2
    with pytest.raises(UserError, match="3 results are to be drawn, but only 2 have records"):
        draw([Path("data"), Path("figures")], 3, 0)
    for number in ("0", "-1"):
        assert command(monkeypatch, "data", "figures", "--draw", number) == 2
        assert f"--draw {number}: at least one result is to be drawn" in capsys.readouterr().err
    assert command(monkeypatch, "data", "figures", "--draw", "2", "--cores", "1") == 0
    printed = capsys.readouterr().out
    assert f"{TABLE}: identical" in printed
    assert f"{WORDS}: identical" in printed
    assert "earlier" not in printed


def test_costs_which_are_never_the_same_twice_are_not_drawn(project):
    path = Path(f"{TABLE}.record.json")
    write_record(path, read_record(path) | {"rule": "costs_table"})
    assert [draw([Path("data"), Path("figures")], 1, seed) for seed in range(9)] == 9 * [[WORDS]]
    with pytest.raises(UserError, match="2 results are to be drawn, but only 1 have records there, costs apart"):
        draw([Path("data"), Path("figures")], 2, 0)


def test_of_results_drawn_one_that_cannot_be_tried_does_not_stop_the_others(project, monkeypatch, capsys):
    shutil.rmtree(WORDS)
    assert command(monkeypatch, "data", "figures", "--draw", "2", "--step") == 2
    printed = capsys.readouterr()
    assert f"error: {TABLE}: The input {WORDS} is not here." in printed.err
    # Nothing was there to compare the first step's folder with, but its record was.
    assert f"{WORDS}: reproduced." in printed.out
    assert "Of 2 results, 1 reproduced, 0 not reproduced, 1 not made." in printed.out


def test_the_first_file_to_depart_is_named(project):
    Path(RAW).write_text("three other words")
    git("commit", "--quiet", "--all", "--message", "Another text")
    done = reproduce([TABLE], cores="1")
    assert done.verdict == 1
    assert done.results[0].where.startswith("first in line 3: word words -> other")
    assert f"First to depart: {WORDS}: different, first in words.txt" in render(done, [TABLE])


def test_a_tier_without_a_configuration_is_refused(project):
    Path("workflow/config/mini.yaml").unlink()
    with pytest.raises(UserError, match="must have a config, such as"):
        reproduce([TABLE])


def test_the_projects_folder_is_no_result():
    with pytest.raises(UserError, match="has no record of how it was made"):
        reproduce_step(".")
