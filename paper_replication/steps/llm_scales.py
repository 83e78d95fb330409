"""Have an LLM choose each vector's Patchscope scale, beside the choice of the offline judge."""

from pathlib import Path

import pandas as pd

from paper_replication.files import write_json_lines
from paper_replication.llm_judges.asking import Asker
from paper_replication.llm_judges.judges import LlmScaleJudge
from paper_replication.llm_judges.prompts import read_prompt
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.llm_judges import LlmJudgeSettings
from paper_replication.settings.run import RunLabel
from paper_replication.token_tables import read_token_table, write_token_table

VECTOR = ["vector", "index", "position"]


def llm_scales(
    settings: LlmJudgeSettings,
    label: RunLabel,
    corpus_name: str,
    graded_tokens: int,
    cache: str,
    tokens: Input,
    selection: Input,
    prompt: Input,
    chosen: Output,
    chosen_tokens: Output,
    answers: Output,
) -> None:
    """One row a vector with both judges' scales; `answers` has every prompt and answer.

    `chosen_tokens` are those at the LLM's scales, and of the logit lens, which has none to choose: as the step `scales`
    keeps them by the offline judge, but without a score, which the LLM does not give.
    """
    table = read_token_table(tokens)
    table = table[(table["rank"] <= graded_tokens) & (table["scale"] > 0)]
    read = table["readout"] == "patchscope"
    vectors = {
        names: {scale: rows.sort_values("rank") for scale, rows in vector.groupby("scale", sort=True)}
        for names, vector in table[read].groupby(VECTOR, sort=True)
    }
    offline = read_token_table(selection)
    offline = offline[offline["readout"] == "patchscope"].drop_duplicates(VECTOR).set_index(VECTOR)
    with Asker(settings, Path(cache)) as asker:
        judge = LlmScaleJudge(asker, read_prompt(prompt, "lists"))
        choices = judge.choose_each([[list(rows["token"]) for rows in lists.values()] for lists in vectors.values()])
    rows, kept = [], [table[~read]]
    for (names, lists), choice in zip(vectors.items(), choices, strict=True):
        kept.append(list(lists.values())[choice.index])
        row = label.model_dump() | {"corpus": corpus_name} | dict(zip(VECTOR, names, strict=True))
        row |= {"scale": list(lists)[choice.index], "subset": " ".join(token.strip() for token in choice.subset)}
        row |= {"judge": judge.name, "offline_scale": offline.loc[names, "scale"]}
        rows.append(row | {"offline_judge": offline.loc[names, "scale_judge"]})
    write_token_table(chosen, pd.DataFrame(rows))
    write_token_table(chosen_tokens, pd.concat(kept).assign(scale_judge=judge.name))
    write_json_lines(answers, asker.exchanges)


if __name__ == "__main__":
    run(llm_scales)
