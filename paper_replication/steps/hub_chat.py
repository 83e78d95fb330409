"""Fetch a corpus of ordinary chat from the Hub, in the form of the packaged one."""

from datasets import load_dataset
from datasets.exceptions import DatasetGenerationError

from paper_replication.errors import UserError
from paper_replication.files import write_json_lines
from paper_replication.hub import snapshot
from paper_replication.ordinary_chat import ORIGINS
from paper_replication.provenance.step import Output, run
from paper_replication.settings.hub import HubChat

# Data alone: a dataset's own code is not fetched.
FILES = ["*.json", "*.jsonl", "*.parquet", "*.csv"]


def hub_chat(settings: HubChat, folder: Output) -> None:
    """The first exchanges, one JSON line each, with `task_type`, `task_prompt` and `task_output`.

    Raises:
        UserError: the corpus is none whose chat is known to be ordinary, cannot be reached or read, or lacks a column.
    """
    if settings.hub not in ORIGINS:
        raise UserError(f"{settings.hub} is not among the corpora of ordinary chat, which are {', '.join(ORIGINS)}.")
    fetched = snapshot(settings.hub, settings.revision or "main", FILES, "dataset")
    try:
        found = load_dataset(str(fetched), split=f"train[:{settings.exchanges}]")
    except (DatasetGenerationError, ValueError, OSError) as error:
        raise UserError(f"{settings.hub} in {fetched} cannot be read: {error}") from error
    missing = {settings.question, settings.answer} - set(found.column_names)
    if missing:
        raise UserError(
            f"{settings.hub} has no column {', '.join(sorted(missing))}, but {', '.join(found.column_names)}."
        )
    folder.mkdir()
    exchanges = (
        {"task_type": settings.hub, "task_prompt": row[settings.question], "task_output": row[settings.answer]}
        for row in found
    )
    write_json_lines(folder / "exchanges.jsonl", exchanges)
    print(f"{len(found)} exchanges of {settings.hub}, commit {fetched.name}.")


if __name__ == "__main__":
    run(hub_chat)
