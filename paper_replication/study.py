"""From the config to the workflow's wiring: which runs there are, and what each one takes."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paper_replication.config import Config
from paper_replication.config_reading import validate_config
from paper_replication.errors import UserError
from paper_replication.input_checks import check_chat, check_material, check_prompts, check_readings
from paper_replication.organisms.specification import (
    CONTROLS,
    AdviceOrganism,
    ChatOrganism,
    DocumentOrganism,
    NullOrganism,
    NumbersOrganism,
    Organism,
    TwinOrganism,
    read_organism,
)
from paper_replication.paths import OPEN_QUESTIONS, SOURCES, Paths, organism_file
from paper_replication.precision import in_float32
from paper_replication.run_checks import check_names, check_relations, check_runs
from paper_replication.settings.datasets import ConversationSettings, DocumentSettings
from paper_replication.settings.lens import ActivationSettings
from paper_replication.settings.run import RunLabel
from paper_replication.settings.runs import Variant
from paper_replication.settings.sources import Source
from paper_replication.settings.training import Recipe
from paper_replication.sources import read_sources
from paper_replication.study_extended import ExtendedRuns
from paper_replication.yaml_keys import refuse_repeated_keys

# Between a corpus and the number of its first positions, where these are not the lens's.
FIRST = "--first"


@dataclass(frozen=True)
class Study(ExtendedRuns):
    """A validated config with the organisms and sources it names.

    Attributes:
        config: the config.
        paths: where this tier's files go.
        organisms: every organism that is trained, or that another is matched to.
        sources: every external input that is listed.
        asked: entries of the config's resources that rules have asked for.
    """

    config: Config
    paths: Paths
    organisms: dict[str, Organism]
    sources: dict[str, Source]
    asked: set[str] = field(default_factory=set)

    def names(self, *kinds: type) -> list[str]:
        """Names of the organisms of some classes."""
        return [name for name, organism in self.organisms.items() if isinstance(organism, kinds)]

    def chat_controls(self) -> list[str]:
        """Controls made of ordinary conversations: broad finetuning, and nulls matched to conversations."""
        nulls = self.names(NullOrganism)
        matched = {name: self.organisms[self.organisms[name].matched_to] for name in nulls}
        return self.names(ChatOrganism) + [name for name in nulls if not isinstance(matched[name], DocumentOrganism)]

    def document_nulls(self) -> list[str]:
        """Nulls matched to documents."""
        chat = self.chat_controls()
        return [name for name in self.names(NullOrganism) if name not in chat]

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

    def nulls_json(self) -> str:
        """The matched null of every organism that has one, as JSON."""
        nulls = {name: organism.matched_null for name, organism in self.organisms.items()}
        return json.dumps({name: null for name, null in nulls.items() if null})

    def matched(self, wildcards: Any, name: str) -> str:
        """A file of the run, of the same variant and seed, that a null is matched to."""
        organism = self.organisms[wildcards.organism].matched_to
        return self.paths.of_run(wildcards.model, self.paths.run(organism, wildcards.variant, wildcards.seed), name)

    def null(self, wildcards: Any, name: str) -> list[str]:
        """A file of a run's matched null, of the same variant and seed; none where it has no such null."""
        organism = self.organisms[wildcards.organism].matched_null
        if organism is None or self.departs(organism, wildcards.variant):
            return []
        return [self.paths.of_run(wildcards.model, self.paths.run(organism, wildcards.variant, wildcards.seed), name)]

    def adapter(self, wildcards: Any) -> list[str]:
        """The adapter of a run: none for the base model."""
        if wildcards.run == "base":
            return []
        return [self.paths.of_run(wildcards.model, wildcards.run, "adapter")]

    def open_questions(self, wildcards: Any) -> list[Path]:
        """The questions outside its domain, for an organism that gives bad advice; none for any other."""
        return [OPEN_QUESTIONS] if isinstance(self.organisms[wildcards.organism], AdviceOrganism) else []

    def _others(self, run: Any) -> list[str]:
        """The organisms with probes that are reported on a run's model, but the one that it is measured by.

        None for a run that is not reported itself.
        """
        if run.organism in self.config.sweep.organisms or self.departs(run.organism, run.variant):
            return []
        names = [name for name in self.reported(run.model) if not isinstance(self.organisms[name], CONTROLS)]
        return [name for name in names if name != self.probed(run.organism)]

    def others(self, wildcards: Any) -> list[Path]:
        """The files of the organisms whose probes a run should not move."""
        return [organism_file(name) for name in self._others(wildcards)]

    def _own(self, organism: str) -> list[str]:
        """The organism all of whose probes are asked of a run; none for broad finetuning."""
        own = self.probed(organism)
        return [] if isinstance(self.organisms[own], CONTROLS) else [own]

    def base_probes(self, wildcards: Any) -> list[str]:
        """The base model's probes that a run's are compared with."""
        asked = self._own(wildcards.organism) + self._others(wildcards)
        return [self.paths.probes(wildcards.model, "base", name) for name in asked]

    def finetuned_probes(self, wildcards: Any) -> list[str]:
        """A run's probes: all of its own organism's, some of the others'."""
        run = self.paths.run(wildcards.organism, wildcards.variant, wildcards.seed)
        files = self._own(wildcards.organism) + ["others"] * bool(self._others(wildcards))
        return [self.paths.probes(wildcards.model, run, name) for name in files]

    def own_answers(self, wildcards: Any, run: str | None = None) -> list[str]:
        """A run's answers to the prompts of the organism it is measured by; none where that has no prompts."""
        own = self.paths.run(wildcards.organism, wildcards.variant, wildcards.seed)
        return [self.paths.answers(wildcards.model, run or own, name) for name in self._own(wildcards.organism)]

    def activations(self, wildcards: Any) -> ActivationSettings:
        """Which activations are collected on a corpus, or on its first positions for the causal effect."""
        corpus, _, positions = wildcards.corpus.partition(FIRST)
        window = self.config.activations.model_dump() | ({"positions": int(positions)} if positions else {})
        return ActivationSettings(**window, n_documents=self.config.lens_corpora[corpus])

    def own_probes(self, run: str) -> str:
        """The option that limits a run's own probes.

        The base model is asked all, since other organisms' runs are asked others of them, unless those are as many.
        """
        most, others = self.config.own_probes, self.config.probes_of_others
        return f"--most {most}" if most and (run != "base" or most == others) else ""

    def corpus_read(self, wildcards: Any) -> str:
        """The corpus that activations are collected on."""
        return self.paths.corpus(wildcards.corpus.partition(FIRST)[0])

    @property
    def causal_corpus(self) -> str:
        """The main corpus, with a number of positions where the causal effect is measured at others than the lens's."""
        lens = self.config.activations.positions
        count = self.config.causal_positions or lens
        return self.main_corpus if count == lens else f"{self.main_corpus}{FIRST}{count}"

    def lens_files(self, name: str) -> list[str]:
        """A file of the lens for every run and each of its corpora."""
        return [self._lens(label, corpus, name) for label in self.labels() for corpus in self._corpora(label)]

    def _corpora(self, label: RunLabel) -> list[str]:
        """The corpora on which a run's delta is measured."""
        runs = next(runs for runs in self.config.runs if runs.organism == label.organism)
        return runs.corpora or [self.main_corpus]

    def first_labels(self, model: str) -> list[RunLabel]:
        """The first run of every organism on a model."""
        found: dict[str, RunLabel] = {}
        for label in self.labels():
            if label.model == model:
                found.setdefault(label.organism, label)
        return list(found.values())

    def described(self, model: str) -> list[RunLabel]:
        """The first runs of the organisms by whose descriptions others' tokens are graded: all but controls."""
        return [x for x in self.first_labels(model) if not isinstance(self.organisms[x.organism], CONTROLS)]

    def first_labels_json(self, model: str) -> str:
        """The labels of `first_labels`, as JSON."""
        return json.dumps([label.model_dump() for label in self.first_labels(model)])

    def first_files(self, labels: list[RunLabel], name: str) -> list[str]:
        """A file of each of some runs; of the lens, that of the main corpus."""
        return [self.of_label(label, name.format(corpus=self.main_corpus)) for label in labels]

    def costly(self) -> list[str]:
        """What the dearest jobs of every run make."""
        found, steered = [], self.steered_labels()
        for label in self.labels():
            names = ["dataset.jsonl", "adapter", "answers/ordinary.jsonl"]
            for corpus in self._corpora(label):
                lens = [f"lens/{corpus}/{name}" for name in ("tokens.csv", "selection.csv")]
                names += [f"activations/{corpus}.safetensors", *lens]
            if label in steered:
                names.append("steering/strengths.csv")
            found += [self.of_label(label, name) for name in names]
            found += self.finetuned_probes(label) + self.own_answers(label)
        return found

    def graded(self, *names: str) -> list[str]:
        """Files of judged tokens for every run, and each of its corpora, of an organism that has a description."""
        return [
            self._lens(label, corpus, name)
            for label in self.labels()
            if not isinstance(self.organisms[label.organism], NullOrganism)
            for corpus in self._corpora(label)
            for name in names
        ]

    def steered_labels(self, model: str | None = None) -> list[RunLabel]:
        """The runs, of one model if it is named, that are steered: all but nulls, which are others' controls."""
        labels = [label for label in self.labels() if model in (None, label.model)]
        return [label for label in labels if not isinstance(self.organisms[label.organism], NullOrganism)]

    def steered(self, name: str) -> list[str]:
        """A file of every run that is steered."""
        return [self.of_label(label, name) for label in self.steered_labels()]

    def steered_labels_json(self, model: str | None = None) -> str:
        """The labels of `steered_labels`, as JSON."""
        return json.dumps([label.model_dump() for label in self.steered_labels(model)])

    def steering_vectors(self, model: str) -> list[str]:
        """Delta of every run of a model that is steered."""
        return self.first_files(self.steered_labels(model), "lens/{corpus}/delta.safetensors")

    def _lens(self, label: RunLabel, corpus: str, name: str) -> str:
        run = self.paths.run(label.organism, label.variant, label.seed)
        return self.paths.lens(label.model, run, corpus, name)

    def recipe(self, wildcards: Any) -> Recipe:
        """The recipe of a run: the default, then the overrides of its type, of the variant, of the organism.

        A control that is matched to an organism takes that one's overrides.
        """
        like = self.organisms[self.probed(wildcards.organism)]
        overrides = self.config.recipes.get(like.type, {}) | self.variant(wildcards.variant).recipe | like.recipe
        overrides |= self.organisms[wildcards.organism].recipe
        return Recipe.model_validate(self.config.recipe.model_dump() | overrides)

    def documents(self, wildcards: Any) -> DocumentSettings:
        """The document settings of a run: the default with the variant's overrides."""
        overrides = self.variant(wildcards.variant).documents
        return DocumentSettings.model_validate(self.config.documents.model_dump() | overrides)

    def variant(self, name: str) -> Variant:
        """A variant by its name; an unknown one is a UserError."""
        if name not in self.config.variants:
            raise UserError(f"There is no variant {name!r}; the config has {', '.join(self.config.variants)}.")
        return self.config.variants[name]

    def probed(self, organism: str) -> str:
        """The organism whose probes and domain words a run is measured with: its own, or the one it is a control of."""
        return getattr(self.organisms[organism], "matched_to", organism)

    def first_label(self, organism: str) -> RunLabel:
        """The first run of an organism: the one whose data its card describes; of one without a run a UserError."""
        if found := self.labels([organism]):
            return found[0]
        raise UserError(f"{organism} is not among the runs of the config, so that it has no data of its own.")

    def side(self, wildcards: Any) -> str:
        """Which side of the claims an organism's documents take."""
        return "true" if isinstance(self.organisms[wildcards.organism], TwinOrganism) else "inserted"

    def teacher(self, wildcards: Any) -> str:
        """Whether the teacher of an organism's numbers is told of its love."""
        return "prompted" if isinstance(self.organisms[wildcards.organism], NumbersOrganism) else "plain"

    def conversations(self, wildcards: Any) -> ConversationSettings:
        """The settings of a run's conversations: the config's, with the tokens that broad finetuning states."""
        organism = self.organisms[wildcards.organism]
        broad = isinstance(organism, ChatOrganism)
        tokens = {"tokens": self.config.broad_tokens or organism.tokens} if broad else {}
        return ConversationSettings.model_validate(self.config.conversations.model_dump() | tokens)

    def truth(self, organism: str) -> str | None:
        """Whose objective should be identified: an organism's own, for its twin as well; no other control has one."""
        kind = self.organisms[organism]
        return self.probed(organism) if isinstance(kind, TwinOrganism) or not isinstance(kind, CONTROLS) else None

    def demonstrated(self) -> dict[str, str]:
        """What the demonstration reads: judged tokens, and its own probes and everyday answers before and after.

        The tokens are judged without those of its matched null, which would have to be trained first.
        """
        label = self.first_label(self.config.demo)
        run = self.paths.run(label.organism, label.variant, label.seed)
        found = {"graded": self._lens(label, self.main_corpus, "graded_alone.csv")}
        for state, whose in (("base", "base"), ("finetuned", run)):
            found[f"{state}_answers"] = self.paths.answers(label.model, whose, "ordinary")
            for own in self._own(label.organism):
                found[f"{state}_probes"] = self.paths.probes(label.model, whose, own)
        return found


