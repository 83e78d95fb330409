"""Fetch a published adapter, or finetuned model, in the place of one that is trained here."""

import json
import shutil
from pathlib import Path

import pandas as pd
import torch
from transformers import AutoModelForCausalLM

from paper_replication.errors import UserError
from paper_replication.files import write_table
from paper_replication.hub import MODEL_FILES, damaged, is_path, snapshot
from paper_replication.hub_models import check_adapter, check_finite, check_same_tokens, load_whole
from paper_replication.models import load_tokenizer
from paper_replication.provenance.hashing import sha256_file
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.hub import PublishedAdapter
from paper_replication.whole_models import check_same_chat, replacing_adapter

# Weights that are not safetensors are pickles, which would run what they hold.
WEIGHTS = "adapter_model.safetensors"
FILES = ("adapter_config.json", WEIGHTS)
WHOLE, TOKENIZER = "config.json", "tokenizer.json"
LOSSES = ("step", "learning_rate", "loss_nats", "gradient_norm")


def _keep_whole(published: PublishedAdapter, found: Path, prefix: str, base: Path, adapter: Path) -> None:
    """Keep a model of which all weights are published as an adapter that replaces what differs from its base model."""
    # Of the commit that was found, though what the revision names may have moved on since.
    whole = snapshot(published.hub, found.name, [prefix + pattern for pattern in MODEL_FILES])
    # In float32, as both are measured; and not on a GPU, which this job has not asked for.
    finetuned = load_whole(whole / published.subfolder, published.hub, torch.float32)
    check_finite(finetuned[0].named_parameters(), published.hub)
    whole_base = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    check_same_chat((whole_base, load_tokenizer(base)), finetuned, published.hub, published.model)
    kept = replacing_adapter(whole_base, finetuned[0], published.hub)
    kept.save_pretrained(adapter)
    (adapter / "README.md").unlink(missing_ok=True)  # PEFT's model card states a path of this machine


def published_adapter(
    published: PublishedAdapter, model: Input, files: list[Input], adapter: Output, losses: Output
) -> None:
    """Copy an adapter's config and weights; `published.json` states where they came from, with commit and sums.

    `files` are those of a folder of one's own, for the record. In a repository without an adapter but with a whole
    model, that model is kept as an adapter of its base model. How its loss fell is not known: the loss curve has one
    row, without values.

    Raises:
        UserError: no adapter is known for the pair, it lacks a file, its weights are damaged, it comes with another
            tokenizer than its base model, or a whole model is no other weights of the same architecture and config, or
            chats otherwise.
    """
    if not published.hub:
        raise UserError(
            f"No published adapter of {published.organism} on {published.model} is known: give its id in "
            "data/inputs/published_adapters.csv, or train it here with the variant 'default'."
        )
    prefix = f"{published.subfolder}/" if published.subfolder else ""
    names = [prefix + name for name in (*FILES, WHOLE, TOKENIZER)]
    found = snapshot(published.hub, published.revision or "main", names)
    folder = found / published.subfolder
    if (folder / TOKENIZER).is_file():
        check_same_tokens(model / TOKENIZER, folder / TOKENIZER)
    if (folder / WHOLE).is_file() and not (folder / FILES[0]).is_file():
        _keep_whole(published, found, prefix, model, adapter)
    else:
        _copy(published, folder, prefix, model, adapter)
    # A folder of one's own has no commit; its files' sums say what it held.
    source = published.model_dump() | ({} if is_path(published.hub) else {"commit": found.name})
    source["files"] = {file.name: sha256_file(file) for file in sorted(folder.glob("*.safetensors"))}
    (adapter / "published.json").write_text(json.dumps(source, indent=2) + "\n")
    write_table(losses, pd.DataFrame([dict.fromkeys(LOSSES)]))


def _copy(published: PublishedAdapter, folder: Path, prefix: str, base: Path, adapter: Path) -> None:
    for name in FILES:
        if not (folder / name).is_file():
            raise UserError(f"{published.hub} holds no {prefix}{name}; correct data/inputs/published_adapters.csv.")
    config = folder / FILES[0]
    try:
        kind = json.loads(config.read_text()).get("peft_type")
    except (ValueError, AttributeError) as error:
        raise UserError(
            f"{config} is no JSON object; it may be truncated. {damaged(published.hub, config)} ({error})"
        ) from error
    if kind != "LORA":
        raise UserError(f"{config} has the peft_type {kind!r}, not 'LORA', the one that can be measured here.")
    check_adapter(folder, published.hub, base)
    adapter.mkdir()
    for name in FILES:
        shutil.copyfile(folder / name, adapter / name)


if __name__ == "__main__":
    run(published_adapter)
