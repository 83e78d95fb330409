"""Files of what was read outside the pipeline, seen before a job reads them."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from paper_replication.briefings import ADL, BLACK_BOX, CONTROLS
from paper_replication.errors import UserError
from paper_replication.paths import organism_file

# Of the kinds of readings the one that has answers and grades; the others have verdicts.
INVESTIGATIONS = "investigations"
AGENTS = (ADL, BLACK_BOX, *CONTROLS)
# As `blind_reading` has them, which rests on statistics that take a second to load.
READ, READING = ("model", "organism"), "reading_"


def read_readings(path: Path, kind: str, models: Iterable[str]) -> pd.DataFrame:
    """The rows of a file of readings, each of a model and an organism that there is.

    Their values are checked where they are tabulated.

    Args:
        path: the file.
        kind: the key of `readings` that names it.
        models: those of the config.

    Raises:
        UserError: it is no CSV in UTF-8, has no rows or fewer than two readings, or a row names a model, an organism or
            an agent that there is not.
    """
    try:
        found = pd.read_csv(path, keep_default_na=False, dtype=str)
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read; save it as CSV in UTF-8. ({error})") from error
    needed = (*READ, "seed", "agent") if kind == INVESTIGATIONS else READ
    if missing := [name for name in needed if name not in found]:
        raise UserError(f"{path} lacks the column {missing[0]}; data/inputs/readings/README.md lists all of them.")
    if found.empty:
        raise UserError(f"{path} has no rows: nothing was read.")
    if kind != INVESTIGATIONS and sum(name.startswith(READING) for name in found) < 2:
        raise UserError(f"{path} has one reading alone; how far readings agree needs two or more.")
    known = {"model": set(models)} | ({"agent": set(AGENTS)} if kind == INVESTIGATIONS else {})
    for column, names in known.items():
        if wrong := [name for name in found[column] if name not in names]:
            raise UserError(f"{path}: the {column} {wrong[0]!r} is none of {', '.join(sorted(names))}.")
    if wrong := [name for name in found["organism"].unique() if not organism_file(name).is_file()]:
        raise UserError(f"{path}: there is no organism {wrong[0]!r}.")
    return found
