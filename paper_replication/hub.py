"""Files of the Hugging Face Hub at a pinned revision, with errors that say what to do."""

import errno
import json
from pathlib import Path

from paper_replication.errors import UserError

TOKENS = "https://huggingface.co/settings/tokens"
# Of a whole model. Weights that are not safetensors are pickles, which would run what they hold.
MODEL_FILES = ["*.json", "*.safetensors", "*.jinja", "*.model", "merges.txt", "vocab.txt"]
# The card says which files are which part of the data.
DATA_FILES = ["*.json", "*.jsonl", "*.parquet", "*.csv", "README.md"]


def is_path(hub: str) -> bool:
    """Whether what is named is a folder by the look of it, there or not, and no repository's id."""
    return hub.startswith(("/", ".", "~")) or _is_folder(hub)


def _is_folder(hub: str) -> bool:
    # An empty path would be the working directory.
    return bool(hub) and Path(hub).is_dir()


def own_files(hub: str, within: str = "", patterns: list[str] = MODEL_FILES) -> list[str]:
    """The files of a folder of one's own, so that a change in them is noticed; none of a repository.

    Args:
        hub: the folder, or a repository's id.
        within: "**/" for those of its folders too.
        patterns: of the names of files, below it.
    """
    if not _is_folder(hub):
        return []
    return sorted({file.as_posix() for pattern in patterns for file in Path(hub).glob(within + pattern)})


def damaged(hub: str, place: Path) -> str:
    """What to do about files that cannot be read: only what was fetched can be removed and fetched again.

    Args:
        hub: the repository's id, or a folder.
        place: the file or folder, in the Hub's cache or that folder.
    """
    if is_path(hub):
        return f"Save the model or adapter to {hub} once more, or name another folder."
    # Files there are links to `blobs` beside `snapshots`: a damaged one would but be linked again.
    cached = next((folder.parent for folder in place.parents if folder.name == "snapshots"), place)
    return f"Remove {cached}, and it is fetched again."


def state_commit(file: Path, hub: str, commit: str) -> None:
    """Write which commit of a repository something is from; a folder of one's own has none."""
    source = {"hub": hub} if is_path(hub) else {"hub": hub, "commit": commit}
    file.write_text(json.dumps(source, indent=2) + "\n")


def _page(hub: str, kind: str) -> str:
    return f"https://huggingface.co/{'datasets/' if kind == 'dataset' else ''}{hub}"


def snapshot(hub: str, revision: str, patterns: list[str] | None = None, kind: str = "model") -> Path:
    """The folder that holds a repository's files, in the Hub's own cache; a folder of one's own is taken as it is.

    Args:
        hub: the repository's id, or a folder.
        revision: a commit, tag or branch; the folder in the cache is named by the commit.
        patterns: which files; all where none is given.
        kind: of the repository, "model" or "dataset".

    Raises:
        UserError: the repository is gated, or cannot be reached or found.
    """
    if _is_folder(hub):
        return Path(hub)
    from huggingface_hub import snapshot_download  # slow to import and not needed for a folder
    from huggingface_hub.errors import GatedRepoError

    try:
        return Path(snapshot_download(hub, revision=revision, allow_patterns=patterns, repo_type=kind))
    except GatedRepoError as error:
        raise UserError(
            f"{hub} is gated. Accept its terms at {_page(hub, kind)}, with the account that made a token for "
            f"reading ({TOKENS}), and put that token in the environment variable HF_TOKEN. ({error})"
        ) from error
    except Exception as error:
        # Clients of the Hub's several stores raise whatever theirs do.
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            raise UserError(
                f"There is no room for {hub}: make some, or set HF_HOME to a folder on a larger disk, where what comes "
                f"from the Hub is then kept. ({error})"
            ) from error
        raise UserError(
            f"{hub} at revision {revision} cannot be fetched: check its name and revision, and that "
            f"https://huggingface.co can be reached. What is private needs a token in HF_TOKEN ({TOKENS}). ({error})"
        ) from error
