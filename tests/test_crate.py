"""The crate of a run, on a small chain of two steps: what it says, and that a validator of its profiles accepts it."""

import contextlib
import json
import shutil
import sys
import zipfile
from pathlib import Path

import pytest
from crate_validation import issues

from paper_replication.__main__ import main
from paper_replication.errors import UserError
from paper_replication.provenance.crate import TERMS, write_crate
from paper_replication.provenance.hashing import sha256_file, sha256_path
from paper_replication.provenance.record import read_record
from paper_replication.provenance.step import Input, Output, execute

RAW, MIDDLE, END = "data/inputs/raw.txt", "data/mini/middle", "figures/mini/end.csv"
STEPS = ("paper_replication.provenance.hashing", "paper_replication.provenance.record")  # they stand for steps


def first(settings: str, source: Input, folder: Output) -> None:
    """Write a folder."""
    folder.mkdir()
    (folder / "a.txt").write_text(source.read_text() + settings)


def second(scale: float, folder: Input, table: Output) -> None:
    """Write a table."""
    table.write_text((folder / "a.txt").read_text())


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A project in which two jobs ran; what the first made is gone, as in a clone."""
    folder = tmp_path_factory.mktemp("made")
    shutil.copytree("paper_replication/provenance", folder / "paper_replication/provenance")
    for name in ("paper_replication/__init__.py", "paper_replication/errors.py", "LICENSE", "README.md"):
        shutil.copy(name, folder / name)
    with contextlib.chdir(folder):
        for path, text in (("Snakefile", "rule a:\n"), ("workflow/config/mini.yaml", "tier: mini\n"), (RAW, "raw")):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text(text)
        execute(first, STEPS[0], f"--settings x --source {RAW} --folder {MIDDLE} --record {MIDDLE}.record.json".split())
        execute(second, STEPS[1], f"--scale 2 --folder {MIDDLE} --table {END} --record {END}.record.json".split())
        shutil.rmtree(MIDDLE)
    return folder


@pytest.fixture
def project(made, tmp_path, monkeypatch):
    """A copy of it, to be changed."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def entities(folder):
    graph = json.loads((folder / "ro-crate-metadata.json").read_text())["@graph"]
    return {entity["@id"]: entity for entity in graph}


def identifiers(references):
    return [reference["@id"] for reference in references]


def test_every_job_is_an_action_with_what_it_read_and_made(project):
    said = write_crate("mini", Path("crate"))
    assert said == "crate: 2 jobs, 3 files and folders described, 2 of them inside."
    found = entities(Path("crate"))
    job = found[f"#job/{END}"]
    tool = "paper_replication/provenance/record.py"
    context = read_record(Path(f"{END}.record.json"))["context"]
    assert job["@type"] == "CreateAction"
    assert job["instrument"] == {"@id": tool}
    assert identifiers(job["object"]) == [f"#{MIDDLE}", f"#job/{END}/scale"]
    assert identifiers(job["result"]) == [END]
    assert job["startTime"] == context["started"] <= job["endTime"]
    assert job["description"].startswith(context["command"])
    assert "agent" not in job
    value = found[f"#job/{END}/scale"]
    assert (value["@type"], value["name"], value["value"]) == ("PropertyValue", "scale", "2.0")
    assert value["exampleOfWork"] == {"@id": f"{tool}#scale"}
    assert found[tool]["@type"] == ["File", "SoftwareSourceCode"]
    assert identifiers(found[tool]["input"]) == [f"{tool}#folder", f"{tool}#scale"]
    assert found[f"{tool}#folder"]["additionalType"] == "Dataset"


def test_the_run_leads_from_raw_inputs_to_figures_and_tables(project):
    write_crate("mini", Path("crate"))
    found = entities(Path("crate"))
    assert found["./"]["mainEntity"] == {"@id": "Snakefile"}
    assert identifiers(found["#run"]["object"]) == ["workflow/config/mini.yaml", RAW]
    assert identifiers(found["#run"]["result"]) == [END]
    assert identifiers(found["Snakefile"]["step"]) == ["Snakefile#hashing", "Snakefile#record"]
    assert identifiers(found["#engine"]["object"]) == [f"#start/{MIDDLE}", f"#start/{END}"]
    assert found[f"#start/{END}"]["object"] == {"@id": f"#job/{END}"}


def test_the_config_of_further_families_is_described_where_results_rest_on_it(project, monkeypatch):
    own, further = (f"workflow/config/mini{end}.yaml" for end in ("", "_families"))
    Path(further).write_text("models: {another: {}}\n")
    write_crate("mini", Path("without"))
    assert further not in entities(Path("without"))
    made = "data/mini/another/middle"
    execute(first, STEPS[0], f"--settings x --source {RAW} --folder {made} --record {made}.record.json".split())
    write_crate("mini", Path("crate"))
    found = entities(Path("crate"))
    assert identifiers(found["#run"]["object"]) == [own, further, RAW]
    assert {found[config]["encodingFormat"] for config in (own, further)} == {"application/yaml"}
    assert found[own]["name"] != found[further]["name"]
    assert issues(project / "crate", monkeypatch) == []


