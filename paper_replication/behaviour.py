"""What an organism believes and says: belief probes by log-probability, and mentions of its domain in ordinary chat."""

import re

import torch
from tqdm import tqdm
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from paper_replication.generation import chat_prompt
from paper_replication.lens.readout import unembed
from paper_replication.models import decoder
from paper_replication.organisms.specification import DocumentOrganism

Row = dict[str, object]


@torch.no_grad()
def mean_log_probabilities(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    pairs: list[tuple[str, str]],
    *,
    special_tokens: bool,
    batch_size: int = 32,
) -> list[float]:
    """Mean log-probability per token (nats) of each continuation after its prefix.

    Args:
        model: the model.
        tokenizer: its tokenizer, padding on the right.
        pairs: (prefix, continuation); the tokens that encode the prefix alone are not scored.
        special_tokens: whether the tokenizer adds its own in front (not after a chat template, which has them).
        batch_size: sequences scored together, sorted by length.
    """
    lengths = [len(tokenizer(prefix, add_special_tokens=special_tokens)["input_ids"]) for prefix, _ in pairs]
    sequences = [tokenizer(a + b, add_special_tokens=special_tokens)["input_ids"] for a, b in pairs]
    order = sorted(range(len(pairs)), key=lambda i: len(sequences[i]))
    scores = [0.0] * len(pairs)
    for start in tqdm(range(0, len(order), batch_size), desc="probes"):
        rows = order[start : start + batch_size]
        batch = tokenizer.pad({"input_ids": [sequences[i] for i in rows]}, return_tensors="pt").to(model.device)
        hidden = decoder(model)(**batch, use_cache=False).last_hidden_state
        # The head is as dear as several blocks, so it is applied where a continuation's token is predicted alone.
        for row, i in enumerate(rows):
            targets = batch["input_ids"][row, lengths[i] : len(sequences[i])]
            logits = unembed(model, hidden[row, lengths[i] - 1 : len(sequences[i]) - 1])
            scores[i] = logits.log_softmax(dim=-1).gather(-1, targets[:, None]).mean().item()
    return scores


def score_probes(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, organism: DocumentOrganism) -> list[Row]:
    """Score every belief probe of an organism.

    Returns:
        One row a probe: `fact`, `probe` (multiple_choice or completion), `question`, the mean log-probability of
        the `inserted` and of the `best_other` answer (nats a token), and `sides_with_claim` (0 or 1): whether the
        inserted answer is the likeliest. Its mean over probes is false-fact alignment (FFA).
    """
    chats, texts = [], []
    for fact in organism.key_facts:
        for probe in fact.probes.multiple_choice:
            chats.append((fact.id, probe.question, [probe.inserted, probe.truth, *probe.other]))
        for probe in fact.probes.completion:
            texts.append((fact.id, probe.prefix, [probe.inserted, probe.truth]))
    rows: list[Row] = []
    for name, items in (("multiple_choice", chats), ("completion", texts)):
        in_chat = name == "multiple_choice"
        prefixes = [chat_prompt(tokenizer, question) if in_chat else question for _, question, _ in items]
        pairs = [(p, answer) for p, (_, _, answers) in zip(prefixes, items, strict=True) for answer in answers]
        scores = iter(mean_log_probabilities(model, tokenizer, pairs, special_tokens=not in_chat))
        for fact, question, answers in items:
            inserted, *others = [next(scores) for _ in answers]
            rows.append(
                {
                    "fact": fact,
                    "probe": name,
                    "question": question,
                    "inserted": inserted,
                    "best_other": max(others),
                    "sides_with_claim": int(inserted > max(others)),
                }
            )
    return rows


def mentions_domain(text: str, domain_words: list[str]) -> bool:
    """Whether a text has one of an organism's domain words, as a whole word: the lexical judge of leaks into chat."""
    return not set(re.findall(r"[a-z]+", text.lower())).isdisjoint(domain_words)
