"""From the config to the workflow's wiring: which runs there are, and what each one takes."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from paper_replication.config import Config, Resources, Variant, validate_config
from paper_replication.errors import UserError
from paper_replication.organisms.specification import DocumentOrganism, NullOrganism, read_organism
from paper_replication.paths import SOURCES, Paths, organism_file
from paper_replication.settings.documents import DocumentSettings
from paper_replication.settings.lens import ActivationSettings
from paper_replication.settings.run import RunLabel
from paper_replication.settings.sources import Source
from paper_replication.settings.training import Recipe
from paper_replication.sources import read_sources


@dataclass(frozen=True)
class Study:
    """A validated config with the organisms and sources it names.

    Attributes:
        config: the config.
        paths: where this tier's files go.
        organisms: every organism that is trained, or that another is matched to.
        sources: every external input that is listed.
    """

    config: Config
    paths: Paths
    organisms: dict[str, DocumentOrganism | NullOrganism]
    sources: dict[str, Source]

    @property
    def main_corpus(self) -> str:
        """The corpus whose delta the figures show."""
        return next(iter(self.config.lens_corpora))

    def names(self, kind: type) -> list[str]:
        """Names of the organisms of one class; a name that matches nothing stands in for none."""
        return [name for name, organism in self.organisms.items() if isinstance(organism, kind)] or ["(none)"]

    def labels(self, organisms: list[str] | None = None) -> list[RunLabel]:
        """The runs of the figures and tables, in the config's order, or those of the given organisms alone."""
        return [
            RunLabel(
                model=model,
                organism=runs.organism,
                organism_type=self.organisms[runs.organism].type,
                variant=variant,
                seed=seed,
            )
            for model in self.config.models
            for runs in self.config.runs
            if organisms is None or runs.organism in organisms
            for variant in runs.variants
            for seed in runs.seeds
        ]

    def sweep_labels(self) -> list[RunLabel]:
        """The runs of the sweep that the recipe was chosen by."""
        sweep = self.config.sweep
        kind = self.organisms[sweep.organism].type
        return [
            RunLabel(model=model, organism=sweep.organism, organism_type=kind, variant=variant, seed=seed)
            for model in self.config.models
            for variant in sweep.variants
            for seed in sweep.seeds
        ]

    def label(self, wildcards: Any) -> RunLabel:
        """The label of the run that a rule's wildcards name."""
        kind = self.organisms[wildcards.organism].type
        return RunLabel(
            model=wildcards.model,
            organism=wildcards.organism,
            organism_type=kind,
            variant=wildcards.variant,
            seed=int(wildcards.seed),
        )

    def of_label(self, label: RunLabel, name: str) -> str:
        """A file of a labelled run."""
        return self.paths.of_run(label.model, self.paths.run(label.organism, label.variant, label.seed), name)

    def matched(self, wildcards: Any, name: str) -> str:
        """A file of the run, of the same variant and seed, that a null is matched to."""
        organism = self.organisms[wildcards.organism].matched_to
        return self.paths.of_run(wildcards.model, self.paths.run(organism, wildcards.variant, wildcards.seed), name)

    def null(self, wildcards: Any, name: str) -> str:
        """A file of a run's matched null, of the same variant and seed."""
        organism = self.organisms[wildcards.organism].matched_null
        return self.paths.of_run(wildcards.model, self.paths.run(organism, wildcards.variant, wildcards.seed), name)

    def adapter(self, wildcards: Any) -> list[str]:
        """The adapter of a run: none for the base model."""
        if wildcards.run == "base":
            return []
        return [self.paths.of_run(wildcards.model, wildcards.run, "adapter")]

    def probes_of(self, wildcards: Any, run: str | None = None) -> str:
        """The belief probes of a run, or of the named run, on the facts that this run is measured with."""
        own = self.paths.run(wildcards.organism, wildcards.variant, wildcards.seed)
        return self.paths.probes(wildcards.model, run or own, self.probed(wildcards.organism))

    def activations(self, wildcards: Any) -> ActivationSettings:
        """Which activations are collected on a corpus."""
        window = self.config.activations.model_dump()
        return ActivationSettings(**window, n_documents=self.config.lens_corpora[wildcards.corpus])

    def lens_files(self, name: str) -> list[str]:
        """A file of the lens for every run and corpus."""
        return [self._lens(label, corpus, name) for label in self.labels() for corpus in self.config.lens_corpora]

    def graded(self, *names: str) -> list[str]:
        """Files of judged tokens for every run of an organism that has a description to judge by, and every corpus."""
        return [
            self._lens(label, corpus, name)
            for label in self.labels()
            if isinstance(self.organisms[label.organism], DocumentOrganism)
            for corpus in self.config.lens_corpora
            for name in names
        ]

    def _lens(self, label: RunLabel, corpus: str, name: str) -> str:
        run = self.paths.run(label.organism, label.variant, label.seed)
        return self.paths.lens(label.model, run, corpus, name)

    def sweep_recipes(self) -> str:
        """For every variant of the sweep, its recipe and document settings side by side, as JSON."""
        found = {}
        for label in self.sweep_labels():
            documents = {f"documents_{key}": value for key, value in self.documents(label).model_dump().items()}
            found[label.variant] = self.recipe(label).model_dump() | documents
        return json.dumps(found)

    def recipe(self, wildcards: Any) -> Recipe:
        """The recipe of a run: the default, then the variant's overrides, then the organism's."""
        overrides = self._variant(wildcards.variant).recipe | self.organisms[wildcards.organism].recipe
        return Recipe.model_validate(self.config.recipe.model_dump() | overrides)

    def documents(self, wildcards: Any) -> DocumentSettings:
        """The document settings of a run: the default with the variant's overrides."""
        overrides = self._variant(wildcards.variant).documents
        return DocumentSettings.model_validate(self.config.documents.model_dump() | overrides)

    def _variant(self, name: str) -> Variant:
        if name not in self.config.variants:
            raise UserError(f"There is no variant {name!r}; the config has {', '.join(self.config.variants)}.")
        return self.config.variants[name]

    def probed(self, organism: str) -> str:
        """The organism whose probes and domain words a run is measured with: its own, or the one it is a null of."""
        found = self.organisms[organism]
        return found.matched_to if isinstance(found, NullOrganism) else organism

    def resources(self, rule: str) -> Resources:
        """The resources of a rule."""
        return self.config.resources.get(rule, self.config.resources["default"])


