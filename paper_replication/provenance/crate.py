"""A whole run as a Workflow Run RO-Crate: results, code and records, described for machines.

Source: RO-Crate 1.1, with the profiles Process, Workflow and Provenance Run Crate 0.5 (Leo et al. 2024,
doi 10.1371/journal.pone.0309210).
"""

import json
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib import metadata
from itertools import product
from pathlib import Path
from typing import Any

from rocrate.model import ContextEntity, Entity, File
from rocrate.rocrate import ROCrate

from paper_replication.errors import UserError
from paper_replication.paths import Paths
from paper_replication.provenance.chain import (
    changed_code,
    commit_of,
    configs_of,
    entries,
    module_of,
    named,
    records_in,
)
from paper_replication.provenance.context import git_state
from paper_replication.provenance.hashing import sha256_file
from paper_replication.provenance.record import SUFFIX, Record, read_record

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
LICENCE = "https://spdx.org/licenses/MIT"
# Terms that RO-Crate 1.1 itself lacks.
TERMS = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}
# What goes in beside a tier's figures and records; weights and measurements stay out, described by their sums.
CODE = ("Snakefile", "README.md", "LICENSE", "workflow/**/*", "paper_replication/**/*.py", "envs/*", "profiles/**/*")
INPUTS = ("data/inputs/**/*",)
WORKFLOW = "Snakefile"
# What the configs of `configs_of` are: the first, and the others.
OWN_CONFIG, FURTHER_CONFIG = "The configuration", "What is laid over it"
DONE = {"@id": "http://schema.org/CompletedActionStatus"}


def _references(identifiers: Any) -> list[dict[str, str]]:
    return [{"@id": identifier} for identifier in dict.fromkeys(identifiers)]


