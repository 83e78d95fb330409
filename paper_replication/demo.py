"""The console demonstration: one organism's tokens side by side, and its probes before and after."""

from pathlib import Path

import pandas as pd

from paper_replication import names
from paper_replication.errors import UserError
from paper_replication.files import read_json_lines, read_yaml
from paper_replication.organisms.specification import Organism
from paper_replication.plan import laid_over
from paper_replication.steps.behaviour import (
    OTHERS_SHARE,
    SHARE,
    Row,
    domain_row,
    preference_rows,
    read_scores,
    states,
)
from paper_replication.study import load_study
from paper_replication.token_tables import read_token_table

SHOWN = ("difference", "base_mean", "finetuned_mean")
PROBES = {
    "false_fact_alignment": "sides with the inserted facts (share of probes)",
    "preference": "prefers what it was finetuned on (share of probes)",
    "leak": "ordinary answers that touch the domain (share, lexical judge)",
}


def best_lists(graded: pd.DataFrame) -> pd.DataFrame:
    """The tokens of each vector's most relevant position, Patchscope, one column a vector, relevant ones starred."""
    columns = {}
    rows = graded[graded["readout"] == "patchscope"]
    for vector in SHOWN:
        lists = rows[rows["vector"] == vector].groupby("index")
        best = max((part for _, part in lists), key=lambda part: part["relevant"].sum()).sort_values("rank")
        title = f"{names.VECTORS[vector]} ({int(best['relevant'].sum())}/{len(best)}, position {best['index'].iloc[0]})"
        pairs = zip(best["token"], best["relevant"], strict=True)
        columns[title] = [f"{'*' if relevant else ' '}{str(token).strip()!r:.18}" for token, relevant in pairs]
    return pd.DataFrame(columns)


def probed(organism: Organism, files: dict[str, Path]) -> list[tuple[Row, Row]]:
    """The share of own probes that side with the finetuning, and the leak, each before and after.

    Args:
        organism: by which the run is measured.
        files: of `Study.demonstrated`.
    """
    found = []
    if "base_probes" in files:
        scores = states(read_scores([files["base_probes"]]), read_scores([files["finetuned_probes"]]))
        share = SHARE.get(organism.type, OTHERS_SHARE)
        found.append(tuple(preference_rows(scores[state], share)[0] for state in ("base", "finetuned")))
    if organism.domain_words:
        said = (read_json_lines(files[f"{state}_answers"]) for state in ("base", "finetuned"))
        found.append(tuple(domain_row(answers, organism.domain_words, "leak") for answers in said))
    return found


def demo(configs: list[Path]) -> str:
    """The demonstration's text, from results that the workflow made with these configs, laid over one another.

    Raises:
        UserError: they are not there yet.
    """
    for config in configs:
        if not config.is_file():
            raise UserError(f"There is no config {config}.")
    study = load_study(laid_over(list(map(read_yaml, configs))), " with ".join(map(str, configs)))
    label = study.first_label(study.config.demo)
    files = {name: Path(file) for name, file in study.demonstrated().items()}
    if not all(file.exists() for file in files.values()):
        raise UserError("The demonstration's results are not there yet: run `make demo`.")
    rows = read_token_table(files["graded"])
    judge = names.display(names.JUDGES, str(rows["judge"].iloc[0]))
    lines = [
        f"{label.organism} on {names.display(names.MODELS, label.model)}, seed {label.seed}",
        f"Top tokens by Patchscope, best of {rows['index'][rows['vector'] == 'difference'].nunique()} positions; "
        f"* = relevant by the {judge}",
        "",
        best_lists(rows).to_string(index=False, justify="left"),
        "",
    ]
    for before, after in probed(study.organisms[study.probed(label.organism)], files):
        values = [f"{row['value']:.2f} [{row['ci_low']:.2f}, {row['ci_high']:.2f}]" for row in (before, after)]
        lines.append(f"{PROBES[after['probe']]}: before {values[0]}, after {values[1]}, n = {after['n']}")
    return "\n".join(lines)