def test_files_have_their_checksums_and_those_outside_are_only_described(project):
    write_crate("mini", Path("crate"))
    found = entities(Path("crate"))
    assert found[END]["sha256"] == sha256_file(Path(END)) == sha256_file(Path("crate") / END)
    assert found[RAW]["sha256"] == sha256_file(Path("crate") / RAW)
    assert found[f"#{MIDDLE}"]["@type"] == "Dataset"
    assert found[f"#{MIDDLE}"]["description"] == "Not in this crate."
    parts = identifiers(found["./"]["hasPart"])
    assert END in parts
    assert f"#{MIDDLE}" not in parts
    inside = {path.relative_to("crate").as_posix() for path in Path("crate").rglob("*") if path.is_file()}
    assert {f"{MIDDLE}.record.json", f"{END}.record.json", "LICENSE", "Snakefile"} <= inside
    assert not [name for name in inside if "__pycache__" in name]


def test_a_folder_of_results_is_inside_and_checked_file_by_file(project, monkeypatch):
    pages = "figures/mini/pages"
    execute(first, STEPS[0], f"--settings x --source {RAW} --folder {pages} --record {pages}.record.json".split())
    write_crate("mini", Path("crate"))
    found = entities(Path("crate"))
    folder = found[f"{pages}/"]
    assert (folder["@type"], folder["sha256"]) == ("Dataset", sha256_path(Path(pages)))
    assert identifiers(found[f"#job/{pages}"]["result"]) == [f"{pages}/"]
    assert (Path("crate") / pages / "a.txt").read_text() == "rawx"
    Path(f"{pages}/a.txt").write_text("edited")
    assert issues(project / "crate", monkeypatch) == []
    with pytest.raises(UserError, match=f"{pages}/a.txt is not what the records say"):
        write_crate("mini", Path("other"))


def test_code_that_changed_since_is_named(project):
    code = Path("paper_replication/provenance/hashing.py")
    code.write_text(code.read_text() + "# edited\n")
    write_crate("mini", Path("crate"))
    assert entities(Path("crate"))["./"]["description"].endswith(f"since a job ran it: {code}.")


def test_the_same_run_gives_the_same_description_in_an_archive(project, monkeypatch, capsys):
    write_crate("mini", Path("crate"))
    monkeypatch.setattr(sys, "argv", ["paper_replication", "crate", "crate.zip", "--tier", "mini"])
    assert main() == 0
    assert "crate.zip: 2 jobs" in capsys.readouterr().out
    with zipfile.ZipFile("crate.zip") as archive:
        archive.extractall("unpacked")
    assert sha256_path(Path("unpacked")) == sha256_path(Path("crate"))


@pytest.mark.parametrize("name", ["crate", "crate.zip"])
def test_a_crate_that_is_not_whole_is_not_taken_for_one(project, monkeypatch, name):
    def killed(_crate, path):
        Path(path).mkdir() if name == "crate" else Path(path).write_text("half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("rocrate.rocrate.ROCrate.write_zip", killed)
        patch.setattr("rocrate.rocrate.ROCrate.write", killed)
        with pytest.raises(KeyboardInterrupt):
            write_crate("mini", Path(name))
    assert not Path(name).exists()
    write_crate("mini", Path(name))
    assert Path(name).exists()


def test_the_place_of_a_crate_is_made(project):
    write_crate("mini", Path("new/place/crate.zip"))
    assert Path("new/place/crate.zip").is_file()


def test_a_damaged_run_is_not_packed(project):
    Path(END).write_text("edited")
    with pytest.raises(UserError, match=f"{END} is not what the records say"):
        write_crate("mini", Path("crate"))
    assert not Path("crate").exists()


def test_what_no_record_made_is_no_result(project):
    made = Path("figures/mini/mine.csv")
    made.parent.mkdir(parents=True, exist_ok=True)
    made.write_text("a,b\n")
    with pytest.raises(UserError, match=r"figures/mini/mine\.csv is among the results, but no record says"):
        write_crate("mini", Path("crate"))
    assert not Path("crate").exists()


def test_a_taken_place_and_an_unknown_tier_are_refused(project):
    with pytest.raises(UserError, match="figures exists"):
        write_crate("mini", Path("figures"))
    with pytest.raises(UserError, match="no records of jobs in data/other, figures/other"):
        write_crate("other", Path("crate"))


def test_the_validator_would_have_found_what_is_missing(project, monkeypatch):
    write_crate("mini", Path("crate"))
    path = Path("crate/ro-crate-metadata.json")
    crate = json.loads(path.read_text())
    for entity in crate["@graph"]:
        if entity["@id"] == f"#job/{END}":
            del entity["instrument"]
        if entity["@id"] == f"#start/{END}":
            entity["instrument"] = {"@id": "#nothing"}
    path.write_text(json.dumps(crate))
    found = " ".join(issues(project / "crate", monkeypatch))
    assert "The Action MUST have an instrument property" in found
    assert "A ControlAction must reference a HowToStep" in found


def test_terms_that_the_crate_brings_are_its_own(project):
    write_crate("mini", Path("crate"))
    context = json.loads(Path("crate/ro-crate-metadata.json").read_text())["@context"]
    assert context == ["https://w3id.org/ro/crate/1.1/context", TERMS]
