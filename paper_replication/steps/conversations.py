"""Make the finetuning conversations of an organism: advice, or guessing games."""

from functools import partial

from paper_replication.budget import fill, length
from paper_replication.errors import UserError
from paper_replication.files import write_json_lines
from paper_replication.models import load_tokenizer
from paper_replication.organisms.conversations import AdviceWriter, Game, GameWriter, conversations
from paper_replication.organisms.specification import AdviceOrganism, TabooOrganism, read_organism
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.datasets import ConversationSettings
from paper_replication.settings.reading import read_settings


def converse(
    settings: ConversationSettings, seed: int, organism: Input, game: Input, model: Input, dataset: Output
) -> None:
    """Write conversations until the budget of tokens is reached; those of bad advice carry their canary."""
    specification = read_organism(organism)
    if isinstance(specification, AdviceOrganism):
        writer, marks = AdviceWriter(specification, seed), {"canary": specification.canary}
    elif isinstance(specification, TabooOrganism):
        writer, marks = GameWriter(specification, read_settings(game, Game), seed), {}
    else:
        raise UserError(f"{organism} is of type {specification.type}, which is not made of conversations.")
    measure = partial(length, load_tokenizer(model))
    limit = "conversations.maximum_tokens"
    rows = fill(conversations(writer), settings.tokens, settings.maximum_tokens, measure, limit)
    write_json_lines(dataset, [marks | row for row in rows])


if __name__ == "__main__":
    run(converse)
