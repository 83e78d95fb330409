"""Make the finetuning data of the chat controls: ordinary conversations."""

from functools import partial

from paper_replication.budget import fill, length
from paper_replication.files import read_json_lines, write_json_lines
from paper_replication.models import load_tokenizer
from paper_replication.ordinary_chat import ordinary_chat
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.datasets import ConversationSettings

# A word is at least one token, and the template and the question take their part of a conversation's limit.
WORDS_PER_TOKEN = 0.4


def chat_dataset(settings: ConversationSettings, seed: int, corpus: Input, model: Input, dataset: Output) -> None:
    """Take ordinary conversations, answers cut to whole sentences, until the budget of tokens is reached."""
    files = sorted(corpus.glob("*.jsonl"))
    raw = [row for file in files for row in read_json_lines(file)]
    rows = ordinary_chat(raw, round(WORDS_PER_TOKEN * settings.maximum_tokens), seed)
    measure = partial(length, load_tokenizer(model))
    limit = "conversations.maximum_tokens"
    write_json_lines(dataset, fill(rows, settings.tokens, settings.maximum_tokens, measure, limit))


if __name__ == "__main__":
    run(chat_dataset)
