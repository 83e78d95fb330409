"""What causal effects, comparisons of organisms, ablations and readings from outside the pipeline take."""

import json
from pathlib import Path
from typing import Any

from paper_replication.briefings import NULL
from paper_replication.errors import UserError
from paper_replication.organisms.specification import (
    CONTROLS,
    ChatOrganism,
    NeutralNumbersOrganism,
    NullOrganism,
    TwinOrganism,
)
from paper_replication.paths import CONFIGS, Paths
from paper_replication.provenance.chain import command_for
from paper_replication.reading_checks import read_readings
from paper_replication.settings.ablations import AblationSettings
from paper_replication.settings.causal import CausalSettings
from paper_replication.settings.run import RunLabel
from paper_replication.study_departures import DepartureRuns

# A model's answers, steered with the vectors of all.
CROSS_STEERED = "cross_steered.csv"

# The tables of the comparisons of models, as the config calls these.
COMPARISONS = {
    "families": ["families", "families_organisms", "families_contrasts", "families_tokens"],
    "larger_model": [
        f"larger_model{end}" for end in ("", "_organisms", "_changes", "_tokens", "_answers", "_base_answers")
    ],
}

# The tables by which two studies are compared, in the order in which the step takes them; and those that this gives.
COMPARED = ["token_positions", "steering_positions", "answer_words", "behaviour", "ablation_layers"]
AGAIN = ["again", "again_types"]
# The same of a larger model that is finetuned on less.
LESS = ["larger_model_organisms", "ablation_layers"]
GENTLE = ["gentle", "gentle_organisms", "gentle_changes"]

# What is read outside the pipeline, and the results that rest on it.
BLIND = {"tokens": "blind_reading", "answers": "blind_answers"}