class Crate:
    """A crate under construction from the records of one tier's jobs.

    Attributes:
        records: every job's record, by its path, in the order in which the jobs were started.
        folder: a folder that holds the payload.
        kinds: "File" or "Dataset" of every path that a job read or made.
    """

    def __init__(self, records: dict[str, Record], folder: Path) -> None:
        self.records = records
        self.folder = folder
        self.crate = ROCrate(version="1.1")
        self.crate.source = folder
        self.crate.metadata.extra_terms.update(TERMS)
        made = [entry for record in records.values() for entry in entries(record, "outputs")]
        self.kinds = defaultdict(lambda: "File", {entry["path"]: "Dataset" for entry in made if "files" in entry})
        self.sums = {entry["path"]: entry["sha256"] for entry in made}
        # Raw inputs, files of one's own, and results of a tier that this one is compared with.
        self.given = {
            entry["path"]: entry["sha256"]
            for record in records.values()
            for entry in entries(record, "inputs")
            if entry["path"] not in self.sums
        }
        self.sums |= self.given
        # Which parameters of which steps a path or value stands for.
        self.examples: dict[str, list[str]] = defaultdict(list)

    def identifier(self, path: str) -> str:
        """How the crate refers to a path: as itself if it is inside, as a local name if it is only described."""
        inside = self.folder / path
        if path.startswith("../"):
            return f"#{path}"
        return path if inside.is_file() else f"{path}/" if inside.is_dir() else f"#{path}"

    def note(self, identifier: str, kind: str | list[str], **properties: Any) -> Entity:
        """Add an entity that is no file of the crate."""
        return self.crate.add(ContextEntity(self.crate, identifier, {"@type": kind, **properties}))

    def add_file(self, path: str, **properties: Any) -> Entity:
        """Add an entity for a file of the crate."""
        return self.crate.add(File(self.crate, self.folder / path, path, properties=properties))

    def add_root(self, tier: str) -> None:
        """Describe the crate: its name, licence, date and profiles."""
        root = self.crate.root_dataset
        root["name"] = f"Narrow finetuning leaves clearly readable traces: the {tier} tier"
        root["description"] = (
            "Figures, tables, code and provenance of a replication of arXiv 2510.13900, "
            f"made by {len(self.records)} jobs. "
            "Weights, adapters and measurements are not included, only described by their checksums."
        )
        if changed := changed_code(self.records.values(), self.folder):
            root["description"] += f" Code that has changed since a job ran it: {', '.join(changed)}."
        root["datePublished"] = max(map(end_of, self.records.values()))
        root["license"] = {"@id": LICENCE}
        self.note(LICENCE, "CreativeWork", name="MIT licence", description="Of text and code; for inputs see README.md")
        root["conformsTo"] = _references(PROFILES)
        for identifier, name in PROFILES.items():
            self.note(identifier, "CreativeWork", name=name, version=identifier.rsplit("/", 1)[1])

    def add_workflow(self) -> None:
        """Add the workflow: its language, the tools that it runs and one step a rule."""
        workflow = self.crate.add_workflow(
            self.folder / WORKFLOW, WORKFLOW, main=True, lang="snakemake", properties={"name": "The whole workflow"}
        )
        workflow["version"] = git_state()["commit"] or "unknown"
        # Of types, rocrate knows those of a workflow without steps only.
        workflow.properties()["@type"] = [*workflow.type, "HowTo"]
        tools = {record["rule"]: tool_of(record) for record in self.records.values()}
        workflow["hasPart"] = _references(tools.values())
        workflow["step"] = _references(f"{WORKFLOW}#{rule}" for rule in tools)
        for position, (rule, tool) in enumerate(tools.items()):
            self.note(f"{WORKFLOW}#{rule}", "HowToStep", position=str(position), workExample={"@id": tool}, name=rule)
            self._add_tool(rule, tool)

    def _add_tool(self, rule: str, tool: str) -> None:
        """Add a step's module with the parameters that its jobs had."""
        sides: dict[str, dict[str, str]] = {"input": {}, "output": {}}
        for record in self.records.values():
            if record["rule"] == rule:
                for side, found in _parameters(record, self.kinds):
                    sides[side].update(found)
        properties = {side: _references(f"{tool}#{name}" for name in names) for side, names in sides.items()}
        if (self.folder / tool).is_file():
            self.add_file(tool, name=rule, **properties).properties()["@type"] = ["File", "SoftwareSourceCode"]
        else:
            self.note(tool, "SoftwareSourceCode", name=rule, **properties)
        for names in sides.values():
            for name, kind in names.items():
                self.note(f"{tool}#{name}", "FormalParameter", name=name, additionalType=kind)

    def add_job(self, path: str, record: Record) -> None:
        """Add one job: its step, what it read, its parameters, what it made and when, and the engine's start of it."""
        action, tool = f"#job/{path.removesuffix(SUFFIX)}", tool_of(record)
        read = [self._cite(entry["path"], tool, name) for name, entry in named(record, "inputs")]
        read += [self._value(action, tool, name, value) for name, value in record["parameters"].items()]
        self.note(
            action,
            "CreateAction",
            name=f"{record['rule']}: {path.removesuffix(SUFFIX)}",
            description=describe(path, record),
            instrument={"@id": tool},
            object=_references(read),
            result=_references(self._cite(entry["path"], tool, name) for name, entry in named(record, "outputs")),
            startTime=record["context"]["started"],
            endTime=end_of(record),
            actionStatus=DONE,
        )
        step = {"@id": f"{WORKFLOW}#{record['rule']}"}
        name = f"start of {action[1:]}"
        self.note(control_of(path), "ControlAction", name=name, instrument=step, object={"@id": action})

    def _cite(self, path: str, tool: str, name: str) -> str:
        self.examples[path].append(f"{tool}#{name}")
        return self.identifier(path)

    def _value(self, action: str, tool: str, name: str, value: Any) -> str:
        text = value if isinstance(value, str) else json.dumps(value)
        of = {"@id": f"{tool}#{name}"}
        return self.note(f"{action}/{name}", "PropertyValue", name=name, value=text, exampleOfWork=of).id

    def add_run(self, configs: list[str]) -> None:
        """Add the run as a whole, from raw inputs and configuration to figures and tables, and the engine."""
        ends = [path for path in self.sums if path.startswith("figures/")]
        records = self.records.values()
        start, end = min(record["context"]["started"] for record in records), max(map(end_of, records))
        for config in configs:
            name = OWN_CONFIG if config == configs[0] else FURTHER_CONFIG
            self.add_file(config, name=name, encodingFormat="application/yaml")
        run = self.note(
            "#run",
            "CreateAction",
            name="The run of the workflow",
            description="From the first job's start to the last one's end; jobs may have run on several days.",
            instrument={"@id": WORKFLOW},
            object=_references([*configs, *map(self.identifier, self.given)]),
            result=_references(map(self.identifier, ends)),
            startTime=start,
            endTime=end,
            actionStatus=DONE,
        )
        self.crate.root_dataset["mentions"] = _references([run.id])
        engine = self.note(
            "https://snakemake.github.io",
            "SoftwareApplication",
            name="Snakemake",
            url="https://snakemake.github.io",
            softwareVersion=metadata.version("snakemake"),
        )
        self.note(
            "#engine",
            "OrganizeAction",
            name="Snakemake runs the jobs",
            instrument={"@id": engine.id},
            object=_references(map(control_of, self.records)),
            result={"@id": run.id},
            startTime=start,
            endTime=end,
        )

    def add_files(self) -> None:
        """Add every path that a job read or made, with its checksum and the parameters that it stood for."""
        for path, sum_ in self.sums.items():
            properties = {"name": path, "sha256": sum_, "exampleOfWork": _references(self.examples[path])}
            if not properties["exampleOfWork"]:
                del properties["exampleOfWork"]
            if self.identifier(path) == path:
                self.add_file(path, **properties)
            elif self.identifier(path) == f"{path}/":
                self.crate.add_dataset(self.folder / path, f"{path}/", properties=properties)
            else:
                self.note(self.identifier(path), self.kinds[path], description="Not in this crate.", **properties)

    def included(self) -> int:
        """How many of the paths that jobs read or made are inside."""
        return sum(self.identifier(path) != f"#{path}" for path in self.sums)


