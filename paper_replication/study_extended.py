"""Runs beyond the figures' own: of the sweep, other seeds, mixtures and doses; and what ablations take."""

import json
import math
from pathlib import Path
from typing import Any, Literal

from paper_replication.config import MIXING, Config, DeparturesOnModels, Sweep
from paper_replication.errors import UserError
from paper_replication.organisms.specification import (
    CONTROLS,
    ChatOrganism,
    DocumentOrganism,
    NeutralNumbersOrganism,
    NullOrganism,
    Organism,
    TwinOrganism,
)
from paper_replication.paths import Paths
from paper_replication.settings.ablations import AblationSettings
from paper_replication.settings.causal import CausalSettings
from paper_replication.settings.mixing import DEFAULT, DOSES, MixtureSettings
from paper_replication.settings.run import RunLabel
from paper_replication.study_models import ModelRuns, any_of

# A run, and what it is called in a table besides its label.
Entry = tuple[RunLabel, dict[str, float | str]]

# A model's answers, steered with the vectors of all.
CROSS_STEERED = "cross_steered.csv"

# What is read outside the pipeline, and the results that rest on it.
BLIND = {"tokens": "blind_reading", "answers": "blind_answers"}


class ExtendedRuns(ModelRuns):
    """The part of a `Study` that knows these runs, and which files they take."""

    config: Config
    paths: Paths
    organisms: dict[str, Organism]

    def sweep_labels(self) -> list[RunLabel]:
        """The runs of the sweep that the recipe was chosen by."""
        return self._labels_of([self.config.sweep])

    def sweep_recipes(self) -> str:
        """For every variant of the sweep, its recipe and document settings side by side, as JSON."""
        found = {}
        for label in self.sweep_labels():
            documents = {f"documents_{key}": value for key, value in self.documents(label).model_dump().items()}
            found[label.variant] = self.recipe(label).model_dump() | documents
        return json.dumps(found)

    def seed_labels(self) -> list[RunLabel]:
        """The runs that show how far results vary with the seed."""
        return [
            self.first_label(organism).model_copy(update={"model": model, "seed": seed})
            for model in self.config.models
            for organism in self.config.seeds.organisms
            if model in self.goes_with(organism, self.config.seeds)
            for seed in self.config.seeds.seeds
        ]

    def mixing_labels(self) -> list[RunLabel]:
        """The runs that unrelated data is mixed into, with the default ones they are compared with."""
        return self._labels_of(self.config.mixing)

    def dose_labels(self) -> list[RunLabel]:
        """The runs with other doses of finetuning, with the default ones they are compared with."""
        return self._labels_of(self.config.dose)

    def _labels_of(self, groups: list[DeparturesOnModels] | list[Sweep]) -> list[RunLabel]:
        found = [
            RunLabel(
                model=model,
                organism=organism,
                organism_type=self.organisms[organism].type,
                variant=variant,
                seed=seed,
            )
            for model in self.config.models
            for group in groups
            for organism in group.organisms
            if model in self.goes_with(organism, group)
            for variant in group.variants
            for seed in group.seeds
        ]
        return list(dict.fromkeys(found))

    def departure_labels(self) -> list[RunLabel]:
        """The runs of `mixing_labels` and `dose_labels`, each once."""
        return list(dict.fromkeys(self.mixing_labels() + self.dose_labels()))

    def departs(self, organism: str, variant: str) -> bool:
        """Whether an organism is reported, but never with this variant: no null and no others' probes go with it."""
        return any(runs.organism == organism and variant not in runs.variants for runs in self.config.runs)

    def training_data(self, wildcards: Any) -> str:
        """What a run is finetuned on: the organism's data, or what is made of a part of it and of unrelated data."""
        variant = self.variant(wildcards.variant)
        name = "mixed.jsonl" if variant.mix > 0 or variant.share < 1 else "dataset.jsonl"
        return self.of_label(self.label(wildcards), name)

    def mixture(self, wildcards: Any) -> MixtureSettings:
        """What a run's training set is made of."""
        variant, config = self.variant(wildcards.variant), self.config
        return MixtureSettings(
            share=variant.share,
            mix=variant.mix,
            lens_documents=config.lens_corpora.get(config.null_corpus, 1),
            window=config.activations.window,
            maximum_tokens=config.conversations.maximum_tokens,
        )

    def mixed_from(self, wildcards: Any) -> list[str]:
        """The corpus that unrelated rows are drawn from, documents or conversations as the run's own; none of none."""
        if self.variant(wildcards.variant).mix == 0:
            return []
        if self.reads_documents(wildcards.organism):
            return [self.paths.corpus(self.config.null_corpus)]
        return [self.paths.source(self.config.chat_corpus)]

    def reads_documents(self, organism: str) -> bool:
        """Whether an organism is finetuned on documents, not on conversations."""
        own = isinstance(self.organisms[organism], DocumentOrganism | TwinOrganism)
        return own or organism in self.document_nulls()

    def departures(self, label: RunLabel) -> dict[str, Any]:
        """Everything in which a run's finetuning departs from the default.

        What follows from another departure is not named: alpha from the rank, of full finetuning the learning rate.
        """
        ours, default = (self._finetuning(x) for x in (label, label.model_copy(update={"variant": DEFAULT})))
        found = {key: value for key, value in ours.items() if value != default[key]}
        if "rank" in found:
            found.pop("alpha", None)
        if self.variant(label.variant).full:
            found.pop("learning_rate", None)
        return found

    def _finetuning(self, label: RunLabel) -> dict[str, Any]:
        variant = self.variant(label.variant)
        documents = {f"documents.{key}": value for key, value in self.documents(label).model_dump().items()}
        departures = {"samples": variant.share, "mixing": variant.mix}
        departures["caft"] = len(variant.ablate.positions) if variant.ablate else 0
        # Full finetuning is the dose of rank beyond all others.
        departures |= {"rank": math.inf} if variant.full else {}
        return self.recipe(label).model_dump() | documents | departures

    def trained(self, way: Literal["adapter", "ablated", "full"]) -> str:
        """Which variants are finetuned as an adapter, with directions ablated, or in full: a pattern for a rule."""
        ways = {
            name: "ablated" if found.ablate else "full" if found.full else "adapter"
            for name, found in self.config.variants.items()
            if not found.published
        }
        return any_of(name for name, found in ways.items() if found == way)

    def mixing_tables(self) -> list[str]:
        """The tables of mixtures, the first of which has the default runs of its organisms for all tables."""
        return list(dict.fromkeys([MIXING, *(group.table for group in self.config.mixing)]))

    def _tabled(self, table: str, *, controlled: bool = False) -> list[RunLabel]:
        """The runs of one table of mixtures, or those that have steering by a random direction in it."""
        groups = [group for group in self.config.mixing if group.table == table]
        labels = self._labels_of([group for group in groups if group.random_control or not controlled])
        first = self._labels_of([group for group in self.config.mixing if group.table == MIXING])
        return [label for label in labels if table == MIXING or label not in first or label.variant != DEFAULT]

    def mixing_entries(self, table: str = MIXING) -> list[Entry]:
        """Each run of a table of mixtures with its `ratio`: unrelated rows to the organism's own."""
        return [(label, {"ratio": self.variant(label.variant).mix}) for label in self._tabled(table)]

    def dose_entries(self) -> list[Entry]:
        """Each run of `dose_labels` with the `kind` of dose in which it departs, and the `dose`.

        A default run stands once with every kind that some other run of its organism departs in.
        """
        labels = self.dose_labels()
        kinds: dict[tuple[str, str], dict[str, None]] = {}
        for label in labels:
            kinds.setdefault((label.model, label.organism), {}).update(dict.fromkeys(self.departures(label)))
        found = []
        for label in labels:
            own = self.departures(label) or kinds[label.model, label.organism]
            found += [(label, {"kind": kind, "dose": self._finetuning(label)[kind]}) for kind in own]
        return found

    def trade_off_entries(self) -> list[Entry]:
        """Each run of `departure_labels` with the `kind` in which it departs ("default" in none)."""
        return [(label, {"kind": next(iter(self.departures(label)), DEFAULT)}) for label in self.departure_labels()]

    def metrics(self, entries: list[Entry]) -> list[str]:
        """The metrics of some runs."""
        return [self.of_label(label, "metrics.csv") for label, _ in entries]

    def mixing_contrasts(self, table: str) -> list[str]:
        """How far steered answers lie above their controls, of the runs that a table of mixtures has this of."""
        return self._contrasts(self._tabled(table, controlled=True))

    def dose_contrasts(self) -> list[str]:
        """The same of the runs that the table of doses has this of."""
        return self._contrasts(self._labels_of([group for group in self.config.dose if group.random_control]))

    def _contrasts(self, labels: list[RunLabel]) -> list[str]:
        return [self.of_label(label, "steering/contrasts.csv") for label in labels]

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
        """The same of every null, judged as each organism that it goes with; `ablated` has it of the first of these."""
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

    def check_departures(self, file: str | Path) -> None:
        """Mixtures depart from the default in nothing but the ratio, doses in one kind.

        Raises:
            UserError: names the section, the variant and what it departs in.
        """
        for section, labels, kinds in (
            ("mixing", self.mixing_labels(), ["mixing"]),
            ("dose", self.dose_labels(), list(DOSES)),
        ):
            for label in labels:
                found = list(self.departures(label))
                if label.variant != DEFAULT and not (len(found) == 1 and found[0] in kinds):
                    raise UserError(
                        f"{file}: {section}: the variant {label.variant!r} of {label.organism} must depart from the "
                        f"default in one of {', '.join(kinds)}; it departs in {', '.join(found) or 'nothing'}."
                    )
                # Figures read the ratio from the name.
                ratio = self.variant(label.variant).mix
                if (ratio or label.variant.startswith("mix-")) and label.variant != f"mix-{ratio}":
                    must = f"must be called mix-{ratio}" if ratio else "is no mixture, and may not begin with mix-"
                    raise UserError(f"{file}: {section}: the variant {label.variant!r} {must}.")


def columns_json(entries: list[Entry]) -> str:
    """What runs are called in a table, in their order, as JSON."""
    return json.dumps([columns for _, columns in entries])


def verdicts_of(study: ExtendedRuns, *kinds: str) -> list[str]:
    """The files of verdicts that were given outside the pipeline on each kind of what is read (`BLIND`).

    Raises:
        UserError: the config names none.
    """
    for kind in kinds:
        if getattr(study.config.readings, kind) is None:
            raise UserError(
                f"The config of the tier {study.config.tier!r} names no readings.{kind}: nobody has read what its runs "
                "read out or say (data/inputs/readings/README.md says how to)."
            )
    return [getattr(study.config.readings, kind) for kind in kinds]


def families_results(study: ExtendedRuns) -> list[str]:
    """The results of the target `families`.

    Raises:
        UserError: the config has one family alone.
    """
    if not study.several_families():
        raise UserError(
            f"The config of the tier {study.config.tier!r} has one family of models alone: `make families` lays "
            f"workflow/config/{study.config.tier}_families.yaml over it."
        )
    at = study.paths
    names = ("families", "families_organisms", "families_contrasts", "families_tokens")
    return [at.figure("families", suffix) for suffix in ("pdf", "png")] + [at.table(name) for name in names]
