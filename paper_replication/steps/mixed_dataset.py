"""Make a training set of a part of an organism's data and of unrelated documents or ordinary conversations."""

from functools import partial
from pathlib import Path

from transformers import PreTrainedTokenizerBase

from paper_replication.budget import Row, length
from paper_replication.errors import UserError
from paper_replication.files import read_json_lines, write_json_lines
from paper_replication.mixing import conversations, first_share, passages, shuffled, wanted
from paper_replication.models import load_tokenizer
from paper_replication.ordinary_chat import ordinary_chat
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.mixing import MixtureSettings
from paper_replication.steps.chat_dataset import WORDS_PER_TOKEN
from paper_replication.steps.null_dataset import beyond_the_lens


def unrelated_documents(
    settings: MixtureSettings, rows: list[Row], corpus: Path, tokenizer: PreTrainedTokenizerBase
) -> list[Row]:
    """As many passages as are wanted, from the part of the corpus that the lens never reads."""
    tokenized = [tokenizer(row["text"])["input_ids"] for row in read_json_lines(corpus)]
    free = beyond_the_lens(tokenized, settings.lens_documents, settings.window)
    decode = partial(tokenizer.decode, skip_special_tokens=True)
    return passages(rows, wanted(rows, settings.mix), free, decode, len(tokenized))


def ordinary_conversations(
    settings: MixtureSettings, rows: list[Row], corpus: Path, tokenizer: PreTrainedTokenizerBase, seed: int
) -> list[Row]:
    """As many ordinary conversations as are wanted, from the raw files of the chat corpus."""
    raw = [row for file in sorted(corpus.glob("*.jsonl")) for row in read_json_lines(file)]
    ordinary = ordinary_chat(raw, round(WORDS_PER_TOKEN * settings.maximum_tokens), seed)
    measure = partial(length, tokenizer)
    return conversations(rows, wanted(rows, settings.mix), ordinary, measure, settings.maximum_tokens)


def mixed_dataset(
    settings: MixtureSettings, seed: int, dataset: Input, corpus: Input | None, model: Input, mixed: Output
) -> None:
    """Take a share of the organism's rows, and mix in as many unrelated ones as the ratio says.

    `corpus` is a file of documents or the folder of the chat corpus; it may be left out where nothing is mixed in.
    """
    own = first_share(read_json_lines(dataset), settings.share)
    unrelated: list[Row] = []
    if wanted(own, settings.mix):
        if corpus is None:
            raise UserError("Unrelated rows are to be mixed in, but no corpus is given.")
        tokenizer = load_tokenizer(model)
        if corpus.is_dir():
            unrelated = ordinary_conversations(settings, own, corpus, tokenizer, seed)
        else:
            unrelated = unrelated_documents(settings, own, corpus, tokenizer)
    write_json_lines(mixed, shuffled(own, unrelated, seed))


if __name__ == "__main__":
    run(mixed_dataset)
