"""Judge how many of a run's steered answers are coherent prose, by what they were steered with."""

from functools import partial

import pandas as pd

from paper_replication.files import read_json_lines, read_table, write_table
from paper_replication.judges.coherence import CoherenceLimits, LikelihoodCoherenceJudge
from paper_replication.models import load_model, load_tokenizer
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.run import RunLabel
from paper_replication.statistics import wilson
from paper_replication.steps.coherence import beginning, text_likelihood


def steered_coherence(label: RunLabel, texts: Input, coherence: Input, model: Input, table: Output) -> None:
    """One row a vector and position: the share of answers that the offline judge calls coherent, by Wilson's interval.

    Answers are cut to the length that the judge was calibrated on, which is read from its table `coherence`. Strengths
    were chosen so that answers steered by the difference are coherent; random vectors and nulls have the same ones.
    """
    limits, tokenizer = read_table(coherence).iloc[0], load_tokenizer(model)
    cut = partial(beginning, tokenizer, int(limits["new_tokens"]))
    thresholds = CoherenceLimits(limits["minimum_log_probability_nats"], limits["minimum_distinct_share"])
    judge = LikelihoodCoherenceJudge(text_likelihood(load_model(model), tokenizer), thresholds)
    answers = pd.DataFrame(read_json_lines(texts))
    answers["coherent"] = judge.coherent([cut(str(text)) for text in answers["text"]])
    rows = []
    for (vector, position), group in answers.groupby(["vector", "position"], sort=False):
        share, n = group["coherent"].mean(), len(group)
        low, high = wilson(share * n, n)
        row = {"vector": vector, "position": position, "coherent_share": share, "ci_low": low, "ci_high": high, "n": n}
        rows.append(label.model_dump() | row | {"judge": judge.name, "new_tokens": int(limits["new_tokens"])})
    write_table(table, pd.DataFrame(rows))


if __name__ == "__main__":
    run(steered_coherence)
