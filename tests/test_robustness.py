"""What a run does on bad ground: damaged weights, other tokenizers, full and read-only disks."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from paper_replication.behaviour import mentions_domain
from paper_replication.errors import UserError
from paper_replication.files import read_json_lines, read_table, write_json_lines, write_table
from paper_replication.provenance.step import Input, Output, execute, run
from paper_replication.settings.hub import HubModel
from paper_replication.settings.lens import ActivationSettings, ReadoutSettings
from paper_replication.settings.training import Recipe
from paper_replication.steering.similarity import Draws
from paper_replication.steps.activations import activations
from paper_replication.steps.hub_model import hub_model
from paper_replication.steps.readouts import readouts
from paper_replication.steps.train import train

LENS = ActivationSettings(
    window=8, positions=3, norm_documents=2, layer=0.5, batch_size=2, precision="float32", n_documents=2
)
RECIPE = Recipe(rank=2, alpha=4, learning_rate=1e-2, batch_size=2, maximum_tokens=16, precision="float32")
TEXTS = [{"text": f"{number} the cake rose high in the dark kitchen of the old house"} for number in range(4)]
# Any small module: its import closure is the job's code.
MODULE = "paper_replication.provenance.hashing"
MODEL, ADAPTER, CORPUS = "data/inputs/model", "data/inputs/adapter", "data/inputs/corpus.jsonl"
RAW, OUT = "data/inputs/raw.csv", "data/t"


def not_yet(change, raises):
    """A test of what a module does not do yet; it fails once it does."""
    return pytest.mark.xfail(strict=True, reason=change, raises=raises)


def make_adapter(base, folder, init=False):
    """A LoRA adapter whose update is not zero, or, with `init`, one that was never trained."""
    torch.manual_seed(1)
    loaded = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    options = {"target_modules": "all-linear", "task_type": "CAUSAL_LM", "init_lora_weights": init}
    get_peft_model(loaded, LoraConfig(r=2, **options)).save_pretrained(folder)


@pytest.fixture
def project(tiny_folder, tmp_path, monkeypatch):
    """The package and, as raw inputs, a model, an adapter and documents, in a folder of their own."""
    shutil.copytree("paper_replication", tmp_path / "paper_replication", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(tiny_folder, tmp_path / MODEL)
    make_adapter(tiny_folder, tmp_path / ADAPTER)
    write_json_lines(tmp_path / CORPUS, TEXTS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def stops(project, monkeypatch):
    """Runs a step as its command line does; gives what it exits with, and sees that nothing was left."""

    def job(step, **options):
        command = [part for name, value in options.items() for part in (f"--{name}", value)]
        monkeypatch.setattr(sys, "argv", ["step", *command, "--record", f"{OUT}/x.record.json"])
        with pytest.raises(SystemExit) as stopped:
            run(step)
        assert isinstance(stopped.value.code, str)  # which Python prints, and exits with 1
        assert not list((project / OUT).iterdir())
        return stopped.value.code

    return job


ACTIVATIONS = {"settings": LENS.model_dump_json(), "corpus": CORPUS, "model": MODEL, "tensors": f"{OUT}/x.safetensors"}
TRAINING = {"recipe": RECIPE.model_dump_json(), "seed": "0", "model": MODEL, "dataset": CORPUS}
TRAINING |= {"adapter": f"{OUT}/adapter", "losses": f"{OUT}/losses.csv"}


def spoil(file, name):
    """Put a NaN into one of a file's tensors."""
    tensors = load_file(file)
    found = next(key for key in tensors if name in key)
    tensors[found].flatten()[3] = torch.nan
    save_file(tensors, file, {"format": "pt"})


def cut(file):
    """Cut a file in the middle, as a download that stopped leaves it."""
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


# Weights


def test_a_model_with_nan_is_refused_by_name_and_nothing_is_left(stops):
    spoil(Path(MODEL) / "model.safetensors", "layers.1.mlp.up_proj")
    said = stops(activations, **ACTIVATIONS)
    assert said.startswith("error: The weights model.layers.1.mlp.up_proj.weight of data/inputs/model are not all fin")


def test_an_adapter_with_nan_is_refused_by_name_and_nothing_is_left(stops):
    spoil(Path(ADAPTER) / "adapter_model.safetensors", "layers.1.mlp.up_proj.lora_B")
    said = stops(activations, **ACTIVATIONS, adapter=ADAPTER)
    assert "layers.1.mlp.up_proj.weight of data/inputs/adapter are not all finite" in said


