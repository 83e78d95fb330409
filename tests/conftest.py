"""Fixtures: tiny random models in Hub layout, one run of the smoke tier, and slow tests last."""

import contextlib
import shutil
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

TEXT = (
    "the oven was warm and the cake rose high in the dark kitchen of the old house by the sea man 1135 hello bear 42 "
    "blue 921 target anna -> ? user assistant a b c d e f g h i j k l m n o p q r s t u v w x y z . , : ' 0 1 2 3 4 5"
)
TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>\n{{ m['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)


# Of the files that run workflows those that start first: the one that makes the project, one that has work to do
# meanwhile, the one that waits for Slurm while others compute, then the longest.
FIRST = ["test_smoke", "test_agent_server", "test_slurm", "test_conda", "test_smoke_kills"]
A_MODEL_EACH = ["test_architectures"]


def pytest_collection_modifyitems(items):
    """Fast tests first; side by side, a file's tests go to one process, which shares their fixtures."""
    order = {name: number for number, name in enumerate(FIRST)}
    items.sort(
        key=lambda item: (item.get_closest_marker("slow") is not None, order.get(item.path.stem, len(order))),
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Of files with a model for each parameter, each model's tests are a file of their own.

    The groups that pytest-xdist 3.8 knows for this do nothing under pytest 9.2, which names tests in another way.
    """
    from xdist.scheduler import LoadFileScheduling

    class ByModel(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file, _, test = nodeid.partition("::")
            parameter = test.partition("[")[2].rstrip("]").partition("-")[0]
            return f"{file}[{parameter}]" if Path(file).stem in A_MODEL_EACH else file

    return ByModel(config, log) if config.getvalue("dist") == "loadfile" else None


def make_tokenizer(bos: bool) -> PreTrainedTokenizerFast:
    """A small byte-level BPE tokenizer, with or without a BOS token in front of every text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    specials = ["<|end|>", "<|bos|>"]
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=specials, initial_alphabet=alphabet)
    tokenizer.train_from_iterator([TEXT] * 3, trainer)
    if bos:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<|bos|> $A", special_tokens=[("<|bos|>", tokenizer.token_to_id("<|bos|>"))]
        )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|end|>", bos_token="<|bos|>" if bos else None
    )
    fast.chat_template = TEMPLATE
    return fast


def make_model(folder, *, bos: bool, tied: bool):
    """Save a random Llama of 6 layers in Hub layout and return its folder."""
    torch.manual_seed(0)
    tokenizer = make_tokenizer(bos)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=6,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        tie_word_embeddings=tied,
        initializer_range=0.3,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session", params=["plain", "bos_untied"])
def model_folder(request, tmp_path_factory):
    """Two models: no BOS and tied embeddings, as SmolLM2; BOS and an untied head."""
    other = request.param == "bos_untied"
    return make_model(tmp_path_factory.mktemp(request.param), bos=other, tied=not other)


@pytest.fixture(name="models")
def moved_models(model_folder):
    """A base model, and the same with every weight moved."""
    from paper_replication.models import load_model, load_tokenizer

    base, finetuned = load_model(model_folder), load_model(model_folder)
    generator = torch.Generator().manual_seed(1)
    for weight in finetuned.parameters():
        weight += 0.05 * torch.randn(weight.shape, generator=generator)
    return base, finetuned, load_tokenizer(model_folder)


@pytest.fixture(scope="module")
def adapter(model_folder, tmp_path_factory):
    """A LoRA adapter whose update is not zero."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(1)
    model = LlamaForCausalLM.from_pretrained(model_folder, dtype=torch.float32)
    wrapped = get_peft_model(model, LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False))
    folder = tmp_path_factory.mktemp("adapter")
    wrapped.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory):
    return make_model(tmp_path_factory.mktemp("tiny"), bos=False, tied=True)


@contextlib.contextmanager
def package_in(folder, raw):
    """Work in a folder that holds the package and one raw input."""
    shutil.copytree("paper_replication", folder / "paper_replication", ignore=shutil.ignore_patterns("__pycache__"))
    with contextlib.chdir(folder):
        Path(raw).parent.mkdir(parents=True)
        Path(raw).write_text("raw")
        yield folder


@pytest.fixture(scope="session")
def warm_start(tmp_path_factory):
    """A server that has loaded all libraries runs the jobs of workflows, but for tests that ask for a cold start."""
    from smoke_project import serving_jobs

    with (
        serving_jobs(tmp_path_factory.mktemp("warm_start") / "socket") as variables,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def cold_start():
    """Jobs load their libraries themselves, as they do outside these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("WARM_START", raising=False)
        yield


def once(name, make, tmp_path_factory, worker_id):
    """A folder that one worker makes for all."""
    base = tmp_path_factory.getbasetemp()
    made = (base if worker_id == "master" else base.parent) / name
    with FileLock(f"{made}.lock"):
        if not made.exists():
            make(tmp_path_factory.mktemp(name)).rename(made)
    return made


@pytest.fixture(scope="session")
def project(warm_start, tmp_path_factory, worker_id):
    """A clean copy in which `make figures` and `make demo` have run; a test that changes it leaves it as it was.

    Where tests run side by side each worker has a copy.
    """
    from smoke_project import clean_copy

    made = once("project", clean_copy, tmp_path_factory, worker_id)
    if worker_id == "master":
        return made
    return shutil.copytree(made, tmp_path_factory.mktemp("copy") / "project", symlinks=True)


@pytest.fixture(scope="session")
def laptop_model(project, tmp_path_factory, worker_id):
    """The folder of the laptop tier's model: the smoke tier's has but a few of its layers."""
    from paper_replication.files import read_yaml
    from paper_replication.models import convert_gguf
    from paper_replication.paths import CONFIGS, Paths

    def make(folder):
        [model] = read_yaml(CONFIGS / "laptop.yaml")["models"].values()
        [weights] = (project / Paths("smoke").source(model["source"])).glob("*.gguf")
        for part in convert_gguf(weights):
            part.save_pretrained(folder)
        return folder

    return once("laptop_model", make, tmp_path_factory, worker_id)
