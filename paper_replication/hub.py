"""Files of the Hugging Face Hub at a pinned revision, with errors that say what to do."""

from pathlib import Path

from paper_replication.errors import UserError

TOKENS = "https://huggingface.co/settings/tokens"
# Of a whole model. Weights that are not safetensors are pickles, which would run what they hold.
MODEL_FILES = ["*.json", "*.safetensors", "*.jinja", "*.model", "merges.txt", "vocab.txt"]


def is_path(hub: str) -> bool:
    """Whether what is named is a folder by the look of it, there or not, and no repository's id."""
    return hub.startswith(("/", ".", "~")) or Path(hub).is_dir()


def own_files(hub: str, patterns: list[str] = MODEL_FILES) -> list[str]:
    """The files of a folder of one's own, so that a change in them is noticed; none of a repository."""
    if not Path(hub).is_dir():
        return []
    return sorted({file.as_posix() for pattern in patterns for file in Path(hub).glob(pattern)})


def damaged(hub: str, place: Path) -> str:
    """What to do about files that cannot be read: only what was fetched can be removed and fetched again."""
    if is_path(hub):
        return f"Save the model or adapter to {hub} once more, or name another folder."
    return f"Remove {place}, and it is fetched again."


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
    if Path(hub).is_dir():
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
    except (OSError, ValueError) as error:
        raise UserError(
            f"{hub} at revision {revision} cannot be fetched: check its name and revision, and that "
            f"https://huggingface.co can be reached. What is private needs a token in HF_TOKEN ({TOKENS}). ({error})"
        ) from error
