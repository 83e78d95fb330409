"""Runs of the sweep, other seeds, mixtures and doses: in what their finetuning departs from the default."""

import json
import math
from pathlib import Path
from typing import Any, Literal

from paper_replication.config import OWN_KIND, Config
from paper_replication.errors import UserError
from paper_replication.organisms.specification import DocumentOrganism, Organism, TwinOrganism
from paper_replication.paths import Paths
from paper_replication.settings.mixing import DEFAULT, DOSES, MixtureSettings
from paper_replication.settings.run import RunLabel
from paper_replication.settings.runs import MIXING, DeparturesOnModels, Sweep
from paper_replication.study_models import ModelRuns, any_of

# A run, and what it is called in a table besides its label.
Entry = tuple[RunLabel, dict[str, float | str]]


class DepartureRuns(ModelRuns):
    """The part of a `Study` that knows these runs, and what they are made of and called."""

    config: Config
    paths: Paths
    organisms: dict[str, Organism]

    @property
    def main_corpus(self) -> str:
        """The corpus whose delta the figures show."""
        return next(iter(self.config.lens_corpora))

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
            lens_documents=config.lens_corpora.get(self._mixed_corpus(), 1),
            window=config.activations.window,
            maximum_tokens=config.conversations.maximum_tokens,
        )

    def _mixed_corpus(self) -> str:
        """The corpus that documents are mixed in from."""
        return self.config.null_corpus if self.config.mixed_in == OWN_KIND else self.config.mixed_in

    def mixed_from(self, wildcards: Any) -> list[str]:
        """The corpus that unrelated rows are drawn from, documents or conversations (`mixed_in`); none of none."""
        if self.variant(wildcards.variant).mix == 0:
            return []
        if self.config.mixed_in != OWN_KIND or self.reads_documents(wildcards.organism):
            return [self.paths.corpus(self._mixed_corpus())]
        return [self.paths.source(self.config.chat_corpus)]

    def mixed_in(self) -> str:
        """What is mixed in with the organisms of each type, a corpus or `conversations`, as JSON."""
        chat, found = self.paths.source(self.config.chat_corpus), {}
        for name in self.mixing_tables():
            for label, _ in self.mixing_entries(name):
                for file in self.mixed_from(label):
                    found[label.organism_type] = "conversations" if file == chat else Path(file).stem
        return json.dumps(found)

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

    def _elsewhere(self) -> list[tuple[RunLabel, str]]:
        """Each run whose delta is measured on further corpora, with the main corpus, then with each of those."""
        corpora: dict[str, list[RunLabel]] = {self.main_corpus: self._labels_of(self.config.elsewhere)}
        for group in self.config.elsewhere:
            for corpus in group.corpora:
                corpora.setdefault(corpus, []).extend(self._labels_of([group]))
        return [(label, corpus) for corpus, labels in corpora.items() for label in dict.fromkeys(labels)]

    def elsewhere_columns(self) -> str:
        """What these are called in a table besides their labels, as JSON."""
        found = []
        for label, corpus in self._elsewhere():
            [mixed_in] = map(Path, self.mixed_from(label) or ["nothing"])
            ratio = self.variant(label.variant).mix
            found.append({"measured_on": corpus, "mixed_in": mixed_in.stem, "ratio": ratio})
        return json.dumps(found)

    def elsewhere_files(self, name: str) -> list[str]:
        """The metrics or contrasts of these."""
        main = {"metrics.csv": "metrics.csv", "contrasts.csv": "steering/contrasts.csv"}[name]
        return [
            self.of_label(label, main if corpus == self.main_corpus else self.paths.elsewhere(corpus, name))
            for label, corpus in self._elsewhere()
        ]

    def check_departures(self, file: str | Path) -> None:
        """Mixtures depart from the default in nothing but the ratio, doses in one kind.

        Runs that are measured on further corpora are among the mixtures.

        Raises:
            UserError: names the section, the variant and what it departs in.
        """
        mixtures = self.mixing_labels()
        for label in self._labels_of(self.config.elsewhere):
            if label not in mixtures:
                run = f"{label.organism} as {label.variant}, seed {label.seed},"
                raise UserError(f"{file}: elsewhere: {run} is not among the runs of `mixing`, which make it.")
        for section, labels, kinds in (
            ("mixing", mixtures, ["mixing"]),
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
