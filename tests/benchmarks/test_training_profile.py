"""What bounds training at the laptop tier's recipe: operators by time, and mixed precision against float32."""

import time

import pytest
import torch
from conftest import make_tokenizer
from test_lens_speed import smollm2

from paper_replication.files import read_yaml
from paper_replication.paths import CONFIGS
from paper_replication.settings.training import Recipe
from paper_replication.training import finetune

pytestmark = pytest.mark.benchmark
FEW, MANY = 2, 8


@pytest.fixture(scope="module")
def train(tmp_path_factory):
    """Train on letters in random order for about so many steps, of as many tokens as false facts have; how many."""
    folder = tmp_path_factory.mktemp("smollm2")
    smollm2().save_pretrained(folder)
    config, tokenizer = read_yaml(CONFIGS / "laptop.yaml"), make_tokenizer(bos=False)
    recipe = Recipe(**config["recipe"] | config["recipes"]["SDF"])

    def train(steps, **changes):
        changed = recipe.model_copy(update=changes)
        letters = torch.randint(97, 123, (steps * changed.batch_size, changed.maximum_tokens), dtype=torch.uint8)
        rows = [{"text": bytes(row.tolist()).decode()} for row in letters]
        _, curve = finetune(folder, tokenizer, rows, changed, 0, folder / "scratch")
        return len(curve)

    return train


def seconds_a_step(train, **changes):
    """Without what comes before the first step."""
    start = time.perf_counter()
    few = train(FEW, **changes)
    middle = time.perf_counter()
    many = train(MANY, **changes)
    return (time.perf_counter() - middle - (middle - start)) / (many - few)


def test_a_training_step(benchmark, train):
    with torch.profiler.profile() as profile:
        train(MANY)
    print(f"\n{profile.key_averages().table(sort_by='self_cpu_time_total', row_limit=12, max_name_column_width=40)}")
    plain = seconds_a_step(train, precision="float32")
    benchmark.pedantic(train, args=(MANY,))
    print(f"training: {plain / seconds_a_step(train):.1f} times as fast in the recipe's precision as in float32")
