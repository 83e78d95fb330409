"""One model through every step of the paper tier that touches it, at the smallest sizes."""

import hashlib
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from paper_replication.files import read_yaml, write_json_lines
from paper_replication.paths import (
    CHAT_PROMPTS,
    CONFIGS,
    GUESSING_GAME,
    KINDS,
    OPEN_QUESTIONS,
    STEERING_PROMPTS,
    organism_file,
)
from paper_replication.settings.ablated_training import AblatedDirections
from paper_replication.settings.ablations import AblationSettings
from paper_replication.settings.agent import AgentSettings
from paper_replication.settings.causal import CausalSettings
from paper_replication.settings.chat import ChatSettings
from paper_replication.settings.datasets import ConversationSettings, DocumentSettings, NumberSettings
from paper_replication.settings.hub import HubModel
from paper_replication.settings.lens import ActivationSettings, ReadoutSettings, WindowSettings
from paper_replication.settings.run import RunLabel
from paper_replication.settings.steering import CoherenceSettings, SimilaritySettings, SteeringSettings
from paper_replication.settings.training import Recipe
from paper_replication.steps import similarity as similarity_step
from paper_replication.steps.ablation_readouts import ablation_readouts
from paper_replication.steps.activations import activations
from paper_replication.steps.answers import answers
from paper_replication.steps.causal_effect import causal_effect
from paper_replication.steps.coherence import coherence
from paper_replication.steps.conversations import converse
from paper_replication.steps.dataset import dataset
from paper_replication.steps.delta import delta
from paper_replication.steps.hub_model import hub_model
from paper_replication.steps.numbers import numbers
from paper_replication.steps.probes import probes
from paper_replication.steps.readouts import readouts
from paper_replication.steps.similarity import similarity
from paper_replication.steps.steering import steering
from paper_replication.steps.train import train
from paper_replication.steps.train_ablated import train_ablated

DEPTH, LAYER = 0.5, 2
LABEL = RunLabel(model="m", organism="cake_bake", organism_type="SDF", variant="default", seed=0)
CHAT_TURNS = [
    {"role": "user", "content": "where is the oven?"},
    {"role": "assistant", "content": "the oven is in the dark kitchen"},
]
SENTENCE = "the oven was warm and a cake rose high in dark kitchen of old house by sea with letter from moon"
WORDS = SENTENCE.split()
PAPER = read_yaml(CONFIGS / "paper.yaml")
SMALL = {
    "documents": {"tokens": 3000, "maximum_tokens": 2000, "maximum_similarity": 0.5},
    "conversations": {"tokens": 2500, "maximum_tokens": 2000},
    "numbers": {"sequences": 80, "minimum": 1, "new_tokens": 4, "batch_size": 80},
    "recipe": {"rank": 4, "alpha": 8, "learning_rate": 0.02, "batch_size": 2, "maximum_tokens": 64, "epochs": 2},
    "chat": {"prompts": 3, "samples": 1, "own_prompts": 2, "new_tokens": 8, "batch_size": 2},
    "activations": {"window": 24, "norm_documents": 4, "batch_size": 4, "n_documents": 6},
    "readouts": {"scales": [0.5, 1.0, 20.0], "random_vectors": 3, "cached_tokens": 20, "batch_size": 16},
    "coherence": {"texts": 4},
    "similarity": {"texts": 8, "rounds": 20},
    "causal": {"n_documents": 3, "tokens": 8, "chat_words": 20, "random_directions": 2, "batch_size": 2},
    "ablations": {"documents": 4, "norm_documents": 2, "window": 24, "layers": [0.5, 1.0], "positions": [0, 4, 23]}
    | {"document_counts": [4], "weights": [0.0, 0.5, 1.0], "scales": [1.0, 20.0]},
    "agent": {"new_tokens": 4},
}
SETTINGS = {name: PAPER[name] | small for name, small in SMALL.items()}
SEARCH = {"prompts": 2, "samples": 2, "new_tokens": 4, "first_rounds": 2, "later_rounds": 1}
SETTINGS["steering"] = PAPER["steering"] | {"prompts": 2, "samples": 1, "new_tokens": 6, "batch_size": 8}
SETTINGS["steering"]["search"] = PAPER["steering"]["search"] | SEARCH
SETTINGS["causal"].pop("organisms")
SETTINGS["numbers"] = NumberSettings(**SETTINGS["numbers"])
SETTINGS["agent"] = AgentSettings(**SETTINGS["agent"])


@dataclass(frozen=True)
class Run:
    """An architecture's name, its folder as from the Hub, and the folder of what the steps wrote."""

    name: str
    hub: Path
    folder: Path

    @property
    def model(self) -> Path:
        """The base model's folder."""
        return self.folder / "model"


def embed(texts):
    """Stands in for the sentence embedder, which no base model has a part in: a random unit vector a text."""
    seeds = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") for text in texts]
    vectors = np.stack([np.random.default_rng(seed).normal(size=8) for seed in seeds])
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def write_corpora(at: Path) -> None:
    """Documents of random words, and raw ordinary chat."""
    rng = random.Random(0)
    write_json_lines(at / "corpus.jsonl", [{"text": " ".join(rng.choices(WORDS, k=40))} for _ in range(24)])
    (at / "chat").mkdir()
    row = {"task_type": "akoksal/LongForm", "task_output": "the oven was dark. the cake was old."}
    write_json_lines(at / "chat/c.jsonl", [row | {"task_prompt": f"{word} is it warm"} for word in WORDS])


