"""Which runs go with which base model, and what a job on it may use."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from paper_replication.config import Config
from paper_replication.errors import UserError
from paper_replication.hub import is_path, own_files
from paper_replication.organisms.specification import (
    DocumentOrganism,
    NeutralNumbersOrganism,
    NumbersOrganism,
    Organism,
)
from paper_replication.paths import INPUTS, PUBLISHED, organism_file
from paper_replication.provenance.record import RESULTS, is_raw, relative
from paper_replication.published import read_published
from paper_replication.settings.hub import PublishedAdapter
from paper_replication.settings.mixing import DEFAULT
from paper_replication.settings.resources import Resources
from paper_replication.settings.run import RunLabel
from paper_replication.settings.runs import OnModels


def any_of(names: Iterable[str]) -> str:
    """A pattern that matches some names and nothing else; of none, nothing."""
    return "|".join(map(re.escape, names)) or "(?!)"


class ModelRuns:
    """The part of a `Study` that knows its base models."""

    config: Config
    organisms: dict[str, Organism]
    asked: set[str]

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
            if model in self.config.models_of(runs.organism) and (organisms is None or runs.organism in organisms)
            for variant in runs.variants
            if self._can_be_had(variant, model, runs.organism)
            for seed in runs.seeds
        ]

    def _can_be_had(self, variant: str, model: str, organism: str) -> bool:
        """Whether a variant of an organism is trained here, or published on that model."""
        return not self.config.variants[variant].published or (model, organism) in self._published_pairs()

    def _published_pairs(self) -> dict[tuple[str, str], PublishedAdapter]:
        return {pair: row for pair, row in read_published(PUBLISHED).items() if row.hub}

    def reported(self, model: str | None = None) -> list[str]:
        """The organisms of the figures and tables, in the config's order; of those on one model where it is given."""
        names = [runs.organism for runs in self.config.runs]
        return [name for name in names if model is None or model in self.config.models_of(name)]

    def goes_with(self, organism: str, group: OnModels) -> list[str]:
        """The models on which a group of runs trains an organism: its own, less those that the group does not name."""
        return [model for model in self.config.models_of(organism) if not group.models or model in group.models]

    def model_names(self, kind: str) -> str:
        """The models of a kind, as a pattern for the rule that makes their folders."""
        return any_of(name for name, model in self.config.models.items() if model.kind == kind)

    def corpora_names(self, *, hub: bool) -> str:
        """The corpora that are made of a dataset of the Hub, or those of packaged text, as a pattern for their rule."""
        return any_of(name for name, corpus in self.config.corpora.items() if bool(corpus.hub) == hub)

    def worded_labels(self) -> list[RunLabel]:
        """The first run of every organism of the figures whose data are made of sentences, not of numbers."""
        numbers = NumbersOrganism | NeutralNumbersOrganism
        return [self.first_label(name) for name in self.reported() if not isinstance(self.organisms[name], numbers)]

    def shared_labels(self) -> list[RunLabel]:
        """The first default run of every organism made of documents, on each of its models: what models share."""
        found: dict[tuple[str, str], RunLabel] = {}
        for label in self.labels():
            if isinstance(self.organisms[label.organism], DocumentOrganism) and label.variant == DEFAULT:
                found.setdefault((label.model, label.organism), label)
        return list(found.values())

    def further_labels(self) -> list[RunLabel]:
        """Of `shared_labels` those of all models but the first."""
        first = next(iter(self.config.models))
        return [label for label in self.shared_labels() if label.model != first]

    def several_models(self) -> bool:
        """Whether organisms are made on several models, which can then be compared."""
        return len({label.model for label in self.shared_labels()}) > 1

    def resources(self, rule: str, model: str | None = None) -> Resources:
        """The resources of a rule's jobs, or of a job on one model, whose size some grow with."""
        self.asked.add(rule)
        found = self.config.resources.get(rule, self.config.resources["default"])
        return found.on(self.config.models[model].billions) if model and found.grow else found

    def job_resources(self, rule: str) -> dict[str, Callable[[Any], int]]:
        """The resources of a rule as Snakemake takes them, by name: of each job, as its model needs them."""

        def of(name: str) -> Callable[[Any], int]:
            return lambda wildcards: getattr(self.resources(rule, wildcards.get("model")), name)

        return {name: of(name) for name in ("mem_mb", "runtime", "gpu")}

    def published(self, run: Any) -> PublishedAdapter:
        """The adapter that is published for a run's organism and model; one without an id where none is known."""
        pair = run.model, run.organism
        return self._published_pairs().get(pair) or PublishedAdapter(model=run.model, organism=run.organism)

    def published_files(self, run: Any) -> list[str]:
        """What is published for a run, where that is a folder of one's own."""
        found = self.published(run)
        return own_files(str(Path(found.hub) / found.subfolder)) if found.hub else []

    def published_variants(self) -> str:
        """Which variants are fetched instead of trained: a pattern for the rule that does it."""
        return any_of(name for name, found in self.config.variants.items() if found.published)

    def published_data(self) -> str:
        """Models, before an organism's name in a path, on which its published adapter's data is known, as a pattern."""
        organisms: dict[str, list[str]] = {}
        for (model, organism), row in self._published_pairs().items():
            if row.dataset:
                organisms.setdefault(model, []).append(organism)
        patterns = [f"{re.escape(model)}(?=/(?:{any_of(names)})/)" for model, names in organisms.items()]
        return "|".join(patterns) or any_of([])

    def check_models(self, file: str | Path) -> None:
        """Where a run is trained, its null and what it is matched to are too; and what is fetched is known and there.

        Raises:
            UserError: names the organism, the model and what is missing there.
        """
        for section in ("models", "embedders", "corpora"):
            for name, entry in getattr(self.config, section).items():
                _check_folder(entry.hub or "", f"{file}: {section}.{name}.hub")
        for name, entry in self.config.models.items():
            advice = f"`hub` names a base model; an adapter of it, or a model finetuned from it, goes into {PUBLISHED}."
            _check_holds(entry.hub or "", "", ["config.json"], f"{file}: models.{name}.hub", advice)
        self._check_published(file)
        self._check_read_once(file)
        self._check_matched(file)

    def _check_published(self, file: str | Path) -> None:
        asked = any(self.config.variants[variant].published for runs in self.config.runs for variant in runs.variants)
        for (model, organism), found in self._published_pairs().items() if asked else ():
            if not organism_file(organism).is_file():
                raise UserError(f"{PUBLISHED}: there is no organism {organism!r}.")
            if is_path(found.hub) and model not in self.config.models:
                raise UserError(
                    f"{PUBLISHED}: {found.hub} is a model of one's own on {model!r}, which is not among the models of "
                    f"{file}; correct the row, or remove it."
                )
        for runs in self.config.runs:
            models = self.config.models_of(runs.organism)
            for variant in runs.variants:
                if not any(self._can_be_had(variant, model, runs.organism) for model in models):
                    raise UserError(
                        f"{file}: no published adapter of {runs.organism} on {' or '.join(models)} is known; add it to "
                        f"{PUBLISHED}, or leave the variant {variant!r} out of its line in runs."
                    )
        for label in self.labels():
            if self.config.variants[label.variant].published:
                found, where = self.published(label), f"{PUBLISHED}, {label.organism} on {label.model}"
                for place in (found.hub, found.dataset):
                    _check_folder(place, where)
                advice = "name the folder of an adapter or of a whole model, or its `subfolder`."
                _check_holds(found.hub, found.subfolder, ["adapter_config.json", "config.json"], where, advice)

    def _check_read_once(self, file: str | Path) -> None:
        """Read twice, one adapter would pass for two that agree."""
        asked = [(runs.organism, runs.seeds, runs.variants) for runs in self.config.runs]
        seeds = self.config.seeds
        asked += [(organism, seeds.seeds, [self.first_label(organism).variant]) for organism in seeds.organisms]
        for organism, numbers, variants in asked:
            for variant in variants:
                if self.config.variants[variant].published and len(numbers) > 1:
                    raise UserError(
                        f"{file}: {organism}, {variant!r}: what is published was trained once, but {len(numbers)} "
                        "seeds are asked for; name one."
                    )

    def _check_matched(self, file: str | Path) -> None:
        for label in self.labels():
            if self.config.variants[label.variant].published:
                continue
            for key in ("matched_to", "matched_null"):
                other = getattr(self.organisms[label.organism], key, None)
                if other in self.reported() and other not in self.reported(label.model):
                    raise UserError(
                        f"{file}: {label.organism} goes with the model {label.model!r}, but {other}, its {key}, does "
                        "not; name the model under both in runs."
                    )


def _check_folder(hub: str, where: str) -> None:
    if is_path(hub) and not Path(hub).is_dir():
        raise UserError(
            f"{where}: there is no folder {hub}. What is on the Hub is named by its id, as owner/name, and a folder in "
            "full, without ~."
        )
    if is_path(hub) and not is_raw(hub) and {*Path(relative(hub)).parts[:1]} & {*RESULTS}:
        raise UserError(
            f"{where}: {hub} lies among the workflow's own results; move it out of data and figures, or into {INPUTS}."
        )


def _check_holds(hub: str, subfolder: str, names: list[str], where: str, advice: str) -> None:
    """A folder of one's own must hold one of these files; what is on the Hub is looked at when it is fetched."""
    folder = Path(hub, subfolder)
    if is_path(hub) and not any((folder / name).is_file() for name in names):
        raise UserError(f"{where}: {folder} holds no {' or '.join(names)}; {advice}")
