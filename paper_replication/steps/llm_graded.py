"""Have an LLM judge a run's tokens as the paper does: at the scales that an LLM chose, beside its null's at theirs."""

from pathlib import Path

import pandas as pd

from paper_replication.files import read_json_lines, write_json_lines
from paper_replication.llm_judges.relevance import frequent_words, with_verdicts
from paper_replication.organisms.specification import read_organism
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.judges import RelevanceSettings
from paper_replication.settings.llm_judges import LlmJudgeSettings
from paper_replication.settings.run import RunLabel
from paper_replication.token_tables import read_token_table, write_token_table


def llm_graded(
    settings: LlmJudgeSettings,
    words: RelevanceSettings,
    label: RunLabel,
    corpus_name: str,
    cache: str,
    selection: Input,
    null_selection: Input | None,
    organism: Input,
    dataset: Input,
    corpus: Input,
    prompt: Input,
    graded: Output,
    answers: Output,
) -> None:
    """One row a token with the LLM's verdict, as the step `relevance` writes with the offline judge's.

    Of the matched null's selection, where there is one, the difference alone is judged, as `null_difference`.
    """
    table = read_token_table(selection)
    if null_selection is not None:
        null = read_token_table(null_selection)
        table = pd.concat([table, null[null["vector"] == "difference"].assign(vector="null_difference")])
    frequent = frequent_words(read_json_lines(dataset), read_json_lines(corpus), words)
    description = read_organism(organism).description
    table, exchanges = with_verdicts(table, description, frequent, settings, Path(cache), prompt)
    labels = label.model_dump() | {"corpus": corpus_name}
    write_token_table(graded, table.assign(**labels)[[*labels, *table.columns]])
    write_json_lines(answers, exchanges)


if __name__ == "__main__":
    run(llm_graded)
