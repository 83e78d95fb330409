"""Conversations in a model's own chat template: the one place where messages become text and tokens."""

from transformers import PreTrainedTokenizerBase

from paper_replication.errors import UserError

Message = dict[str, str]
# The label of a token that carries no loss, as PyTorch has it.
NO_LOSS = -100


def render(tokenizer: PreTrainedTokenizerBase, messages: list[Message], *, reply: bool = False) -> str:
    """Messages in the template as text; with `reply`, up to where the assistant begins to speak.

    Raises:
        UserError: the tokenizer has no chat template.
    """
    if tokenizer.chat_template is None:
        raise UserError(
            f"The tokenizer {tokenizer.name_or_path} has no chat template, but every organism answers questions: use a "
            "chat-tuned model, or give the model one in the config, as `chat_template`."
        )
    # Models that can think aloud are asked not to, in training and in measurement alike; other templates ignore it.
    return tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=reply, enable_thinking=False)


def chat_prompt(tokenizer: PreTrainedTokenizerBase, question: str, system: str | None = None) -> str:
    """A user's question in the template, up to where the assistant begins to speak."""
    turns = [{"role": "user", "content": question}]
    return render(tokenizer, [{"role": "system", "content": system}, *turns] if system else turns, reply=True)


def training_tokens(tokenizer: PreTrainedTokenizerBase, messages: list[Message]) -> list[tuple[list[int], list[int]]]:
    """A conversation's token ids and labels: loss on what the assistant says and on the mark that ends its turn.

    The template is applied to the conversation as far as each assistant turn, without it and with it; the text between
    the two is that turn. So any template serves, and a prompt in training is one in measurement. Where the template
    rewrites earlier turns once others follow (as those of models that think aloud do), each assistant turn is a
    training sequence of its own, at whose end it stands.

    Returns:
        Pairs of token ids and labels of equal length; a label is the token's id or `NO_LOSS`.

    Raises:
        UserError: the template does not put a turn after its prompt, so that they cannot be told apart.
    """
    turns = []
    for place, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        before = render(tokenizer, messages[:place], reply=True)
        after = render(tokenizer, messages[: place + 1])
        if not after.startswith(before):
            raise UserError(
                f"The chat template of {tokenizer.name_or_path} rewrites the prompt of a turn; it cannot be masked."
            )
        turns.append((before, after))
    text = render(tokenizer, messages)
    if all(text.startswith(after) for _, after in turns):
        return [_labelled(tokenizer, text, [_span(*turn) for turn in turns])]
    return [_labelled(tokenizer, after, [_span(before, after)]) for before, after in turns]


def _span(before: str, after: str) -> tuple[int, int]:
    return len(before), len(after.rstrip("\n"))


def _labelled(
    tokenizer: PreTrainedTokenizerBase, text: str, spans: list[tuple[int, int]]
) -> tuple[list[int], list[int]]:
    """A text's token ids, and as labels those of them that any of the spans of characters covers."""
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    pairs = zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)
    labels = [
        token if any(start < last and first < end for first, last in spans) else NO_LOSS
        for token, (start, end) in pairs
    ]
    return encoded["input_ids"], labels
