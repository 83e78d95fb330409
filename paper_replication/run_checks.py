"""What runs and organisms must be to each other, seen before anything runs rather than after hours."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from paper_replication.config_reading import number_hint
from paper_replication.errors import UserError
from paper_replication.files import read_yaml
from paper_replication.organisms.specification import (
    CONTROLS,
    AdviceOrganism,
    DocumentOrganism,
    NeutralNumbersOrganism,
    NullOrganism,
    NumbersOrganism,
    Organism,
    TabooOrganism,
    TwinOrganism,
)
from paper_replication.paths import STEERING_PROMPTS, organism_file, prompt_file

if TYPE_CHECKING:
    from paper_replication.study import Study

# What each kind of control is made from.
MATCHED: dict[type[Organism], tuple[type[Organism], ...]] = {
    TwinOrganism: (DocumentOrganism,),
    NeutralNumbersOrganism: (NumbersOrganism,),
    NullOrganism: (DocumentOrganism, AdviceOrganism, TabooOrganism, NumbersOrganism),
}
# What agents are told, with the prompts of the answers that they read.
TOLD = ("agent_adl", "agent_blackbox", "investigate_adl", "investigate_blackbox")


def check_relations(organisms: dict[str, Organism]) -> None:
    """Each control is matched to an organism of a kind that it can be made from.

    Raises:
        UserError: names the control's file.
    """
    for name, organism in organisms.items():
        allowed = MATCHED.get(type(organism))
        if allowed and not isinstance(organisms[organism.matched_to], allowed):
            kinds = " or ".join(kind.model_fields["type"].annotation.__args__[0] for kind in allowed)
            raise UserError(
                f"{organism_file(name)}: matched_to names {organism.matched_to!r}, but a control of this kind is "
                f"matched to an organism of the type {kinds}."
            )


def check_names(organisms: Iterable[str], corpora: Iterable[str]) -> None:
    """No name of an organism or a corpus stands in what agents are told, who are not to be told it.

    Raises:
        UserError: names it, and where it stands.
    """
    told = {STEERING_PROMPTS: "\n".join(map(str, read_yaml(STEERING_PROMPTS).get("steering", [])))}
    told |= {path: Path(path).read_text() for path in map(prompt_file, TOLD)}
    for name in (*organisms, *corpora):
        for path, text in told.items():
            if re.search(rf"\b{re.escape(name.replace('_', ' '))}\b", text.replace("_", " "), re.IGNORECASE):
                raise UserError(
                    f"The name {name!r} stands in {path}, so that agents' evidence would give it away; rename the "
                    "organism or corpus, or reword that text."
                )


def check_runs(study: "Study", file: str | Path) -> None:
    """Every run has a valid recipe, and every reported organism a matched null that is matched to it.

    Raises:
        UserError: names the run, or the organism's file, and what is wrong.
    """
    for name in study.config.sweep.organisms:
        if not isinstance(study.organisms[name], DocumentOrganism):
            raise UserError(f"{file}: sweep.organisms: {name!r} has no false facts, by whose FFA a recipe is chosen.")
    for label in [*study.labels(), *study.sweep_labels(), *study.departure_labels()]:
        try:
            recipe, made_of = study.recipe(label), study.documents(label)
        except ValidationError as error:
            items = error.errors()
            problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}{number_hint(e)}" for e in items)
            raise UserError(f"{file}: the variant {label.variant!r} of {label.organism}: {problems}") from error
        documents = study.reads_documents(label.organism)
        longest = (made_of if documents else study.config.conversations).maximum_tokens
        if not recipe.packed and recipe.maximum_tokens < longest:
            raise UserError(
                f"{file}: recipe.maximum_tokens of {label.organism}, {label.variant!r}, is {recipe.maximum_tokens}, "
                f"less than the {longest} of its longest {'document' if documents else 'conversation'}, which would be "
                "cut in training."
            )
    for label in study.labels():
        organism = study.organisms[label.organism]
        if isinstance(organism, CONTROLS):
            continue
        null = study.organisms.get(organism.matched_null or "")
        if not isinstance(null, NullOrganism | NeutralNumbersOrganism):
            raise UserError(
                f"{organism_file(organism.name)}: matched_null must name a matched null (or neutral numbers), so that "
                f"its difference can be compared; it is {organism.matched_null!r}."
            )
        if study.recipe(label) != study.recipe(label.model_copy(update={"organism": null.name})):
            raise UserError(
                f"{organism_file(organism.name)}: its matched null {null.name} is finetuned by another recipe, that of "
                f"{null.matched_to}. Add a null that is matched to an organism of this type."
            )
    for name in study.config.ablations.organisms:
        if name not in study.reported():
            raise UserError(f"{file}: ablations.organisms: {name!r} is not among runs.")
    if not study.ablated("", controls=False):
        raise UserError(f"{file}: ablations.organisms: name at least one that is no control.")
