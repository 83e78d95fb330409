"""Datasets of the Hugging Face Hub, of which data alone is fetched, and no code."""

from datasets import Dataset, load_dataset
from datasets.exceptions import DatasetGenerationError

from paper_replication.errors import UserError
from paper_replication.hub import DATA_FILES, snapshot


def plain(text: object) -> str:
    """A text with every line break of Unicode as a newline, for JSON Lines are read by line; of None an empty one."""
    return "" if text is None else "\n".join(str(text).splitlines())


def fetch_data(hub: str, revision: str, split: str = "train") -> tuple[Dataset, str]:
    """A split of a dataset, and the commit that it was fetched at.

    Args:
        hub: the dataset's id, or a folder.
        revision: a commit, tag or branch.
        split: which, as `datasets` writes it: "train[:100]" are its first 100 rows.

    Raises:
        UserError: the dataset cannot be reached or read.
    """
    folder = snapshot(hub, revision, DATA_FILES, "dataset")
    try:
        return load_dataset(str(folder), split=split), folder.name
    except (DatasetGenerationError, ValueError, OSError) as error:
        raise UserError(f"The data of {hub} in {folder} cannot be read: {error}") from error