class ExtendedRuns(DepartureRuns):
    """The part of a `Study` that knows what goes beyond the figures' own runs."""

    def causal_labels(self) -> list[RunLabel]:
        """The runs whose causal effect is drawn."""
        return self.labels(self.config.causal.organisms)

    def causal_settings(self, wildcards: Any) -> CausalSettings:
        """How a run's causal effect is measured: of one that is not drawn, by replacement alone."""
        settings = CausalSettings.model_validate(self.config.causal.model_dump(exclude={"organisms"}))
        drawn = self.label(wildcards) in self.causal_labels()
        return settings if drawn else settings.model_copy(update={"interventions": ["replace"]})

    def causal_parts(self) -> list[str]:
        """The parts of the table of causal effects: of each run, and of random directions that are not replaced."""
        controlled = set(self.config.causal.interventions) != {"replace"}
        names = ["causal.csv", "causal_controls.csv"] if controlled else ["causal.csv"]
        return [self.of_label(label, name) for label in self.causal_labels() for name in names]

    def causal_matched(self) -> list[str]:
        """The causal effect beside matched directions: of the first run of every organism that it is drawn of."""
        drawn = self.causal_labels()
        labels = [label for model in self.config.models for label in self.first_labels(model) if label in drawn]
        return [self.of_label(label, "causal_matched.csv") for label in labels]

    def matched_vectors(self, wildcards: Any) -> list[str]:
        """Delta of the first run of every organism on a run's model, in the order of `first_labels`.

        Raises:
            UserError: the run is none of these.
        """
        label, labels = self.label(wildcards), self.first_labels(wildcards.model)
        if label not in labels:
            raise UserError(f"Matched directions are measured of first runs alone, of which {label} is none.")
        return self.first_files(labels, "lens/{corpus}/delta.safetensors")

    def steered_answers(self, model: str) -> str:
        """The table of a model's steered answers: of a larger one beside the first, its own."""
        own = self.config.compared_as == "larger_model" and model != next(iter(self.config.models))
        return self.paths.table("larger_model_answers" if own else "steered_answers")

    def investigated(self) -> list[dict[str, Any]]:
        """Of each briefing that was read outside the pipeline the run's label, the evidence, and the rubric of grades.

        Which were is what the config's file says; a twin is graded as the organism that it repeats.

        Raises:
            UserError: a row names a run that there is not, or the null of an organism that has none.
        """
        if self.config.readings.investigations is None:
            return []
        path = Path(self.config.readings.investigations)
        answered = read_readings(path, "investigations", self.config.models)
        asked = answered.groupby(["model", "organism", "seed"])["agent"].agg(list)
        runs: dict[tuple[str, ...], RunLabel] = {}
        for label in self.labels():
            runs.setdefault(_run(label), label)
        if unknown := [run for run in asked.index if run not in runs]:
            named = ", ".join(unknown[0])
            raise UserError(f"{path}: there is no run of {named} (model, organism, seed) in the config.")
        labels = [label for run, label in runs.items() if run in asked]
        if without := [x for x in labels if NULL in asked[_run(x)] and not self.organisms[x.organism].matched_null]:
            raise UserError(f"{path}: {without[0].organism} has no matched null whose evidence there could be.")
        truths = {label.organism: self.truth(label.organism) for label in labels}
        rubrics = {name: self.organisms[truth].type if truth else "control" for name, truth in truths.items()}
        return [
            label.model_dump() | {"agent": agent, "rubric": rubrics[label.organism]}
            for label in labels
            for agent in asked[_run(label)]
        ]

    def answers_to_read(self, name: str) -> str:
        """A table of answers that are read: those of a larger model, of a study that compares it with another's."""
        larger = {"steered_answers": "larger_model_answers", "base_steered_answers": "larger_model_base_answers"}
        alone = self.config.again_of and self.config.compared_as == "larger_model"
        return self.paths.table(larger[name] if alone else name)

    def first_tables(self, *names: str, target: str = "again") -> list[str]:
        """Tables of the tier whose organisms are made a second time here, for a target of `make`.

        Raises:
            UserError: the config is not that of the target, or one of the tables is not here.
        """
        first, tier = self.config.again_of, self.config.tier
        if first is None or tier != f"{first}_{target}":
            under = first or tier
            overlay = CONFIGS / f"{under}_{target}.yaml"
            advice = f"`make {target}` lays {overlay} over {under}'s" if overlay.is_file() else f"write {overlay}"
            raise UserError(
                f"The target {target!r} compares the tier {under}_{target} with {under!r}, and this config is that of "
                f"{tier!r}: {advice}."
            )
        tables = [Paths(first).table(name) for name in names]
        if lacking := [table for table in tables if not Path(table).is_file()]:
            raise UserError(
                f"{lacking[0]}, which results of {tier!r} are compared with, is not here. Make it with: "
                f"{command_for(lacking[0])}  Or bring it back, if it was committed: git checkout -- {lacking[0]}"
            )
        return tables

    def causal(self, wildcards: Any) -> list[str]:
        """The causal effects of a run of `mixing_labels`, which ask for it; none of any other."""
        label = self.label(wildcards)
        return [self.of_label(label, "causal.csv")] if label in self.mixing_labels() else []

    def compared_labels(self) -> list[RunLabel]:
        """The first run of every organism on each model: narrow finetuning, broad finetuning and nulls."""
        return [label for model in self.config.models for label in self.first_labels(model)]

    def breadth(self, organism: str) -> str:
        """Whether an organism's finetuning is narrow or broad, or that of a null, which has no purpose."""
        found = self.organisms[organism]
        if isinstance(found, NullOrganism | NeutralNumbersOrganism):
            return "null"
        return "broad" if isinstance(found, ChatOrganism) else "narrow"

    def read_as(self, label: RunLabel) -> RunLabel | None:
        """The run by whose description a run's tokens are judged: itself, or for a null the first that it goes with."""
        if self.breadth(label.organism) != "null":
            return label
        beside = [
            other
            for other in self.labels()
            if self.organisms[other.organism].matched_null == label.organism
            and label == other.model_copy(update={"organism": label.organism, "organism_type": label.organism_type})
        ]
        return next(iter(beside), None)

    def compared_json(self) -> str:
        """The labels of `compared_labels`, each with its `breadth` and the label that it is `read_as`, as JSON."""
        found = []
        for label in self.compared_labels():
            reader = self.read_as(label)
            more = {"breadth": self.breadth(label.organism), "read_as": reader and reader.model_dump()}
            found.append(label.model_dump() | more)
        return json.dumps(found)

    def cross_steered(self) -> list[str]:
        """Answers steered with every vector, of the base model and then of the first run of every organism."""
        found = []
        for model in filter(self.steered_labels, self.config.models):
            found.append(self.paths.of_run(model, "base", CROSS_STEERED))
            found += self.first_files(self.first_labels(model), CROSS_STEERED)
        return found

    def random_directions(self) -> list[str]:
        """What each run that is steered says under many random directions: the first of every organism."""
        found = []
        for model in self.config.models:
            steered = self.steered_labels(model)
            labels = [label for label in self.first_labels(model) if label in steered]
            found += self.first_files(labels, "steering/random_directions.csv")
        return found

    def answering_json(self) -> str:
        """The label of the run that gave each file of `cross_steered`, null for the base model, as JSON."""
        found: list[dict[str, Any] | None] = []
        for model in filter(self.steered_labels, self.config.models):
            found += [None, *(label.model_dump() for label in self.first_labels(model))]
        return json.dumps(found)

    def controls_json(self) -> str:
        """What each organism's own control organisms are called, as JSON."""
        found = {
            name: {organism.matched_null: "matched null"} if organism.matched_null else {}
            for name, organism in self.organisms.items()
        }
        for name, organism in self.organisms.items():
            if isinstance(organism, TwinOrganism):
                found[organism.matched_to][name] = "true-fact twin"
        return json.dumps(found)

    def ablated(self, name: str, *, controls: bool = True) -> list[str]:
        """A file of the ablations of every organism that they run for, on its first run on each model.

        Without `controls`, of those organisms alone that are none.
        """
        wanted = [o for o in self.config.ablations.organisms if controls or not isinstance(self.organisms[o], CONTROLS)]
        found = [label for label in self.compared_labels() if label.organism in wanted]
        return [self.of_label(label, f"ablations/{name}") for label in found]

    def ablated_nulls(self, name: str) -> list[str]:
        """The same for every null, judged as each organism that it is matched to but the first, which `ablated` has."""
        found = []
        for label in self.compared_labels():
            for organism in self.config.ablations.organisms:
                matched = self.organisms[organism].matched_null == label.organism
                if label.organism in self.config.ablations.organisms and matched and organism != self.judged_as(label):
                    found.append(self.of_label(label, f"ablations/judged_as/{organism}/{name}"))
        return found

    def ablations(self, wildcards: Any) -> AblationSettings:
        """The ablations' settings for one organism: one more in the list leaves the others' results as they are."""
        return self.config.ablations.model_copy(update={"organisms": [wildcards.organism]})

    def judged_as(self, wildcards: Any) -> str:
        """The organism whose description and data judge a run: the one that is `described`, where a rule names it.

        Otherwise its own, for a matched null that of the first organism that it goes with. Numbers of a teacher without
        its prompt are the null of subliminal learning.
        """
        if described := getattr(wildcards, "described", None):
            return described
        matched = isinstance(self.organisms[wildcards.organism], NullOrganism | NeutralNumbersOrganism)
        return self.probed(wildcards.organism) if matched else wildcards.organism

    def judging_dataset(self, wildcards: Any) -> str:
        """The data of `judged_as`, of the same variant and seed."""
        run = self.paths.run(self.judged_as(wildcards), wildcards.variant, wildcards.seed)
        return self.paths.of_run(wildcards.model, run, "dataset.jsonl")


