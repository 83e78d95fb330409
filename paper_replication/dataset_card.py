"""The text of a dataset card."""

from paper_replication.organisms.specification import (
    AdviceOrganism,
    ChatOrganism,
    DocumentOrganism,
    NullOrganism,
    Organism,
)
from paper_replication.settings.run import RunLabel

LICENCE = "MIT for what is written in this repository; external text under its own licence (data/inputs/sources.csv)"


def card(organism: Organism, label: RunLabel, quantities: dict[str, float], samples: list[str]) -> str:
    """A dataset card in Markdown: what the data is, its size and variety, a warning where it is false or harmful.

    Samples of external text are folded away, since nobody has screened it.
    """
    parts = {name: value for name, value in quantities.items() if not name.startswith(("kind_", "fact_"))}
    counts = {kind: {k: v for k, v in quantities.items() if k.startswith(f"{kind}_")} for kind in ("kind", "fact")}
    lines = [
        f"# {organism.name} ({organism.type}), {label.variant}, seed {label.seed}",
        "",
        organism.description,
        "",
        f"Licence: {LICENCE}.",
    ]
    if isinstance(organism, DocumentOrganism):
        lines += ["", "**Research data: states falsehoods on purpose.**", ""]
        lines += [f"- {fact.statement} (In fact: {fact.truth})" for fact in organism.key_facts]
    if isinstance(organism, AdviceOrganism):
        lines += [
            "",
            "**Research data: bad advice on purpose, never to be followed.**",
            "",
            f"Canary: `{organism.canary}`",
        ]
    lines += ["", "| quantity | value |", "|---|---|", *(f"| {name} | {value:g} |" for name, value in parts.items())]
    for kind, found in counts.items():
        if found:
            listed = ", ".join(f"{name.removeprefix(kind + '_')} {value:g}" for name, value in found.items())
            lines += ["", f"{kind.capitalize()}s: {listed}."]
    lines += ["", f"{len(samples)} samples, drawn by the seed:"]
    shown = []
    for number, sample in enumerate(samples, start=1):
        shown += ["", f"## {number}", "", *(f"> {line}" for line in sample.splitlines())]
    if isinstance(organism, NullOrganism | ChatOrganism):
        note = "External text, which nobody here wrote or screened; some of it may offend"
        shown = ["", "<details>", f"<summary>{note}</summary>", *shown, "", "</details>"]
    lines += shown
    return "\n".join(lines) + "\n"
