"""A key that a YAML file gives twice: YAML takes the last without a word, and what the first said is lost."""

from pathlib import Path

import yaml

from paper_replication.errors import UserError


def refuse_repeated_keys(path: Path) -> None:
    """Every mapping of a YAML file has each of its keys once; what is no YAML is for its reader to refuse.

    Raises:
        UserError: names the file, the key and both lines.
    """
    try:
        waiting = [yaml.compose(path.read_text(), Loader=yaml.CSafeLoader)]
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return
    # An anchor may hold itself.
    seen: set[int] = set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        if not isinstance(node, yaml.MappingNode):
            continue
        lines: dict[str, int] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in lines:
                raise UserError(f"{path}, line {line}: the key {name!r} was given in line {lines[name]}; keep one.")
            lines[name] = line
            waiting.append(value)
