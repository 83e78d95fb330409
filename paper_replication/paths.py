"""Every path of the project: the only module that knows where files are."""

from dataclasses import dataclass
from pathlib import Path

INPUTS = Path("data/inputs")
SOURCES = INPUTS / "sources.csv"
ORGANISMS = INPUTS / "organisms"
KINDS = INPUTS / "document_kinds.yaml"
GUESSING_GAME = INPUTS / "guessing_game.yaml"
OPEN_QUESTIONS = INPUTS / "open_questions.yaml"
CHAT_PROMPTS = INPUTS / "chat_prompts.yaml"
STEERING_PROMPTS = INPUTS / "steering_prompts.yaml"
CONFIGS = Path("workflow/config")
OBJECTIVES = INPUTS / "objectives.yaml"
PUBLISHED = INPUTS / "published_adapters.csv"
CODE_CHANGES = INPUTS / "code_changes.csv"
RUBRICS = INPUTS / "rubrics.yaml"
PROMPTS = INPUTS / "prompts"
READINGS = INPUTS / "readings"


def organism_file(name: str) -> Path:
    """The specification of an organism."""
    return ORGANISMS / f"{name}.yaml"


def prompt_file(name: str) -> Path:
    """What an LLM is asked or told."""
    return PROMPTS / f"{name}.txt"


@dataclass(frozen=True)
class Paths:
    """Paths of one tier's generated files; arguments may be Snakemake wildcards such as "{model}".

    A `run` is "base", or what `run` returns for an organism's finetuned model.
    """

    tier: str

    @property
    def data(self) -> str:
        """The folder of everything that is not a figure or table."""
        return f"data/{self.tier}"

    @property
    def figures(self) -> str:
        """The folder of figures."""
        return f"figures/{self.tier}"

    def source(self, name: str) -> str:
        """The folder of one fetched external input."""
        return f"{self.data}/sources/{name}"

    def corpus(self, name: str) -> str:
        """One corpus of unrelated documents."""
        return f"{self.data}/corpora/{name}.jsonl"

    def corpus_source(self, name: str) -> str:
        """Which commit of a dataset of the Hub a corpus is from."""
        return f"{self.data}/corpora/{name}.hub.json"

    def run(self, organism: str, variant: str, seed: object) -> str:
        """The name of one finetuned model's folder."""
        return f"{organism}/{variant}-seed{seed}"

    def of_run(self, model: str, run: str, name: str) -> str:
        """A file or folder of one run."""
        return f"{self.data}/{model}/{run}/{name}"

    def model(self, model: str) -> str:
        """The base model's folder: weights, tokenizer, chat template."""
        return self.of_run(model, "base", "model")

    def probes(self, model: str, run: str, organism: str) -> str:
        """An organism's probes scored on a run, or a part of those of all "others"."""
        return self.of_run(model, run, f"probes/{organism}.csv")

    def answers(self, model: str, run: str, prompts: str) -> str:
        """A run's answers to the prompts of an organism, or to the "ordinary" ones."""
        return self.of_run(model, run, f"answers/{prompts}.jsonl")

    def activations(self, model: str, run: str, corpus: str) -> str:
        """A run's activations on a corpus."""
        return self.of_run(model, run, f"activations/{corpus}.safetensors")

    def lens(self, model: str, run: str, corpus: str, name: str) -> str:
        """A file of the lens on a run and corpus."""
        return self.of_run(model, run, f"lens/{corpus}/{name}")

    def steering(self, model: str, run: str, name: str) -> str:
        """A file of the steering of a run."""
        return self.of_run(model, run, f"steering/{name}")

    def elsewhere(self, corpus: str, name: str) -> str:
        """A file, in a run's folder, of steering with a delta that was measured on another than the main corpus."""
        return f"elsewhere/{corpus}/{name}"

    def cross_grading(self, model: str) -> str:
        """Every run's tokens graded by every organism's description, on one model."""
        return self.of_run(model, "base", "cross_grading.csv")

    def dataset_card(self, organism: str) -> str:
        """The card of an organism's finetuning data, published with the figures."""
        return f"{self.figures}/dataset_cards/{organism}.md"

    def answers_pages(self) -> str:
        """The folder of pages on which answers of base and finetuned models stand side by side."""
        return f"{self.figures}/answers"

    def table(self, name: str) -> str:
        """A table that is published with the figures."""
        return f"{self.figures}/tables/{name}.csv"

    def costs(self) -> str:
        """What the jobs cost; beside the tables and not among them, since it is never the same twice."""
        return f"{self.figures}/costs.csv"

    def figure(self, name: str, suffix: str) -> str:
        """A figure; suffix is pdf or png."""
        return f"{self.figures}/{name}.{suffix}"

    def record(self, path: str) -> str:
        """The provenance record beside a job's first output."""
        return f"{path}.record.json"

    def log(self, rule: str, *parts: str) -> str:
        """The log of a rule's job."""
        return f"{self.data}/logs/{'/'.join((rule, *parts))}.log"

    def ablation(self, model: str, run: str, name: str) -> str:
        """A file of the ablations of the lens on a run."""
        return self.of_run(model, run, f"ablations/{name}")

    def agent(self, model: str, run: str, agent: str, budget: object, name: str) -> str:
        """A file of one agent with one budget of interactions, on a run."""
        return self.of_run(model, run, f"agent/{agent}-{budget}/{name}")

    def sheet(self, model: str, organism: str, reading: object) -> str:
        """What is read outside the pipeline of an organism, in the order of one reading."""
        return self.of_run(model, "base", f"sheets/{organism}-{reading}.txt")

    def answer_sheet(self, model: str, told: str, organism: str, reading: object) -> str:
        """The same of steered answers."""
        return self.of_run(model, "base", f"{told}/{organism}-{reading}.txt")

    def briefing(self, model: str, run: str, agent: str) -> str:
        """All that an agent without interactions is told of a run."""
        return f"{self.figures}/briefings/{model}/{run}/{agent}.txt"

    def cache(self, name: str) -> str:
        """A folder of answers that were paid for once; jobs read and write it, and it survives those that fail."""
        return f"{self.data}/cache/{name}"

    def base_again(self, model: str, seed: object, name: str) -> str:
        """A file of the base model's new answers, as if it were a finetuned one; each seed draws them anew."""
        return self.of_run(model, "base", f"again/seed{seed}/{name}")
