"""Run one step as a job: parse its arguments, stage its outputs, write them all or none, leave a record.

A step is a function whose keyword parameters say what they are by their annotation: `Input` (a path it
reads), `Output` (a path it makes), a pydantic model (a section of the config, passed as JSON), or a plain
`str`, `int` or `float`. `list[...]` takes several values, `... | None` makes one optional.
"""

import argparse
import inspect
import os
import shlex
import shutil
import sys
import time
import types
import typing
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from paper_replication.errors import UserError
from paper_replication.provenance import context
from paper_replication.provenance.closure import closure
from paper_replication.provenance.hashing import sha256_file
from paper_replication.provenance.record import describe_input, describe_output, relative, write_record


class Input(type(Path())):
    """A path that a step reads; its sum goes into the record."""


class Output(type(Path())):
    """A path that a step makes: the step writes to a staged name, moved into place when all is done."""


class Parameter(typing.NamedTuple):
    """One parameter of a step: its name, element type, and whether it repeats or may be left out."""

    name: str
    kind: type
    many: bool
    optional: bool


def parameters_of(step: Callable) -> list[Parameter]:
    """Read a step's parameters from its signature."""
    found = []
    for name, parameter in inspect.signature(step, eval_str=True).parameters.items():
        kind = parameter.annotation
        optional = isinstance(kind, types.UnionType) and types.NoneType in kind.__args__
        if optional:
            kind = next(part for part in kind.__args__ if part is not types.NoneType)
        many = typing.get_origin(kind) is list
        found.append(Parameter(name, typing.get_args(kind)[0] if many else kind, many, optional))
    return found


def _convert(kind: type, name: str) -> Callable[[str], Any]:
    if not issubclass(kind, BaseModel):
        return kind

    def parse(text: str) -> BaseModel:
        try:
            return TypeAdapter(kind).validate_json(text)
        except ValidationError as error:
            raise UserError(f"--{name}: {error}") from error

    return parse


def parse_arguments(step: Callable, arguments: list[str]) -> argparse.Namespace:
    """Parse a step's command line; every parameter is an option of its own name."""
    parser = argparse.ArgumentParser(prog=step.__name__, description=step.__doc__, allow_abbrev=False)
    for parameter in parameters_of(step):
        parser.add_argument(
            "--" + parameter.name.replace("_", "-"),
            dest=parameter.name,
            type=_convert(parameter.kind, parameter.name),
            nargs="*" if parameter.many else None,
            required=not (parameter.optional or parameter.many),
            default=[] if parameter.many else None,
        )
    parser.add_argument("--record", type=Path, required=True, help="where the record of this job goes")
    return parser.parse_args(arguments)


def _values(namespace: argparse.Namespace, parameter: Parameter) -> list[Any]:
    value = getattr(namespace, parameter.name)
    return value if parameter.many else [] if value is None else [value]


def _staged(path: Path) -> Path:
    """Hidden, beside the final path (so that moving is atomic), with the same suffix (which savers go by)."""
    return path.with_name(f".partial-{path.name}")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _publish(staged: Path, path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    os.replace(staged, path)


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def execute(step: Callable, module: str, arguments: list[str]) -> None:
    """Run a step on a command line and leave its record; on failure no output is left.

    Args:
        step: the function, as described at the top of this module.
        module: the dotted name of its module, whose import closure is the job's code.
        arguments: the command line, without the program's name.

    Raises:
        UserError: bad input, with what to do.
    """
    started, clock = datetime.now(UTC), time.monotonic()
    namespace = parse_arguments(step, arguments)
    parameters = parameters_of(step)
    named = {kind: [p for p in parameters if p.kind is kind] for kind in (Input, Output)}
    record = {
        "rule": module.rsplit(".", 1)[-1],
        "inputs": {p.name: [describe_input(path) for path in _values(namespace, p)] for p in named[Input]},
        "code": {file: sha256_file(Path(file)) for file in closure(module)},
        "parameters": {
            p.name: [_plain(v) for v in _values(namespace, p)] if p.many else _plain(getattr(namespace, p.name))
            for p in parameters
            if p.kind not in (Input, Output)
        },
    }
    outputs = [path for p in named[Output] for path in _values(namespace, p)]
    for path in outputs:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove(_staged(path))
    keywords = {p.name: getattr(namespace, p.name) for p in parameters}
    keywords |= {p.name: _staged(keywords[p.name]) for p in named[Output]}
    target = Path(relative(namespace.record))
    try:
        step(**keywords)
        record["outputs"] = {
            p.name: [describe_output(path, _staged(path)) for path in _values(namespace, p)] for p in named[Output]
        }
        record["context"] = {
            "command": shlex.join(["python", "-m", module, *arguments]),
            "started": started.isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - clock, 2),
            "peak_memory_mb": context.peak_memory_mb(),
            "git": context.git_state(),
            "versions": context.versions(),
            **context.device(),
        }
        # Before the outputs, so that whenever a job is killed, what is there has a record; missing outputs are remade.
        write_record(target, record)
        for path in outputs:
            _publish(_staged(path), path)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    finally:
        for path in outputs:
            _remove(_staged(path))


def run(step: Callable) -> None:
    """Entry point of a step's module: run it on the process's command line; a UserError exits with 1."""
    module = inspect.getmodule(step).__spec__.name
    try:
        execute(step, module, sys.argv[1:])
    except UserError as error:
        sys.exit(f"error: {error}")
