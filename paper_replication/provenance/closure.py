"""The import closure of a module inside this package: the code that a rule depends on."""

import ast
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
ROOT = PACKAGE.parent


@cache
def _file_of(module: str) -> Path | None:
    """The source file of a dotted module name, or None where the name is not a module of this package."""
    base = ROOT.joinpath(*module.split("."))
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


@cache
def _imports(file: Path) -> frozenset[str]:
    """Dotted names of this package's modules that a file imports, wherever in the file it does."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(), filename=str(file))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(name for name in names if name.split(".")[0] == PACKAGE.name)


def closure(module: str) -> list[str]:
    """Files that running a module reads, relative to the project's root, sorted.

    Relative imports are not followed: the project's style is absolute imports (checked by the linter).

    Raises:
        ModuleNotFoundError: the module is not part of this package.
    """
    if _file_of(module) is None:
        raise ModuleNotFoundError(f"{module} is not a module of {PACKAGE}")
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        parents = [".".join(name.split(".")[:depth]) for depth in range(1, name.count(".") + 2)]
        for file in filter(None, map(_file_of, parents)):
            if file not in found:
                found.add(file)
                waiting.extend(_imports(file))
    return sorted(file.relative_to(ROOT).as_posix() for file in found)
