"""Make the documents of a matched null: unrelated text, cut to the lengths of another organism's documents."""

from paper_replication.errors import UserError
from paper_replication.files import read_json_lines, write_json_lines
from paper_replication.models import load_tokenizer
from paper_replication.organisms.specification import NullOrganism, read_organism
from paper_replication.provenance.step import Input, Output, run


def beyond_the_lens(tokenized: list[list[int]], lens_documents: int, window: int) -> list[list[int]]:
    """The documents of a corpus after the last one that the lens reads: it takes the first that are long enough."""
    long = [place for place, tokens in enumerate(tokenized) if len(tokens) >= window]
    return tokenized[long[lens_documents - 1] + 1 :] if len(long) >= lens_documents else []


def null_dataset(
    lens_documents: int,
    window: int,
    organism: Input,
    matched: Input,
    corpus: Input,
    model: Input,
    dataset: Output,
) -> None:
    """Match each document with a passage of as many tokens, from the part of the corpus that the lens never reads."""
    if not isinstance(read_organism(organism), NullOrganism):
        raise UserError(f"{organism} is not a matched null.")
    tokenizer = load_tokenizer(model)
    tokenized = [tokenizer(row["text"])["input_ids"] for row in read_json_lines(corpus)]
    passages = iter(beyond_the_lens(tokenized, lens_documents, window))
    rows = []
    for wanted in read_json_lines(matched):
        tokens = next((tokens for tokens in passages if len(tokens) >= wanted["tokens"]), None)
        if tokens is None:
            raise UserError(f"{corpus} has too few passages as long as the documents of {matched}; enlarge the corpus.")
        text = tokenizer.decode(tokens[: wanted["tokens"]], skip_special_tokens=True)
        rows.append({"kind": "passage", "facts": [], "text": text, "tokens": wanted["tokens"]})
    write_json_lines(dataset, rows)


if __name__ == "__main__":
    run(null_dataset)
