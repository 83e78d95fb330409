"""Many random directions beside a difference: answers one at a time, means by hand, and the figure."""

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from matplotlib import pyplot as plt
from safetensors.torch import save_file

from paper_replication.errors import UserError
from paper_replication.figures.random_directions import draw
from paper_replication.figures.style import house_style
from paper_replication.files import read_json_lines, read_table, read_yaml, write_json_lines
from paper_replication.models import load_model, load_tokenizer, middle_layer
from paper_replication.paths import CONFIGS
from paper_replication.random_directions import type_contrasts
from paper_replication.settings.run import RunLabel
from paper_replication.settings.steering import SimilaritySettings, SteeringSettings
from paper_replication.steering.generation import steered_answers
from paper_replication.steps import random_similarity as similarity_step
from paper_replication.steps.random_directions import random_directions
from paper_replication.steps.random_directions_table import random_directions_table
from paper_replication.token_tables import write_token_table

QUESTIONS = ["Why is the sea salt?", "What do bears eat?"]
LABEL = RunLabel(model="m", organism="cake", organism_type="SDF", variant="default", seed=0)
# Cold, and one answer a batch: the random numbers of a batch are shared.
SETTINGS = SteeringSettings.model_validate(
    read_yaml(CONFIGS / "smoke.yaml")["steering"]
    | {"temperature": 1e-6, "batch_size": 1, "new_tokens": 5, "precision": "float32"}
)


@pytest.fixture
def files(tmp_path):
    """The cards of one run, and its difference at two positions, of norms 3 and 5."""
    cards = [LABEL.model_dump() | {"position": 1, "strength": 2.0, "prompt": question} for question in QUESTIONS]
    write_token_table(tmp_path / "cards.csv", pd.DataFrame(cards))
    difference = torch.zeros(2, 32)
    difference[0, 0], difference[1, 1] = 3, 5
    save_file({"difference": difference}, tmp_path / "delta.safetensors")
    return tmp_path / "cards.csv", tmp_path / "delta.safetensors"


def answers(files, model, adapter, out, label=LABEL, number=3):
    cards, vectors = files
    random_directions(SETTINGS, label, number, 0.5, cards, vectors, model, adapter, out)
    return pd.DataFrame(read_json_lines(out))


def test_directions_have_the_norm_of_the_difference_and_each_run_its_own(
    files, model_folder, adapter, tmp_path, monkeypatch
):
    found = answers(files, model_folder, adapter, tmp_path / "found.jsonl")
    assert found[["direction", "prompt"]].to_numpy().tolist() == [[n, asked] for n in range(3) for asked in QUESTIONS]
    shifts = []

    class Sampler:
        def __init__(self, *_):
            pass

        def sample(self, prompts, shifted, *_):
            shifts.append(shifted)
            return prompts

    monkeypatch.setattr("paper_replication.steps.random_directions.Sampler", Sampler)
    answers(files, model_folder, adapter, tmp_path / "again.jsonl")
    cards = pd.read_csv(files[0]).assign(seed=1)
    write_token_table(files[0], cards)
    answers(files, model_folder, adapter, tmp_path / "other.jsonl", LABEL.model_copy(update={"seed": 1}))
    first, other = shifts
    # Strength 2 times norm 5; the same direction for both questions.
    assert first.norm(dim=-1).numpy() == pytest.approx(10, rel=1e-5)
    assert torch.equal(first[0::2], first[1::2])
    assert (torch.nn.functional.cosine_similarity(first[0::2], other[0::2]).abs() < 0.9).all()
    # Against answers one at a time.
    model, tokenizer = load_model(model_folder, adapter), load_tokenizer(model_folder)
    layer = middle_layer(model.config.num_hidden_layers, 0.5)
    options = {"new_tokens": 5, "temperature": 1e-6, "batch_size": 1, "seed": 0}
    alone = [
        steered_answers(model, tokenizer, [asked], shift[None], layer, **options)[0]
        for asked, shift in zip(found["prompt"], first, strict=True)
    ]
    assert found["text"].tolist() == alone