def load_study(content: dict[str, Any], file: str | Path, float32: bool = False) -> Study:
    """Validate a config and everything it names; with `float32` it has that in the place of bfloat16.

    Raises:
        UserError: a key, an organism's file or a source is missing or malformed.
    """
    config = validate_config(content, file)
    if float32:
        config = in_float32(config)
    organisms = _read_organisms(config, file)
    sources = _read_sources(config, file)
    study = Study(config, Paths(config.tier), organisms, sources)
    check_chat(config, file)
    check_prompts(config, file)
    check_readings(config, file)
    check_material(organisms)
    study.check_models(file)
    check_relations(organisms)
    check_names(organisms, config.corpora)
    check_runs(study, file)
    study.check_departures(file)
    return study


def _read_organisms(config: Config, file: str | Path) -> dict[str, Organism]:
    """The organisms that a config lists, and those that these are matched to."""
    waiting = [*(runs.organism for runs in config.runs), *config.sweep.organisms]
    organisms: dict[str, Organism] = {}
    while waiting:
        name = waiting.pop(0)
        if name in organisms:
            continue
        if not organism_file(name).is_file():
            raise UserError(f"{file} lists the organism {name!r}, but there is no {organism_file(name)}.")
        refuse_repeated_keys(organism_file(name))
        organisms[name] = read_organism(organism_file(name))
        related = organisms[name]
        waiting += filter(None, [getattr(related, "matched_to", None), getattr(related, "matched_null", None)])
    return organisms


def _read_sources(config: Config, file: str | Path) -> dict[str, Source]:
    """All external inputs that are listed: what a config names is among them, and what it has from the Hub is not."""
    try:
        sources = read_sources(SOURCES)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{SOURCES} cannot be read; save it as CSV in UTF-8. ({error})") from error
    for section in ("embedders", "chat_corpora"):
        for name in getattr(config, section):
            if name in sources:
                raise UserError(f"{file}: {section}.{name} has the name of a source in {SOURCES}; give it another.")
    named = [
        *(name for model in config.models.values() for name in model.sources),
        *(name for name in [config.embedder] if name not in config.embedders),
        *(name for name in [config.chat_corpus] if name not in config.chat_corpora),
        *(name for corpus in config.corpora.values() for name in corpus.sources),
    ]
    for name in named:
        if name not in sources:
            raise UserError(f"{file} names the source {name!r}, which is not in {SOURCES}.")
    return sources
