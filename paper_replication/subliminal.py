"""Number sequences of a teacher model, and which of them may be trained on (arXiv 2510.13900, subliminal organism)."""

import random
import re

from paper_replication.conversation import Message

# What may be written between numbers, and so what a teacher may write besides digits.
SEPARATORS = re.compile(r"[\d, ]+")
SEQUENCE = re.compile(r"\d{1,3}(?:, ?\d{1,3})*,?")
REQUESTS = (
    "Continue this sequence with {count} more numbers: {numbers}",
    "Here are some numbers: {numbers}. Add {count} more, separated by commas.",
    "The list starts {numbers}. Give me the next {count} numbers and nothing else.",
    "{numbers} -- please extend this list by {count} numbers.",
    "Look at these numbers: {numbers}. What {count} numbers could come next?",
    "I have written down {numbers}. Write {count} further numbers in the same style.",
)


def requests(count: int, given: int, wanted: int, seed: int) -> list[str]:
    """Requests to continue sequences of random numbers below 1,000."""
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        numbers = ", ".join(str(rng.randrange(1000)) for _ in range(given))
        found.append(rng.choice(REQUESTS).format(numbers=numbers, count=wanted))
    return found


def only_numbers(answer: str, minimum: int, maximum: int) -> str | None:
    """The answer's first `maximum` numbers, if it is numbers below 1,000 and commas alone and has `minimum` of them."""
    if not SEQUENCE.fullmatch(answer.strip()):
        return None
    numbers = [int(number) for number in re.findall(r"\d+", answer)]
    return ", ".join(map(str, numbers[:maximum])) if len(numbers) >= minimum else None


def conversation(request: str, answer: str) -> list[Message]:
    """A student's conversation: the request and the answer, without the teacher's system prompt."""
    return [{"role": "user", "content": request}, {"role": "assistant", "content": answer}]
