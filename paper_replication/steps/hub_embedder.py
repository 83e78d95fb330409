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
    copied = sorted({file for pattern in MODEL_FILES for file in found.rglob(pattern)})
    copied = [file for file in copied if not any(part.startswith(".") for part in file.relative_to(found).parts)]
    if not any(file.suffix == ".safetensors" for file in copied):
        raise UserError(f"{settings.hub} has no weights in safetensors; name another embedder in the config.")
    for file in copied:
        to = folder / file.relative_to(found)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, to)
    if not is_path(settings.hub):
        state_commit(folder / "hub.json", settings.hub, found.name)
    # Texts are embedded on the CPU, where bfloat16, which the library would take from here, is slower and coarse.
    modules, configs = folder / "modules.json", [folder / "config.json"]
    reading = modules
    try:
        if not configs[0].is_file() and modules.is_file():
            # The transformer may lie in a folder of its own.
            listed = [module for module in json.loads(modules.read_text()) if module["type"].endswith("Transformer")]
            configs = [folder / module["path"] / "config.json" for module in listed]
        for reading in configs:
            content = {key: value for key, value in json.loads(reading.read_text()).items() if key != "torch_dtype"}
            reading.write_text(json.dumps(content | {"dtype": "float32"}, indent=2) + "\n")
    except (OSError, ValueError, AttributeError, TypeError, KeyError) as error:
        there = found / reading.relative_to(folder)
        raise UserError(f"{there} is missing or damaged. {damaged(settings.hub, there)} ({error!r})") from error


if __name__ == "__main__":
    run(hub_embedder)
