"""Datasets of the Hugging Face Hub, of which data alone is fetched, and no code."""

from itertools import islice

from datasets import Dataset, load_dataset
from datasets.exceptions import DatasetGenerationError
from huggingface_hub import HfApi
from tqdm import tqdm

from paper_replication.errors import UserError
from paper_replication.hub import DATA_FILES, is_path, snapshot

# Of a stream so many rows are held, of which the next is drawn.
SHUFFLED = 10_000


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


def stream_texts(hub: str, name: str | None, count: int, seed: int) -> tuple[list[str], str | None]:
    """The first texts of a dataset that is too large to be fetched whole, shuffled, and the commit that they are of.

    Args:
        hub: the dataset's id, or a folder, which has no commit.
        name: which of its configs; None where it has one alone.
        count: how many texts.
        seed: of the shuffle, in a buffer of `SHUFFLED` rows.

    Raises:
        UserError: the dataset cannot be reached or read, or has no column `text`.
    """
    try:
        commit = None if is_path(hub) else HfApi().dataset_info(hub).sha
        stream = load_dataset(hub, name, split="train", streaming=True, revision=commit)
        rows = islice(stream.shuffle(seed=seed, buffer_size=SHUFFLED), count)
        return [plain(row["text"]) for row in tqdm(rows, desc="documents", total=count)], commit
    except KeyError as error:
        raise UserError(f"{hub} has no column {error}, which should hold its documents.") from error
    except Exception as error:
        # Clients of the Hub's several stores raise whatever theirs do.
        raise UserError(
            f"{hub} cannot be read: check its name and `hub_name`, and that https://huggingface.co can be reached from "
            f"where this job runs. ({error})"
        ) from error