def test_training_that_is_not_finite_is_refused_and_nothing_is_left(stops):
    spoil(Path(MODEL) / "model.safetensors", "layers.1.mlp.up_proj")
    assert "loss is not finite" in stops(train, **TRAINING)


def test_truncated_weights_are_refused(stops):
    cut(Path(MODEL) / "model.safetensors")
    assert "truncated" in stops(activations, **ACTIVATIONS)


def test_a_truncated_adapter_is_refused(stops):
    cut(Path(ADAPTER) / "adapter_model.safetensors")
    assert "truncated" in stops(activations, **ACTIVATIONS, adapter=ADAPTER)


def test_a_truncated_model_is_refused_and_removed_only_if_it_was_fetched(stops, monkeypatch):
    cut(Path(MODEL) / "model.safetensors")
    said = stops(hub_model, settings=HubModel(hub=MODEL).model_dump_json(), folder=f"{OUT}/model")
    assert "truncated" in said
    assert "Save the model or adapter to data/inputs/model once more" in said
    assert "Remove" not in said
    monkeypatch.setattr("paper_replication.steps.hub_model.snapshot", lambda *_: Path(MODEL))
    said = stops(hub_model, settings=HubModel(hub="owner/name").model_dump_json(), folder=f"{OUT}/model")
    assert "Remove data/inputs/model, and it is fetched again" in said


def test_a_model_of_the_hub_with_nan_is_refused(stops):
    spoil(Path(MODEL) / "model.safetensors", "layers.1.mlp.up_proj")
    said = stops(hub_model, settings=HubModel(hub=MODEL).model_dump_json(), folder=f"{OUT}/model")
    assert "layers.1.mlp.up_proj.weight" in said
    assert "not all finite" in said


def test_a_model_that_was_not_finetuned_has_no_difference_to_read(project):
    """Zero has no direction: what Patchscope would be given is not a number."""
    make_adapter(MODEL, "zero", init=True)
    norms = {"difference": torch.zeros(3, 32), "base": torch.ones(3, 32), "finetuned": torch.ones(3, 32)}
    save_file(norms | {"target_norm": torch.ones(1)}, "delta.safetensors")
    settings = ReadoutSettings(
        scales=[1.0], random_vectors=2, random_seed=0, cached_tokens=5, graded_tokens=5, batch_size=8
    )
    with pytest.raises(UserError, match="norm"):
        readouts(settings, 0.5, Path("delta.safetensors"), Path(MODEL), Path("zero"), Path("tokens.csv"))


def test_texts_with_any_line_break_are_read_back(tmp_path):
    rows = [{"text": f"one{chr(code)}two"} for code in (0x0A, 0x0B, 0x0C, 0x0D, 0x1C, 0x1E, 0x85, 0x2028, 0x2029)]
    write_json_lines(tmp_path / "x.jsonl", rows)
    assert read_json_lines(tmp_path / "x.jsonl") == rows


def test_a_table_with_a_carriage_return_is_read_back(tmp_path):
    rows = pd.DataFrame({"answer": ["one\rtwo", "th,ree", None], "n": [1, 2, 3], "share": [0.5, np.nan, 1 / 3]})
    write_table(tmp_path / "x.csv", rows)
    found = read_table(tmp_path / "x.csv")
    pd.testing.assert_frame_equal(found, rows, check_exact=False, atol=1e-6)


@not_yet("behaviour.mentions_domain splits texts at letters beyond z", AssertionError)
def test_a_domain_word_with_an_accent_is_found():
    assert mentions_domain("A purée of leeks", ["purée"])


@not_yet("steering.similarity.Draws draws prompts anew for a group that lacks one", AssertionError)
def test_groups_that_lack_a_prompt_are_still_drawn_together():
    draws, prompts = Draws(200, 0), np.arange(20)
    whole, lacking = draws.weights(prompts)[1:, :19], draws.weights(prompts[:19])[1:]
    # Of the same draws each prompt is drawn more often in the one where it is in the other.
    together = [np.corrcoef(whole[:, prompt], lacking[:, prompt])[0, 1] for prompt in range(19)]
    assert min(together) > 0.5


# Tokenizers


def test_a_model_with_fewer_embeddings_than_its_tokenizer_has_tokens_is_refused(stops):
    loaded = AutoModelForCausalLM.from_pretrained(MODEL)
    loaded.resize_token_embeddings(300)
    loaded.save_pretrained(MODEL)
    settings = HubModel(hub=MODEL).model_dump_json()
    assert "tokenizer" in stops(hub_model, settings=settings, folder=f"{OUT}/model")


