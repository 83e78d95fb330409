"""Have the base model answer again what finetuned models are asked, as if it were one whose difference is zero."""

import torch

from paper_replication.files import write_json_lines
from paper_replication.generation import sample_answers
from paper_replication.models import load_model, load_tokenizer
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.chat import ChatSettings
from paper_replication.settings.steering import SteeringSettings
from paper_replication.steps.answers import ordinary_prompts
from paper_replication.steps.steering import prompts_of


def base_again(
    chat: ChatSettings,
    steering: SteeringSettings,
    positions: int,
    seed: int,
    prompts: Input,
    steering_prompts: Input,
    model: Input,
    answers: Output,
    texts: Output,
) -> None:
    """Answers to ordinary prompts, and to those of steering: unsteered, and "steered" by each position's zero vector.

    Rows are those of the steps `answers` and `steering`. `seed` must not be that of the base model's usual answers.
    """
    tokenizer = load_tokenizer(model)

    def sampled(settings: ChatSettings | SteeringSettings, asked: list[str]) -> list[str]:
        loaded = load_model(model, dtype=getattr(torch, settings.precision))
        sizes = settings.model_dump(include={"new_tokens", "temperature", "batch_size"})
        return sample_answers(loaded, tokenizer, asked, **sizes, seed=seed)

    ordinary = ordinary_prompts(prompts, chat.prompts)
    rows = [{"prompt": prompt, "sample": sample} for sample in range(chat.samples) for prompt in ordinary]
    found = sampled(chat, [row["prompt"] for row in rows])
    write_json_lines(answers, [row | {"answer": text} for row, text in zip(rows, found, strict=True)])
    rows = [
        {"vector": vector, "position": position, "strength": 0.0, "prompt": prompt, "sample": sample}
        for vector, position in [("unsteered", -1), *(("difference", position) for position in range(positions))]
        for sample in range(steering.samples)
        for prompt in prompts_of(steering_prompts, "steering", steering.prompts)
    ]
    found = sampled(steering, [row["prompt"] for row in rows])
    write_json_lines(texts, [row | {"text": text} for row, text in zip(rows, found, strict=True)])


if __name__ == "__main__":
    run(base_again)
