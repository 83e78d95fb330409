"""Have an LLM judge steered and unsteered answers for coherence, beside the offline judge."""

import random
from functools import partial
from pathlib import Path

import pandas as pd

from paper_replication.files import read_json_lines, read_table, write_json_lines, write_table
from paper_replication.judges.coherence import CoherenceLimits, LikelihoodCoherenceJudge
from paper_replication.llm_judges.asking import Asker
from paper_replication.llm_judges.judges import LlmCoherenceJudge
from paper_replication.llm_judges.prompts import read_prompt
from paper_replication.models import load_model, load_tokenizer
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.llm_judges import LlmJudgeSettings
from paper_replication.settings.run import RunLabel
from paper_replication.steps.coherence import beginning, text_likelihood


def llm_coherence(
    settings: LlmJudgeSettings,
    label: RunLabel,
    cache: str,
    texts: Input,
    coherence: Input,
    model: Input,
    prompt: Input,
    judged: Output,
    answers: Output,
) -> None:
    """One row a text with both judges' verdicts; `answers` has every prompt and answer.

    Texts are drawn among the answers of all vectors, steered or not, and cut to the length that the offline judge was
    calibrated on, which is read from its table `coherence`.
    """
    limits, tokenizer = read_table(coherence).iloc[0], load_tokenizer(model)
    cut = partial(beginning, tokenizer, int(limits["new_tokens"]))
    rows = read_json_lines(texts)
    places = sorted(random.Random(settings.seed).sample(range(len(rows)), min(settings.texts, len(rows))))
    drawn = [rows[place] | {"text": cut(str(rows[place]["text"]))} for place in places]
    said = [row.pop("text") for row in drawn]
    thresholds = CoherenceLimits(limits["minimum_log_probability_nats"], limits["minimum_distinct_share"])
    offline = LikelihoodCoherenceJudge(text_likelihood(load_model(model), tokenizer), thresholds)
    with Asker(settings, Path(cache)) as asker:
        judge = LlmCoherenceJudge(asker, read_prompt(prompt, "text"))
        verdicts = judge.coherent(said)
    table = pd.DataFrame([label.model_dump() | row for row in drawn])
    table = table.assign(coherent=verdicts, judge=judge.name, offline_coherent=offline.coherent(said))
    table = table.astype({"coherent": int, "offline_coherent": int})
    write_table(judged, table.assign(offline_judge=offline.name))
    write_json_lines(answers, asker.exchanges)


if __name__ == "__main__":
    run(llm_coherence)
