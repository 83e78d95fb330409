"""Lay the base and the finetuned model's answers to the same prompts side by side."""

from pathlib import Path

import pandas as pd

from paper_replication.behaviour import mentions_domain
from paper_replication.files import read_json_lines, write_table
from paper_replication.organisms.specification import read_organism
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.run import RunLabel


def side_by_side(base: Path, finetuned: Path, prompts: str, domain_words: list[str]) -> pd.DataFrame:
    """One row a prompt and sample: both answers, and whether either mentions the domain, where there is one."""
    keys = ["prompt", "sample"]
    frames = [pd.DataFrame(read_json_lines(path)) for path in (base, finetuned)]
    both = frames[0].merge(frames[1], on=keys, suffixes=("_base", "_finetuned"), validate="one_to_one")
    for state in ("base", "finetuned") if domain_words else ():
        both[f"mentions_domain_{state}"] = [
            int(mentions_domain(text, domain_words)) for text in both[f"answer_{state}"]
        ]
    both.insert(0, "prompts", prompts)
    return both


def sampled_answers(
    label: RunLabel,
    organism: Input,
    base_answers: Input,
    finetuned_answers: Input,
    base_own_answers: Input | None,
    finetuned_own_answers: Input | None,
    table: Output,
) -> None:
    """All answers of one run: to the prompts of the organism it is measured by, then to everyday prompts."""
    specification = read_organism(organism)
    pairs = {"ordinary": (base_answers, finetuned_answers)}
    if base_own_answers is not None:
        pairs = {specification.name: (base_own_answers, finetuned_own_answers)} | pairs
    found = pd.concat([side_by_side(*files, name, specification.domain_words) for name, files in pairs.items()])
    for column, value in reversed(label.model_dump().items()):
        found.insert(0, column, value)
    write_table(table, found)


if __name__ == "__main__":
    run(sampled_answers)