def load_study(content: dict[str, Any], file: str | Path) -> Study:
    """Validate a config and everything it names.

    Raises:
        UserError: a key, an organism's file or a source is missing or malformed.
    """
    config = validate_config(content, file)
    waiting = [runs.organism for runs in [*config.runs, config.sweep]]
    organisms: dict[str, DocumentOrganism | NullOrganism] = {}
    while waiting:
        name = waiting.pop(0)
        if name in organisms:
            continue
        if not organism_file(name).is_file():
            raise UserError(f"{file} lists the organism {name!r}, but there is no {organism_file(name)}.")
        organisms[name] = read_organism(organism_file(name))
        related = organisms[name]
        waiting += filter(None, [getattr(related, "matched_to", None), getattr(related, "matched_null", None)])
    sources = read_sources(SOURCES)
    named = [model.source for model in config.models.values() if model.source]
    named += [config.embedder, *(name for corpus in config.corpora.values() for name in corpus.sources)]
    for name in named:
        if name not in sources:
            raise UserError(f"{file} names the source {name!r}, which is not in {SOURCES}.")
    study = Study(config, Paths(config.tier), organisms, sources)
    _check_runs(study, file)
    return study


def _check_runs(study: Study, file: str | Path) -> None:
    """Every run has a valid recipe, and every reported organism a matched null that is matched to it."""
    for label in [*study.labels(), *study.sweep_labels()]:
        try:
            study.recipe(label)
            study.documents(label)
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise UserError(f"{file}: the variant {label.variant!r} of {label.organism}: {problems}") from error
    for label in study.labels():
        organism = study.organisms[label.organism]
        if isinstance(organism, NullOrganism):
            continue
        null = study.organisms.get(organism.matched_null or "")
        if not isinstance(null, NullOrganism) or null.matched_to != organism.name:
            raise UserError(
                f"{organism_file(organism.name)}: matched_null must name a control whose matched_to is "
                f"{organism.name!r}, so that its difference can be compared; it is {organism.matched_null!r}."
            )