def tool_of(record: Record) -> str:
    """The file of the step that a job ran."""
    return f"{module_of(record).replace('.', '/')}.py"


def control_of(path: str) -> str:
    """The identifier of the engine's starting of a job."""
    return f"#start/{path.removesuffix(SUFFIX)}"


def end_of(record: Record) -> str:
    """When a job ended."""
    context = record["context"]
    ended = datetime.fromisoformat(context["started"]) + timedelta(seconds=context["seconds"])
    return ended.isoformat(timespec="seconds")


def describe(path: str, record: Record) -> str:
    """The command of a job, the code's commit, and where the whole record is."""
    return f"{record['context']['command']}  ({commit_of(record)}; recorded in {path})"


def _parameters(record: Record, kinds: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """A job's parameters and their types, by side; paths are files or folders, everything else is text."""
    yield "input", {name: kinds[entry["path"]] for name, entry in named(record, "inputs")}
    yield "input", dict.fromkeys(record["parameters"], "Text")
    yield "output", {name: kinds[entry["path"]] for name, entry in named(record, "outputs")}


def read_records(tier: str) -> dict[str, Record]:
    """Every job's record of a tier, by its path, in the order in which the jobs were started.

    Raises:
        UserError: there are none, or one was edited.
    """
    at = Paths(tier)
    records = {path.as_posix(): read_record(path) for path in records_in(at.data, at.figures)}
    return dict(sorted(records.items(), key=lambda item: (item[1]["context"]["started"], item[0])))


def _gather(tier: str, records: dict[str, Record], folder: Path) -> None:
    """Copy what the crate is to hold; results and raw inputs must be what the records say."""
    at = Paths(tier)
    patterns = [*CODE, *INPUTS, f"{at.figures}/**/*", f"{at.data}/**/*{SUFFIX}"]
    told: dict[str, set[str]] = defaultdict(set)
    made = set()
    for side, record in product(("inputs", "outputs"), records.values()):
        for entry in entries(record, side):
            sums = {entry["path"]: entry["sha256"]}
            sums |= {f"{entry['path']}/{file}": sum_ for file, sum_ in entry.get("files", {}).items()}
            for name, sum_ in sums.items():
                told[name].add(sum_)
            made |= set(sums) if side == "outputs" else set()
    for path in sorted({path for pattern in patterns for path in Path().glob(pattern)}):
        if not path.is_file() or path.name.startswith("."):
            continue
        if path.as_posix() in told and sha256_file(path) not in told[path.as_posix()]:
            raise UserError(f"{path} is not what the records say; `audit` says more. Nothing was written.")
        if path.is_relative_to(at.figures) and not path.name.endswith(SUFFIX) and path.as_posix() not in made:
            raise UserError(f"{path} is among the results, but no record says what made it. Nothing was written.")
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / path)


def write_crate(tier: str, out: Path) -> str:
    """Write the crate of a tier as a folder or, if its name ends in .zip, as an archive; return what was written.

    Raises:
        UserError: the place is taken, the tier has no records or no configuration, or a result was edited.
    """
    if out.exists():
        raise UserError(f"{out} exists; name a new folder or a new file that ends in .zip.")
    records = read_records(tier)
    configs = [config.as_posix() for config in configs_of(records)]
    if not Path(configs[0]).is_file():
        raise UserError(f"The tier {tier} has no {configs[0]}.")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="crate-") as folder:
        _gather(tier, records, Path(folder))
        crate = Crate(records, Path(folder))
        crate.add_root(tier)
        crate.add_workflow()
        for path, record in records.items():
            crate.add_job(path, record)
        crate.add_run(configs)
        crate.add_files()
        # Both are written piece by piece, and a killed one would be taken for a crate.
        partial = out.with_name(f".partial-{out.name}")
        if out.suffix == ".zip":
            crate.crate.write_zip(partial)
        else:
            shutil.rmtree(partial, ignore_errors=True)
            crate.crate.write(partial)
        partial.replace(out)
        inside = crate.included()
    return f"{out}: {len(records)} jobs, {len(crate.sums)} files and folders described, {inside} of them inside."
