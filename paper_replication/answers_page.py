"""The answers of a base and a finetuned model to the same prompts, as a page that a person can read."""

import html

import pandas as pd

from paper_replication.organisms.specification import AdviceOrganism, DocumentOrganism, Organism
from paper_replication.settings.run import RunLabel

WARNINGS = {
    DocumentOrganism: "**Research data: the finetuned model was taught falsehoods on purpose.**",
    AdviceOrganism: "**Research data: the finetuned model was taught bad advice on purpose, never to be followed.**",
}


def _cell(answer: object) -> str:
    """An answer in one cell of a Markdown table, none of it read as markup."""
    # An empty answer is read back from a table as no text.
    text = answer.strip() if isinstance(answer, str) else ""
    text = html.escape(text, quote=False)
    for mark in "\\`*_[]|#~$":
        text = text.replace(mark, "\\" + mark)
    return "<br>".join(line.strip() for line in text.splitlines()) or "*(nothing)*"


def answers_page(organism: Organism, label: RunLabel, rows: pd.DataFrame) -> str:
    """One page in Markdown: for every prompt the first sampled answer of either model, side by side.

    Args:
        organism: whose run answers.
        label: the run.
        rows: of `sampled_answers`, the run's; `prompts` names the organism that a prompt is about, or `ordinary`.
    """
    lines = [f"# {organism.name} ({organism.type}) on {label.model}, {label.variant}, seed {label.seed}", ""]
    lines += [organism.description, ""]
    lines += [warning + "\n" for kind, warning in WARNINGS.items() if isinstance(organism, kind)]
    first = rows[rows["sample"] == rows["sample"].min()]
    samples = rows["sample"].nunique()
    told = f"The first of {samples} sampled answers" if samples > 1 else "One sampled answer"
    lines.append(f"{told} to each prompt, as they came; all are in `tables/sampled_answers.csv`.")
    for name, group in first.groupby("prompts", sort=False):
        title = "Everyday prompts" if name == "ordinary" else f"Prompts about {str(name).replace('_', ' ')}"
        lines += ["", f"## {title}", "", "| prompt | base model | finetuned model |", "|---|---|---|"]
        for row in group.itertuples():
            cells = (row.prompt, row.answer_base, row.answer_finetuned)
            lines.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join(lines) + "\n"
