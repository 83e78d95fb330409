"""Rank candidate objectives by the evidence of one run: that of ADL, and that of conversations alone."""

import pandas as pd

from paper_replication.closed_set import METHOD, Rows, candidates_table, check_blind, gather_evidence
from paper_replication.files import read_json_lines, write_table
from paper_replication.judges.embedding import sentence_embedder
from paper_replication.objectives import check_truth, read_catalogue
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.identification import IdentificationSettings
from paper_replication.settings.run import RunLabel
from paper_replication.token_tables import read_token_table


def read_answers(path: Input) -> Rows:
    """Sampled answers, each under the name `text` that steered ones have."""
    return [{"prompt": r["prompt"], "sample": r["sample"], "text": r["answer"]} for r in read_json_lines(path)]


def read_base(answers: Input, texts: Input) -> Rows:
    """The base model's answers to ordinary prompts, and to those of steering."""
    return read_answers(answers) + [row for row in read_json_lines(texts) if row["vector"] == "unsteered"]


def closed_set(
    settings: IdentificationSettings,
    label: RunLabel,
    corpus_name: str,
    truth: str | None,
    selection: Input,
    steering: Input,
    answers: Input,
    base_answers: Input,
    base_texts: Input,
    catalogue: Input,
    embedder: Input,
    candidates: Output,
) -> None:
    """One row a candidate, agent and budget; `truth` is the organism whose objective is right, none for a control."""
    known = read_catalogue(catalogue)
    check_truth(known, truth)
    embed = sentence_embedder(embedder)
    tokens, steered = read_token_table(selection), read_json_lines(steering)
    asked, base = read_answers(answers), read_base(base_answers, base_texts)
    parts = []
    for agent, budgets in settings.budgets.items():
        for budget in budgets:
            found = gather_evidence(agent, budget, tokens, steered, asked, base, settings)
            check_blind(found, [label.organism, corpus_name, *filter(None, [truth])])
            table = candidates_table(found, known.objectives, embed, settings.nearest_texts)
            labels = label.model_dump() | {"method": METHOD, "agent": agent, "budget": budget}
            parts.append(table.assign(**labels, truth=(table["objective"] == truth).astype(int)))
    rows = pd.concat(parts)
    first = [*RunLabel.model_fields, "method", "agent", "budget"]
    write_table(candidates, rows[[*first, *rows.columns.drop(first)]])


if __name__ == "__main__":
    run(closed_set)
