"""Which runs go with which base model, and what a job on it may use."""

from pathlib import Path

from paper_replication.config import Config, OnModels, Resources
from paper_replication.errors import UserError
from paper_replication.organisms.specification import Organism
from paper_replication.settings.run import RunLabel


class ModelRuns:
    """The part of a `Study` that knows its base models."""

    config: Config
    organisms: dict[str, Organism]

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
            for seed in runs.seeds
        ]

    def reported(self, model: str | None = None) -> list[str]:
        """The organisms of the figures and tables, in the config's order; of those on one model where it is given."""
        names = [runs.organism for runs in self.config.runs]
        return [name for name in names if model is None or model in self.config.models_of(name)]

    def goes_with(self, organism: str, group: OnModels) -> list[str]:
        """The models on which a group of runs trains an organism: its own, less those that the group does not name."""
        return [model for model in self.config.models_of(organism) if not group.models or model in group.models]

    def resources(self, rule: str, model: str | None = None) -> Resources:
        """The resources of a rule's jobs, or of a job on one model, whose size some grow with."""
        found = self.config.resources.get(rule, self.config.resources["default"])
        return found.on(self.config.models[model].billions) if model and found.grow else found

    def check_models(self, file: str | Path) -> None:
        """Where a run is reported, so are its null and what it is matched to, unless they are reported nowhere.

        Raises:
            UserError: names the organism, the model and what is missing there.
        """
        for label in self.labels():
            for key in ("matched_to", "matched_null"):
                other = getattr(self.organisms[label.organism], key, None)
                if other in self.reported() and other not in self.reported(label.model):
                    raise UserError(
                        f"{file}: {label.organism} goes with the model {label.model!r}, but {other}, its {key}, does "
                        "not; name the model under both in runs."
                    )