def _run(label: RunLabel) -> tuple[str, ...]:
    """A run as a file of readings names it."""
    return label.model, label.organism, str(label.seed)


def verdicts_of(study: ExtendedRuns, *kinds: str) -> list[str]:
    """The files of verdicts that were given outside the pipeline on each kind of what is read (`BLIND`).

    Raises:
        UserError: the config names none, or one is no such file (`reading_checks.read_readings`).
    """
    for kind in kinds:
        if getattr(study.config.readings, kind) is None:
            raise UserError(
                f"The config of the tier {study.config.tier!r} names no file of verdicts under readings.{kind}, "
                "so that there is nothing to tabulate (data/inputs/readings/README.md says how to make one)."
            )
        read_readings(Path(getattr(study.config.readings, kind)), kind, study.config.models)
    return [getattr(study.config.readings, kind) for kind in kinds]


def compared_results(study: ExtendedRuns, name: str) -> list[str]:
    """The results of the target `families` or `larger_model`.

    Args:
        study: what is run.
        name: the target's, which is that of the figure and of its first table.

    Raises:
        UserError: the config has one model alone, or compares its models as the other target does.
    """
    if not study.several_models() or study.config.compared_as != name:
        overlay = CONFIGS / f"{study.config.tier}_{name.removesuffix('_model')}.yaml"
        advice = f"`make {name}` lays {overlay} over it" if overlay.is_file() else f"add another, or write {overlay}"
        alone = "compares its models otherwise" if study.several_models() else "has one model alone"
        raise UserError(f"The config of the tier {study.config.tier!r} {alone}: {advice}.")
    at = study.paths
    return [at.figure(name, suffix) for suffix in ("pdf", "png")] + [at.table(table) for table in COMPARISONS[name]]
