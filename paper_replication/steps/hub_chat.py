"""Fetch a corpus of ordinary chat from the Hub, in the form of the packaged one."""

from paper_replication.errors import UserError
from paper_replication.files import write_json_lines
from paper_replication.hub import state_commit
from paper_replication.hub_data import fetch_data, plain
from paper_replication.ordinary_chat import ORIGINS
from paper_replication.provenance.step import Output, run
from paper_replication.settings.hub import HubChat


def hub_chat(settings: HubChat, folder: Output) -> None:
    """The first exchanges, one JSON line each, with `task_type`, `task_prompt` and `task_output`.

    `hub.json` states which commit of the corpus it was.

    Raises:
        UserError: the corpus is none whose chat is known to be ordinary, cannot be reached or read, or lacks a column.
    """
    if settings.hub not in ORIGINS:
        raise UserError(f"{settings.hub} is not among the corpora of ordinary chat, which are {', '.join(ORIGINS)}.")
    found, commit = fetch_data(settings.hub, settings.revision or "main", f"train[:{settings.exchanges}]")
    missing = {settings.question, settings.answer} - set(found.column_names)
    if missing:
        raise UserError(
            f"{settings.hub} has no column {', '.join(sorted(missing))}, but {', '.join(found.column_names)}."
        )
    folder.mkdir()
    exchanges = [
        {
            "task_type": settings.hub,
            "task_prompt": plain(row[settings.question]),
            "task_output": plain(row[settings.answer]),
        }
        for row in found
    ]
    write_json_lines(folder / "exchanges.jsonl", exchanges)
    state_commit(folder / "hub.json", settings.hub, commit)


if __name__ == "__main__":
    run(hub_chat)
