"""What tests of the interpretability agent share: a tiny finetuned model, its evidence, endpoints, and the step."""

from pathlib import Path

import pytest
import torch
from endpoint import Endpoint, scripted
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from test_agent_tables import selection, steering
from transformers import AutoModelForCausalLM

from paper_replication.files import read_table, read_yaml, write_json_lines
from paper_replication.organisms.specification import read_organism
from paper_replication.paths import CONFIGS, RUBRICS, organism_file, prompt_file
from paper_replication.settings.agent import AgentSettings
from paper_replication.settings.run import RunLabel
from paper_replication.token_tables import write_token_table

KEY = "sk-this-key-is-not-to-be-found-anywhere-1234567890"
LAYER = 0.5
SETTINGS = AgentSettings.model_validate(
    read_yaml(CONFIGS / "laptop.yaml")["agent"]
    | {"model": "openai-api/local/agent", "grader": "openai-api/local/grader", "runs": 2, "grader_repeats": 2}
    | {"max_retries": 0, "timeout_seconds": 20, "new_tokens": 4, "precision": "float32", "characters": 20, "tokens": 2}
)


@pytest.fixture(scope="module")
def run_files(tiny_folder, tmp_path_factory):
    """All inputs of a run on the tiny model, with an adapter whose update is not zero."""
    folder = tmp_path_factory.mktemp("run")
    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32)
    wrapped = get_peft_model(model, LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False))
    wrapped.save_pretrained(folder / "adapter")
    write_token_table(folder / "selection.csv", selection())
    write_json_lines(folder / "texts.jsonl", steering())
    save_file({"difference": torch.randn(2, 32)}, folder / "delta.safetensors")
    return folder


@pytest.fixture
def endpoint():
    """Starts endpoints; they are stopped at the end."""
    servers = []

    def start(reply=scripted, status=200, **options):
        servers.append(Endpoint(reply, status, **options))
        return servers[-1]

    yield start
    for server in servers:
        if not server.dead:
            server.stop()


def moved(server):
    """Stop an endpoint, for another to take its port."""
    server.stop()
    return server.port


def all_text(folder):
    """Everything below a folder, logs unpacked as well."""
    from inspect_ai.log import read_eval_log

    found = b""
    for path in (path for path in Path(folder).rglob("*") if path.is_file()):
        # Inspect reads Zstandard, which newer logs are compressed by.
        found += read_eval_log(str(path)).model_dump_json().encode() if path.suffix == ".eval" else b""
        found += path.read_bytes()
    return found


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("LOCAL_API_KEY", KEY)
    monkeypatch.setenv("SOME_OTHER_TOKEN", "another-key-1234567890")


def inputs(run_files, tiny_folder, out, url, organism="gold", evidence="adl", budget=5, **changes):
    """The step's arguments; `changes` are of its settings."""
    kind = read_organism(organism_file(organism)).type
    addresses = {"base_url": url, "grader_base_url": url}
    return {
        "settings": SETTINGS.model_copy(update=addresses | changes),
        "label": RunLabel(model="m", organism=organism, organism_type=kind, variant="default", seed=0),
        "evidence": evidence,
        "budget": budget,
        "corpus_name": "encyclopaedia",
        "layer": LAYER,
        "cache": str(out / "cache"),
        "selection": run_files / "selection.csv",
        "steering": run_files / "texts.jsonl",
        "vectors": run_files / "delta.safetensors",
        "model": tiny_folder,
        "adapter": run_files / "adapter",
        "instructions": prompt_file(f"agent_{evidence}"),
        "grading": prompt_file("grade"),
        "rubrics": RUBRICS,
        "organism": organism_file(organism),
        "twin_of": organism_file("cake_bake") if organism == "cake_bake_true" else None,
        "log": out / "log.eval",
        "grades": out / "grades.csv",
    }


@pytest.fixture
def run_step(run_files, tiny_folder, tmp_path, key):
    """Runs the step against an address; gives its grades."""
    from paper_replication.steps.agent import agent

    def run(url, out=tmp_path, run_files=run_files, **changes):
        out.mkdir(exist_ok=True)
        agent(**inputs(run_files, tiny_folder, out, url, **changes))
        return read_table(out / "grades.csv")

    return run
