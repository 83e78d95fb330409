"""The validated config of one tier: composition of all sections."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from paper_replication.organisms.specification import CLASSES, CONTROLS
from paper_replication.settings.ablations import AblationSettings
from paper_replication.settings.agent import AgentSettings
from paper_replication.settings.base import Settings
from paper_replication.settings.causal import CausalRuns
from paper_replication.settings.causal_matched import MatchedSettings
from paper_replication.settings.chat import ChatSettings
from paper_replication.settings.corpus import CorpusSettings
from paper_replication.settings.datasets import ConversationSettings, DocumentSettings, NumberSettings
from paper_replication.settings.hub import HubChat, HubEmbedder
from paper_replication.settings.identification import IdentificationSettings
from paper_replication.settings.judges import RelevanceSettings, ScaleSettings
from paper_replication.settings.lens import ReadoutSettings, WindowSettings
from paper_replication.settings.llm_judges import LlmJudgeSettings
from paper_replication.settings.mixing import DEFAULT
from paper_replication.settings.model_entry import ModelEntry
from paper_replication.settings.plan import PlanSettings
from paper_replication.settings.resources import Resources
from paper_replication.settings.runs import (
    MIXING,
    Controlled,
    Elsewhere,
    Mixtures,
    Overrides,
    Runs,
    Seeds,
    Sweep,
    Variant,
)
from paper_replication.settings.steering import CoherenceSettings, SimilaritySettings, SteeringSettings
from paper_replication.settings.training import Recipe

# Names become folders and parts of file names.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._]*(-[A-Za-z0-9._]+)*")
OWN_KIND = "own_kind"
# What is made of the tables of mixtures, which none of these may be called.
OTHER_TABLES = ("mixing_contrasts", "mixing_seeds", "mixing_elsewhere", "mixing_elsewhere_seeds")
# Names that are folders already: beside the models', beside the organisms', and beside the tiers'.
TAKEN = {
    "models": {"sources", "corpora", "cache", "logs"},
    # The latter are probes and answers of all.
    "runs": {"base", "ordinary", "others"},
    "tier": {"inputs"},
}


class Readings(Settings):
    """Files of what was read outside the pipeline: verdicts on tokens and on steered answers, and answers of agents to
    their briefings; what is not named is left out.
    """

    tokens: str | None = None
    answers: str | None = None
    investigations: str | None = None


class Config(Settings):
    """Everything a tier decides."""

    tier: str
    models: Annotated[dict[str, ModelEntry], Field(min_length=1)]
    # How several models are compared: families by the tokens alone, or a larger model by all that is measured.
    compared_as: Literal["families", "larger_model"] = "families"
    # The tier whose organisms are made a second time here, with other seeds or on less, and compared with it.
    again_of: str | None = None
    corpora: dict[str, CorpusSettings]
    # The corpora on which delta may be measured, and over how many documents; figures show the first.
    lens_corpora: Annotated[dict[str, Annotated[int, Field(gt=1)]], Field(min_length=1)]
    null_corpus: str
    # A packaged source, or one of `embedders`, which come from the Hub.
    embedder: str
    embedders: dict[str, HubEmbedder] = {}
    # A packaged source, or one of `chat_corpora`, which come from the Hub.
    chat_corpus: str
    chat_corpora: dict[str, HubChat] = {}
    # Tokens of broad finetuning; what its organism's file says where no number is given.
    broad_tokens: Annotated[int, Field(gt=0)] | None = None
    documents: DocumentSettings
    conversations: ConversationSettings
    numbers: NumberSettings
    recipe: Recipe
    # Overrides of the recipe for all organisms of a type, and for the controls matched to them.
    recipes: dict[str, Overrides] = {}
    variants: dict[str, Variant]
    runs: Annotated[list[Runs], Field(min_length=1)]
    sweep: Sweep
    seeds: Seeds
    demo: str
    chat: ChatSettings
    chat_seed: int
    # At most so many of its own probes are asked of a run, evenly spread over them; all where no number is given.
    own_probes: Annotated[int, Field(gt=0)] | None = None
    # How many probes of each other organism are asked of a run, besides its own.
    probes_of_others: Annotated[int, Field(gt=0)]
    # With how many each finetuned model is steered beside its difference, in the target `cross_steering`.
    random_directions: Annotated[int, Field(gt=1)]
    activations: WindowSettings
    readouts: ReadoutSettings
    scales: ScaleSettings
    relevance: RelevanceSettings
    coherence: CoherenceSettings
    steering: SteeringSettings
    similarity: SimilaritySettings
    causal: CausalRuns
    # At how many of the first positions the causal effect is measured; at those of the lens where no number is given.
    causal_positions: Annotated[int, Field(gt=0)] | None = None
    causal_matched: MatchedSettings
    resources: dict[str, Resources]
    identification: IdentificationSettings
    ablations: AblationSettings
    mixing: Annotated[list[Mixtures], Field(min_length=1)]
    # What is mixed in: documents of `null_corpus` with documents, conversations with conversations; or documents of the
    # corpus that is named with either, as in the paper.
    mixed_in: str = OWN_KIND
    # Whether a trace that is gone where delta is measured on what is mixed in is gone on other text as well.
    elsewhere: list[Elsewhere] = []
    dose: Annotated[list[Controlled], Field(min_length=1)]
    agent: AgentSettings
    llm_judges: LlmJudgeSettings
    plan: PlanSettings
    # What is computed in where the config says bfloat16 and a CPU is slower in that than in float32.
    without_bfloat16: Literal["bfloat16", "float32"] = "bfloat16"
    readings: Readings = Readings()

    @model_validator(mode="after")
    def _names_can_be_paths(self) -> "Config":
        named = {"tier": [self.tier], "runs": [runs.organism for runs in self.runs]}
        named["mixing"] = [group.table for group in self.mixing]
        for section in ("models", "variants", "corpora", "embedders", "chat_corpora"):
            named[section] = list(getattr(self, section))
        for key, name in ((key, name) for key, names in named.items() for name in names):
            if not NAME.fullmatch(name):
                raise ValueError(f"{key}: {name!r} is to name files: letters, digits, '.', '_' and single '-' alone")
            if name in TAKEN.get(key, ()):
                raise ValueError(f"{key}: {name!r} is the name of another folder there")
        if self.again_of == self.tier:
            raise ValueError("again_of: it names another tier than this one")
        for runs in self.runs if self.again_of else ():
            if len(runs.seeds) * len(runs.variants) > 1:
                raise ValueError(f"runs: again, {runs.organism!r} is made with one seed and one variant alone")
        for name in named["mixing"]:
            if not (name == MIXING or name.startswith(f"{MIXING}_")) or name in OTHER_TABLES:
                raise ValueError(f"mixing: a table is called {MIXING} or {MIXING}_ and more, but not {name!r}")
        if MIXING not in named["mixing"]:
            raise ValueError(f"mixing: no group goes into the table {MIXING!r}, which has the runs without a mixture")
        for name in self.embedders.keys() & self.chat_corpora.keys():
            raise ValueError(f"embedders and chat_corpora both have {name!r}, which names one folder")
        return self

    @model_validator(mode="after")
    def _sizes_fit(self) -> "Config":
        if self.activations.positions >= self.activations.window:
            raise ValueError("activations.window: it must be more than activations.positions, for the target norm")
        if (self.causal_positions or 0) >= self.activations.window:
            raise ValueError("causal_positions: it must be less than activations.window, for the target norm")
        if self.activations.positions < 2:
            raise ValueError("activations.positions: it must be 2 or more, since delta's norm leaves out the first")
        if "replace" not in self.causal.interventions:
            raise ValueError("causal.interventions: name `replace`, by which mixtures and doses are compared")
        if self.numbers.minimum > self.numbers.maximum:
            raise ValueError("numbers.minimum: more than numbers.maximum")
        if self.relevance.calibration_words * self.relevance.false_positive_rate < 1:
            raise ValueError("relevance.calibration_words: too few for relevance.false_positive_rate")
        if self.causal_matched.position >= self.activations.positions:
            raise ValueError("causal_matched.position: delta is measured at fewer (activations.positions)")
        for section in ("identification", "agent"):
            if not getattr(self, section).budgets:
                raise ValueError(f"{section}.budgets: name at least one kind of evidence")
        if not self.readouts.scales:
            raise ValueError("readouts.scales: name at least one scale")
        if self.readouts.graded_tokens > self.readouts.cached_tokens:
            raise ValueError("readouts.graded_tokens: more than readouts.cached_tokens, of which they are the first")
        return self

    @model_validator(mode="after")
    def _runs_are_defined(self) -> "Config":
        for variant in [*(variant for runs in self.runs for variant in runs.variants), *self.sweep.variants]:
            if variant not in self.variants:
                raise ValueError(f"the variant {variant!r} of a run or the sweep is not among variants")
        names = [runs.organism for runs in self.runs]
        if len(set(names)) < len(names):
            raise ValueError("an organism is listed twice under runs; list its variants and seeds in one line")
        for section in ("seeds", "causal"):
            for name in getattr(self, section).organisms:
                if name not in names:
                    raise ValueError(f"{section}: the organism {name!r} is not among runs")
        for name in self.sweep.organisms:
            if name in names:
                raise ValueError(f"sweep: the organism {name!r} is among runs, but the recipe is chosen by others")
        if self.demo not in names:
            raise ValueError(f"demo: the organism {self.demo!r} is not among runs")
        return self

    @model_validator(mode="after")
    def _corpora_are_defined(self) -> "Config":
        mixed_in = [] if self.mixed_in == OWN_KIND else [self.mixed_in]
        for name in [*self.lens_corpora, self.null_corpus, *mixed_in]:
            if name not in self.corpora:
                raise ValueError(f"the corpus {name!r} is not among corpora")
        for name in (name for runs in self.runs for name in runs.corpora):
            if name not in self.lens_corpora:
                raise ValueError(f"the corpus {name!r} of a run is not among lens_corpora")
        main = next(iter(self.lens_corpora))
        for name in (name for group in self.elsewhere for name in group.corpora):
            if name == main or name not in self.lens_corpora:
                raise ValueError(f"elsewhere: name corpora of lens_corpora other than {main!r}, but not {name!r}")
        for runs in self.runs:
            if runs.corpora and main not in runs.corpora:
                raise ValueError(f"the corpora of {runs.organism!r} lack {main!r}, which every figure shows")
        return self

    @model_validator(mode="after")
    def _nothing_is_listed_twice(self) -> "Config":
        for place, listed in _parts_of("", self.model_dump()):
            for number, item in enumerate(listed if isinstance(listed, list) else []):
                if item in listed[:number]:
                    raise ValueError(f"{place}: {item!r} is listed twice")
        return self

    @model_validator(mode="after")
    def _seeds_are_not_negative(self) -> "Config":
        for place, value in _parts_of("", self.model_dump()):
            seeds = value if isinstance(value, list) else [value]
            if re.search(r"seeds?$", place) and any(isinstance(seed, int) and seed < 0 for seed in seeds):
                raise ValueError(f"{place}: a seed is below zero")
        return self

    @model_validator(mode="after")
    def _types_and_resources_are_defined(self) -> "Config":
        types = [kind for kind, found in CLASSES.items() if found not in CONTROLS]
        for kind in self.recipes:
            if kind not in types:
                raise ValueError(f"recipes: {kind!r} is not among the types of organisms, {', '.join(types)}")
        if "default" not in self.resources:
            raise ValueError("resources needs an entry named default")
        return self

    @model_validator(mode="after")
    def _models_are_defined(self) -> "Config":
        sections = {f"runs, {runs.organism}": runs for runs in self.runs} | {"sweep": self.sweep, "seeds": self.seeds}
        sections |= {f"mixing, group {place}": group for place, group in enumerate(self.mixing)}
        sections |= {f"dose, group {place}": group for place, group in enumerate(self.dose)}
        sections |= {f"elsewhere, group {place}": group for place, group in enumerate(self.elsewhere)}
        for section, group in sections.items():
            for name in group.models:
                if name not in self.models:
                    raise ValueError(f"{section}: the model {name!r} is not among models")
            named = [group.organism] if isinstance(group, Runs) else group.organisms
            if group.models and not any(set(group.models) & set(self.models_of(name)) for name in named):
                raise ValueError(f"{section}: none of its organisms goes with one of its models")
        for rule, resources in self.resources.items():
            for name, model in self.models.items():
                if resources.grow and model.billions is None:
                    raise ValueError(f"models.{name} must state its billions, which resources.{rule} depend on")
        return self

    @model_validator(mode="after")
    def _ablations_fit(self) -> "Config":
        main, n_documents = next(iter(self.lens_corpora.items()))
        for count in self.ablations.document_counts:
            if count >= n_documents:
                raise ValueError(f"ablations.document_counts: {count} is not less than lens_corpora.{main}")
        if self.activations.positions >= self.ablations.window:
            raise ValueError("ablations.window: it must be more than activations.positions, for the target norm")
        # What the others are compared with.
        if self.activations.layer not in self.ablations.layers or 1.0 not in self.ablations.layers:
            raise ValueError(f"ablations.layers: name activations.layer ({self.activations.layer}) and 1.0, the last")
        if 1.0 not in self.ablations.weights:
            raise ValueError("ablations.weights: name 1.0, the whole adapter")
        # Their largest relevance is compared with that over as many positions, in whole sets.
        if self.readouts.random_vectors % self.activations.positions:
            raise ValueError("readouts.random_vectors: not a multiple of activations.positions")
        return self

    @model_validator(mode="after")
    def _corpora_have_one_origin(self) -> "Config":
        for name, corpus in self.corpora.items():
            if bool(corpus.sources) == bool(corpus.hub):
                raise ValueError(f"corpora.{name}: either `sources` or `hub` is given")
            if corpus.hub and not corpus.hub_documents:
                raise ValueError(f"corpora.{name}: `hub_documents` says how many of {corpus.hub} are read")
        return self

    @model_validator(mode="after")
    def _departures_are_defined(self) -> "Config":
        runs = {runs.organism: runs.variants for runs in self.runs}
        for section, group in [*(("mixing", x) for x in self.mixing), *(("dose", x) for x in self.dose)]:
            for name in group.organisms:
                if name not in runs:
                    raise ValueError(f"{section}: the organism {name!r} is not among runs")
                if DEFAULT not in runs[name]:
                    raise ValueError(f"{section}: the runs of {name!r} lack the variant {DEFAULT!r}, its reference")
            for variant in group.variants:
                if variant not in self.variants:
                    raise ValueError(f"{section}: the variant {variant!r} is not among variants")
        if {variant for group in self.dose for variant in group.variants} <= {DEFAULT}:
            raise ValueError(f"dose: name a variant beside {DEFAULT!r}")
        return self

    @model_validator(mode="after")
    def _ablated_directions_are_measured(self) -> "Config":
        measured = self.activations.positions
        for name, variant in self.variants.items():
            if variant.ablate is None:
                continue
            if name == DEFAULT:
                raise ValueError(f"variants.{name}: it cannot have `ablate`, whose directions are its own difference")
            if max(variant.ablate.positions) >= measured:
                raise ValueError(
                    f"variants.{name}.ablate.positions: delta is measured at positions 0 to {measured - 1} alone "
                    "(activations.positions)"
                )
        return self

    def models_of(self, organism: str) -> list[str]:
        """The models that an organism goes with; one that is not reported goes with all."""
        named = next((runs.models for runs in self.runs if runs.organism == organism), [])
        return named or list(self.models)


def _parts_of(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    """A part of the config and every part of it, with where they are."""
    yield place, value
    parts = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    for key, part in parts:
        yield from _parts_of(f"{place}.{key}".lstrip("."), part)
