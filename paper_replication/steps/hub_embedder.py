"""Fetch the sentence-embedding model of the judges from the Hub."""

import json
import shutil

from paper_replication.errors import UserError
from paper_replication.hub import MODEL_FILES, damaged, is_path, snapshot, state_commit
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.hub import HubEmbedder


def hub_embedder(settings: HubEmbedder, files: list[Input], folder: Output) -> None:
    """Copy the model's files at its pinned revision; its weights are read in float32, whatever they are kept in.

    `files` are those of a folder of one's own, for the record. `hub.json` states which commit of a repository it was.

    Raises:
        UserError: it cannot be fetched, has no weights in safetensors, or its config is damaged.
    """
    found = snapshot(settings.hub, settings.revision, MODEL_FILES)
    files = sorted({file for pattern in MODEL_FILES for file in found.rglob(pattern)})
    files = [file for file in files if not any(part.startswith(".") for part in file.relative_to(found).parts)]
    if not any(file.suffix == ".safetensors" for file in files):
        raise UserError(f"{settings.hub} has no weights in safetensors; name another embedder in the config.")
    for file in files:
        to = folder / file.relative_to(found)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, to)
    if not is_path(settings.hub):
        state_commit(folder / "hub.json", settings.hub, found.name)
    # Texts are embedded on the CPU, where bfloat16, which the library would take from here, is slower and coarse.
    config = folder / "config.json"
    if not config.is_file() and (folder / "modules.json").is_file():
        return
    try:
        content = {key: value for key, value in json.loads(config.read_text()).items() if key != "torch_dtype"}
    except (OSError, ValueError, AttributeError) as error:
        there = found / config.name
        raise UserError(f"{there} is missing or damaged. {damaged(settings.hub, there)} ({error!r})") from error
    config.write_text(json.dumps(content | {"dtype": "float32"}, indent=2) + "\n")


if __name__ == "__main__":
    run(hub_embedder)