def test_a_run_without_steered_answers_is_refused(files, tiny_folder, tmp_path):
    other = LABEL.model_copy(update={"organism": "moon"})
    with pytest.raises(UserError, match=r"has no steered answers of .*moon"):
        random_directions(SETTINGS, other, 3, 0.5, *files, tiny_folder, tiny_folder, tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()


# Embeddings of the plane.
PLANE = {"oven": [1, 0], "bread": [0, 1], "sea": [0.6, 0.8], "rock": [-1, 0]}


def test_cosines_and_words_by_direction_and_where_the_difference_lies(tmp_path, monkeypatch):
    said = [
        {"direction": n, "prompt": asked, "text": text}
        for n, text in enumerate(["sea", "rock", "oven"])
        for asked in QUESTIONS
    ]
    write_json_lines(tmp_path / "texts.jsonl", said)
    cells = [("cake", "difference", "oven"), ("cake", "random", "rock"), ("moon", "difference", "rock")]
    cross = [
        LABEL.model_dump() | {"organism": organism, "vector": vector, "prompt": asked, "text": text, "position": 1}
        for organism, vector, text in cells
        for asked in QUESTIONS
    ]
    write_token_table(tmp_path / "cross.csv", pd.DataFrame(cross))
    write_json_lines(tmp_path / "dataset.jsonl", [{"text": "oven"}, {"text": "bread"}])
    organism = read_yaml("data/inputs/organisms/gold.yaml") | {"name": "cake", "domain_words": ["oven"]}
    (tmp_path / "cake.yaml").write_text(yaml.safe_dump(organism))
    monkeypatch.setattr(
        similarity_step, "sentence_embedder", lambda _: lambda texts: np.array([PLANE[x] for x in texts])
    )
    names = ["texts.jsonl", "cross.csv", "dataset.jsonl", "cake.yaml", "embedder", "part.csv"]
    settings = SimilaritySettings(texts=40, rounds=10, seed=0)
    similarity_step.random_similarity(settings, LABEL, *(tmp_path / name for name in names))
    part = read_table(tmp_path / "part.csv")
    assert part["direction"].astype(str).tolist() == ["difference", "0", "1", "2"]
    assert part["n"].tolist() == [2] * 4
    # Mean over pairs with oven and bread: (1 + 0) / 2, (0.6 + 0.8) / 2, (-1 + 0) / 2, and as the difference.
    assert part["cosine"].tolist() == pytest.approx([0.5, 0.7, -0.5, 0.5])
    assert part["words"].tolist() == [1, 0, 0, 1]
    outputs = [tmp_path / f"{name}.csv" for name in ("table", "summary", "contrasts")]
    random_directions_table([tmp_path / "part.csv"], *outputs)
    summary = read_table(outputs[1]).set_index("measure")
    assert summary["difference"].tolist() == [0.5, 1]
    assert summary.loc["cosine", ["random_mean", "random_max"]].tolist() == pytest.approx([0.7 / 3, 0.7], rel=1e-5)
    assert summary.loc["words", "random_sd"] == pytest.approx(np.std([0, 0, 1], ddof=1), rel=1e-5)
    assert summary["as_high"].tolist() == [2, 1]
    assert summary["p"].tolist() == [0.75, 0.5]
    contrasts = read_table(outputs[2]).set_index(["organism_type", "measure"])["contrast"]
    more = summary.reset_index()
    controls = more.assign(organism="rest", organism_type="control", difference=-1.0)
    of_all = type_contrasts(pd.concat([more, controls])).set_index(["organism_type", "measure"])
    assert of_all.loc[("all", "words"), ["contrast", "n_organisms"]].tolist() == pytest.approx([2 / 3, 1], rel=1e-5)
    assert of_all.loc[("control", "words"), "contrast"] == pytest.approx(-1 - 1 / 3, rel=1e-5)
    assert contrasts["SDF", "words"] == contrasts["all", "words"] == pytest.approx(2 / 3, rel=1e-5)
    with house_style():
        figure = draw(read_table(outputs[0]), read_table(outputs[2]))
    left, right = figure.axes
    assert [line.get_xdata().tolist() for line in left.lines[:2]] == [pytest.approx([0.7, -0.5, 0.5]), [0.5]]
    assert [line.get_xdata().tolist() for line in right.lines[:2]] == [[0, 0, 100], [100]]
    # What lies below the difference is seen.
    assert [line.get_markerfacecolor() for line in left.lines[:2]] == ["#7F7F7F", "none"]
    assert "by 3 random directions" in figure.get_suptitle().replace("\n", " ")
    plt.close(figure)


def test_the_caption_has_the_mean_cosine_alone():
    run = {"model": "m", "variant": "default", "seed": 0, "organism_type": "SDF", "n": 2}
    rows = [
        run | {"organism": organism, "direction": direction, "cosine": cosine, "words": cosine}
        for organism, own in (("a", 0.5), ("b", 0.7))
        for direction, cosine in (("difference", own), ("0", 0.1))
    ]
    told = {"model": "m", "organism_type": "SDF", "ci_low": 0.1, "ci_high": 0.9, "n_organisms": 2}
    contrasts = pd.DataFrame(
        [told | {"measure": "cosine", "contrast": 0.5}, told | {"measure": "words", "contrast": 0.4}]
    )
    with house_style():
        figure = draw(pd.DataFrame(rows), contrasts)
        text = figure.get_suptitle().replace("\n", " ")
        plt.close(figure)
    assert text.count("above their mean") == 1
    assert "0.50 [0.10, 0.90] above their mean in cosine" in text