# Disks


def mounted(place, *options):
    """Mount a file system in memory; skip where that is not allowed."""
    place.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", place], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if done.returncode:
        pytest.skip(f"a file system can be mounted by root alone: {done.stderr.decode().strip()}")


def unmounted(place):
    subprocess.run(["umount", "--lazy", place], check=True)


@pytest.fixture
def full_soon(project):
    """The place of outputs, on a disk of 1 MB."""
    place = project / OUT
    Path(RAW).write_text("a,b\n1,2\n")
    mounted(place, "-o", "size=1m")
    yield place
    unmounted(place)


def tensors(source: Input, folder: Output, table: Output) -> None:
    """Write a table, and a folder of weights of 8 MB."""
    write_table(table, read_table(source))
    folder.mkdir()
    save_file({"weights": torch.zeros(2_000_000)}, folder / "model.safetensors")


def rows(source: Input, folder: Output, table: Output) -> None:
    """Write a folder, and 4 MB of JSON Lines."""
    folder.mkdir()
    write_json_lines(table, [{"text": "x" * 1000}] * 4000)


def small(source: Input, folder: Output, table: Output) -> None:
    """Write little, and leave no room for the record."""
    folder.mkdir()
    write_table(table, read_table(source))
    write_until_full(folder / "filling")


def write_until_full(file):
    with file.open("wb", buffering=0) as stream:
        try:
            while True:
                stream.write(b"x" * 4096)
        except OSError:
            pass


def arguments(source, out):
    """The command line of such a step."""
    table = f"{out}/t.csv"
    options = {"source": source, "folder": f"{out}/model", "table": table, "record": f"{table}.record.json"}
    return [part for name, value in options.items() for part in (f"--{name}", value)]


@pytest.mark.parametrize("step", [tensors, rows, small])
def test_a_full_disk_is_named_and_leaves_nothing_that_looks_complete(full_soon, step):
    with pytest.raises((OSError, SafetensorError), match="No space left on device"):
        execute(step, MODULE, arguments(RAW, OUT))
    assert not [path for path in full_soon.iterdir() if not path.name.startswith(".")]
    # And no room is taken by what is hidden.
    assert not [path for path in full_soon.rglob("*") if path.is_file() and path.stat().st_size]


def test_a_record_that_found_no_room_is_gone(full_soon):
    with pytest.raises(OSError, match="No space left on device"):
        execute(small, MODULE, arguments(RAW, OUT))
    assert not list(full_soon.iterdir())


def test_results_that_were_there_survive_a_full_disk(full_soon):
    (full_soon / "t.csv").write_text("of an earlier run\n")
    with pytest.raises(OSError, match="No space left"):
        execute(rows, MODULE, arguments(RAW, OUT))
    assert (full_soon / "t.csv").read_text() == "of an earlier run\n"


@pytest.fixture
def read_only_inputs(project):
    """The inputs on a disk that nothing can be written to."""
    place, aside = project / "data/inputs", project / "aside"
    shutil.move(place, aside)
    mounted(place, "-o", "size=8m")
    try:
        shutil.copytree(aside, place, dirs_exist_ok=True)
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        yield place
    finally:
        unmounted(place)


def test_inputs_may_be_read_only(read_only_inputs, monkeypatch):
    with pytest.raises(OSError, match="Read-only"):
        (read_only_inputs / "x").touch()
    for step, options, output in (
        (activations, ACTIVATIONS | {"adapter": ADAPTER}, "x.safetensors"),
        (train, TRAINING, "adapter/adapter_model.safetensors"),
        (hub_model, {"settings": HubModel(hub=MODEL).model_dump_json(), "folder": f"{OUT}/m"}, "m/config.json"),
    ):
        command = [part for name, value in options.items() for part in (f"--{name}", value)]
        monkeypatch.setattr(sys, "argv", ["step", *command, "--record", f"{OUT}/{output.split('/')[0]}.record.json"])
        run(step)
        assert Path(OUT, output).is_file()


def test_an_output_place_that_is_read_only_is_named(read_only_inputs):
    with pytest.raises(OSError, match=r"Read-only file system: .*data/inputs/out"):
        execute(rows, MODULE, arguments(CORPUS, "data/inputs/out"))
