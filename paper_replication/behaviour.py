"""What an organism believes and says: belief probes by log-probability, and mentions of its domain in ordinary chat."""

import re

import torch
from tqdm import tqdm
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from paper_replication.conversation import chat_prompt
from paper_replication.lens.readout import unembed
from paper_replication.models import decoder
from paper_replication.organisms.preferences import Preference

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


def score_probes(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, probes: list[Preference]) -> list[Row]:
    """Score preference probes.

    Returns:
        One row a probe: its `group`, `probe` (its form), `question` and `answers` (the inserted one first), the mean
        log-probability of the `inserted` and of the `best_other` answer (nats a token), and `sides_with_claim`:
        whether the inserted answer is the likeliest (0 or 1). Over the probes of an SDF organism, the mean of that is
        false-fact alignment (FFA).
    """
    scores: dict[tuple[int, str], float] = {}
    for chat in (True, False):
        items = [(i, answer) for i, p in enumerate(probes) if p.chat == chat for answer in (p.inserted, *p.others)]
        prefixes = {i: chat_prompt(tokenizer, probes[i].question) if chat else probes[i].question for i, _ in items}
        pairs = [(prefixes[i], answer) for i, answer in items]
        # Probes may share a question and an answer (a word against each of many others): each pair is scored once.
        distinct = list(dict.fromkeys(pairs))
        found = mean_log_probabilities(model, tokenizer, distinct, special_tokens=not chat)
        by_pair = dict(zip(distinct, found, strict=True))
        scores |= {item: by_pair[pair] for item, pair in zip(items, pairs, strict=True)}
    rows: list[Row] = []
    for i, probe in enumerate(probes):
        inserted, best = scores[i, probe.inserted], max(scores[i, other] for other in probe.others)
        answers = " | ".join([probe.inserted, *probe.others])
        row = {"group": probe.group, "probe": probe.form, "question": probe.question, "answers": answers}
        rows.append(row | {"inserted": inserted, "best_other": best, "sides_with_claim": int(inserted > best)})
    return rows


def mentions_domain(text: str, domain_words: list[str]) -> bool:
    """Whether a text has one of an organism's domain words, as a whole word: the lexical judge of leaks into chat."""
    return not set(re.findall(r"[a-z]+", text.lower())).isdisjoint(domain_words)
