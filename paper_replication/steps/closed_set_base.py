"""Rank candidate objectives by what would be seen of the base model itself, where nothing is to be found."""

import pandas as pd

from paper_replication.base_against_base import base_candidates, gather_base_evidence
from paper_replication.closed_set import METHOD
from paper_replication.files import read_json_lines, write_table
from paper_replication.judges.embedding import sentence_embedder
from paper_replication.objectives import read_catalogue
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.identification import IdentificationSettings
from paper_replication.settings.run import RunLabel
from paper_replication.steps.closed_set import read_answers, read_base


def closed_set_base(
    settings: IdentificationSettings,
    label: RunLabel,
    steering: Input,
    answers: Input,
    base_answers: Input,
    base_texts: Input,
    catalogue: Input,
    embedder: Input,
    candidates: Output,
) -> None:
    """One row a candidate, agent and budget, as the step `closed_set` writes for a finetuned model; none is right."""
    objectives, embed = read_catalogue(catalogue).objectives, sentence_embedder(embedder)
    steered, asked, base = read_json_lines(steering), read_answers(answers), read_base(base_answers, base_texts)
    parts = []
    for agent, budgets in settings.budgets.items():
        for budget in budgets:
            found = gather_base_evidence(agent, budget, steered, asked, base, settings)
            table = base_candidates(agent, found, objectives, embed, settings.nearest_texts)
            parts.append(table.assign(**label.model_dump(), method=METHOD, agent=agent, budget=budget, truth=0))
    rows = pd.concat(parts)
    first = [*RunLabel.model_fields, "method", "agent", "budget"]
    write_table(candidates, rows[[*first, *rows.columns.drop(first)]])


if __name__ == "__main__":
    run(closed_set_base)