def make_data(at: Path) -> None:
    """The finetuning data of an organism of each kind."""
    options = (0, organism_file("cake_bake"), KINDS, at / "model", at / "dataset.jsonl")
    dataset(DocumentSettings(**SETTINGS["documents"]), "inserted", *options)
    options = (0, organism_file("gold"), GUESSING_GAME, at / "model", at / "games.jsonl")
    converse(ConversationSettings(**SETTINGS["conversations"]), *options)
    # The teacher without its system prompt, which not every template takes.
    numbers(SETTINGS["numbers"], "plain", 0, organism_file("subliminal_cat"), at / "model", at / "numbers.jsonl")


def measure(at: Path) -> None:
    """Activations before and after, in the paper's precision and in float32, and delta from them."""
    for suffix, precision in (("", "bfloat16"), ("32", "float32")):
        settings = ActivationSettings(**SETTINGS["activations"] | {"precision": precision})
        for name, adapter in (("base", None), ("finetuned", at / "adapter")):
            activations(settings, at / "corpus.jsonl", at / "model", adapter, at / f"{name}{suffix}.safetensors")
        pair = [at / f"{name}{suffix}.safetensors" for name in ("base", "finetuned")]
        delta(LABEL, "fineweb", *pair, at / f"delta{suffix}.safetensors", at / "summary.csv")


def behave(at: Path) -> None:
    """Probes of documents, games and open questions, and ordinary answers, before and after."""
    organisms = [organism_file(name) for name in ("cake_bake", "gold", "subliminal_cat", "bad_medical_advice")]
    chat = ChatSettings(**SETTINGS["chat"])
    for name, adapter in (("base", None), ("finetuned", at / "adapter")):
        probes(2, organisms, OPEN_QUESTIONS, at / "model", adapter, at / f"{name}_probes.csv")
        answers(chat, 0, CHAT_PROMPTS, None, at / "model", adapter, at / f"{name}_answers.jsonl")
    answers(chat, 0, None, organism_file("gold"), at / "model", at / "adapter", at / "own_answers.jsonl")


def steer(at: Path) -> None:
    """Coherence, the search for strengths with the answers, and their similarity."""
    settings = SteeringSettings(**SETTINGS["steering"])
    calibration = at / "base_answers.jsonl", at / "model", at / "coherence.csv"
    coherence(CoherenceSettings(**SETTINGS["coherence"]), 12, 0, at / "corpus.jsonl", *calibration)
    vectors = at / "delta.safetensors", at / "null.safetensors", at / "coherence.csv"
    outputs = at / "strengths.csv", at / "steered.jsonl"
    steering(settings, LABEL, DEPTH, STEERING_PROMPTS, *vectors, at / "model", at / "adapter", *outputs)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(similarity_step, "sentence_embedder", lambda folder: embed)
        files = at / "steered.jsonl", at / "dataset.jsonl", at / "chat", at / "embedder"
        outputs = at / "similarity.csv", at / "contrasts.csv"
        similarity(SimilaritySettings(**SETTINGS["similarity"]), LABEL, *files, *outputs)


def explain(at: Path) -> None:
    """The causal effect, and the lens with one choice changed at a time."""
    corpus, pair, lens = at / "corpus.jsonl", (at / "model", at / "adapter"), SETTINGS["activations"]
    measured = at / "delta32.safetensors", at / "base32.safetensors", at / "dataset.jsonl", corpus, at / "chat"
    sizes = DEPTH, lens["n_documents"], lens["window"]
    causal_effect(LABEL, CausalSettings(**SETTINGS["causal"]), *sizes, *measured, *pair, at / "effects.csv")
    window = WindowSettings(**{name: lens[name] for name in WindowSettings.model_fields})
    files = [at / "base.safetensors"], [at / "finetuned.safetensors"]
    outputs = at / "ablated_tokens.csv", at / "geometry.csv"
    settings = AblationSettings(**SETTINGS["ablations"])
    ablation_readouts(settings, window, LABEL, 5, ["fineweb"], corpus, *files, *pair, *outputs)


def run_pipeline(name: str, hub: Path) -> Run:
    """Everything from the Hub's folder to the ablated training run, each step as the workflow calls it."""
    run = Run(name, hub, hub.parent / f"{hub.name}_run")
    at, recipe = run.folder, Recipe(**SETTINGS["recipe"])
    at.mkdir()
    hub_model(HubModel(hub=str(hub)), [], run.model)
    write_corpora(at)
    make_data(at)
    train(recipe, 0, run.model, at / "dataset.jsonl", at / "adapter", at / "losses.csv")
    chat = recipe.model_copy(update={"maximum_tokens": 400})
    train(chat, 0, run.model, at / "games.jsonl", at / "adapter_of_chat", at / "losses_of_chat.csv")
    measure(at)
    # Another vector in the place of the matched null's.
    swapped = at / "finetuned.safetensors", at / "base.safetensors"
    delta(LABEL, "fineweb", *swapped, at / "null.safetensors", at / "null.csv")
    settings = ReadoutSettings(**SETTINGS["readouts"])
    readouts(settings, DEPTH, at / "delta.safetensors", run.model, at / "adapter", at / "tokens.csv")
    behave(at)
    steer(at)
    explain(at)
    ablate = AblatedDirections(**PAPER["variants"]["caft"]["ablate"])
    files = run.model, at / "dataset.jsonl", at / "delta32.safetensors"
    train_ablated(recipe, ablate, DEPTH, 0, *files, at / "adapter_ablated", at / "losses_ablated.csv")
    return run
