"""Make a base model's folder from GGUF weights that are packaged in parts."""

import hashlib
import shutil
import tempfile
from pathlib import Path

from paper_replication.errors import UserError
from paper_replication.models import convert_gguf
from paper_replication.provenance.step import Input, Output, run


def join(folders: list[Path], sha256: str, joined: Path) -> None:
    """Write the parts, one file a folder in the folders' order, one after another.

    Raises:
        UserError: a folder holds another number of files, or the whole has another sum.
    """
    with open(joined, "wb") as whole:
        for folder in folders:
            parts = [path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")]
            if len(parts) != 1:
                raise UserError(f"{folder} should hold one part of the weights, but holds {len(parts)} files.")
            with open(parts[0], "rb") as part:
                shutil.copyfileobj(part, whole)
    with open(joined, "rb") as whole:
        found = hashlib.file_digest(whole, "sha256").hexdigest()
    if found != sha256:
        raise UserError(
            f"Wrong checksum of the joined weights: expected {sha256}, found {found}. Are the parts all there, and in "
            "order? Correct `parts` or `sha256` of the model in the config."
        )


def joined_model(sha256: str, chat_template: str, parts: list[Input], folder: Output) -> None:
    """Join the parts and convert them; a tokenizer without a chat template gets the one that is given, if any."""
    with tempfile.TemporaryDirectory() as scratch:
        weights = Path(scratch) / "model.gguf"
        join(parts, sha256, weights)
        loaded, tokenizer = convert_gguf(weights)
    if tokenizer.chat_template is None and chat_template:
        tokenizer.chat_template = chat_template
    loaded.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    run(joined_model)
