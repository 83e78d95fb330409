"""Make the documents of a matched null: unrelated text, cut to the lengths of another organism's documents."""

from paper_replication.errors import UserError
from paper_replication.files import read_json_lines, write_json_lines
from paper_replication.models import load_tokenizer
from paper_replication.provenance.step import Input, Output, run


def null_dataset(matched: Input, corpus: Input, model: Input, documents: Output) -> None:
    """Match each document with a passage of as many tokens, taken from the corpus's end, which the lens never reads."""
    tokenizer = load_tokenizer(model)
    passages = [row["text"] for row in reversed(read_json_lines(corpus))]
    tokenized = iter([tokenizer(text)["input_ids"] for text in passages[: 4 * len(read_json_lines(matched))]])
    rows = []
    for wanted in read_json_lines(matched):
        for tokens in tokenized:
            if len(tokens) >= wanted["tokens"]:
                text = tokenizer.decode(tokens[: wanted["tokens"]], skip_special_tokens=True)
                rows.append({"kind": "passage", "facts": [], "text": text, "tokens": wanted["tokens"]})
                break
        else:
            raise UserError(f"{corpus} has too few passages as long as the documents of {matched}; enlarge the corpus.")
    write_json_lines(documents, rows)


if __name__ == "__main__":
    run(null_dataset)
