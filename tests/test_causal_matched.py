"""Directions matched to the difference, against one full forward pass a text and direction, with hooks written here."""

import json

import pandas as pd
import pytest
import torch
from error_bars import all_ends
from matplotlib import pyplot as plt
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from test_causal import TEXTS, full_pass, nats, texts_of

from paper_replication.causal import Intervention, causal_effects
from paper_replication.causal_matched import Exchange, exchange_effects, exchanges_of
from paper_replication.errors import UserError
from paper_replication.figures.causal_matched import draw, lying, standing_out
from paper_replication.files import read_table, write_json_lines, write_table
from paper_replication.lens.delta import random_vectors
from paper_replication.models import load_model
from paper_replication.names import LOSS_DATASETS, VERMILION
from paper_replication.settings.causal import CausalSettings
from paper_replication.settings.causal_matched import MatchedSettings
from paper_replication.settings.run import RunLabel
from paper_replication.steps import causal_matched as matched_step
from paper_replication.steps.causal_matched import causal_matched
from paper_replication.steps.causal_matched_table import causal_matched_table

LAYER, POSITION = 2, 1


def vectors(count, seed=2):
    return 3 * torch.randn(count, 32, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("batch_size", [1, 2, 16])
def test_effects_and_shares_equal_one_full_forward_pass_a_text_and_direction(models, batch_size):
    base, finetuned, tokenizer = models
    texts, (own, other, random) = texts_of(tokenizer), vectors(3)
    exchanges = exchanges_of(own, [other], random[None])
    found = exchange_effects(base, finetuned, texts, exchanges, LAYER, POSITION, batch_size, "t")
    for column, (ids, labels) in enumerate(texts):
        (_, h_base), (before, h_ft) = full_pass(base, ids), full_pass(finetuned, ids)
        for row, (along, into) in enumerate([(own, own), (other, other), (own, random)]):
            changed, squared, lying_along = h_ft.clone(), 0.0, 0.0
            for token in range(len(ids)):
                difference = h_base[0, token] - h_ft[0, token]
                changed[0, token] += difference.dot(along) / along.norm() * into / into.norm()
                if token > 0:
                    squared += difference.dot(difference).item()
                    lying_along += (difference.dot(into) / into.norm()).item() ** 2
            after = full_pass(finetuned, ids, changed)[0]
            expected = nats(after, ids, labels, POSITION + 1) - nats(before, ids, labels, POSITION + 1)
            assert found.nats[row, column].item() == pytest.approx(expected, abs=2e-5)
            assert found.share[row, column].item() == pytest.approx(lying_along / squared, rel=1e-3)
    assert found.nats.abs().min() > 1e-4


def test_the_own_difference_has_the_causal_effect(models):
    base, finetuned, tokenizer = models
    texts, (own,) = texts_of(tokenizer), vectors(1)
    there = causal_effects(base, finetuned, texts, [Intervention("replace", own, POSITION)], LAYER, 2, "t")
    here = exchange_effects(base, finetuned, texts, [Exchange(own, own)], LAYER, POSITION, 2, "t")
    assert here.nats.flatten().tolist() == pytest.approx(there.nats.flatten().tolist(), abs=2e-5)


def test_what_is_added_is_as_long_as_what_the_own_difference_exchanges(models):
    """At every token, whichever the direction: the length of a push does not depend on that of the vector."""
    base, finetuned, tokenizer = models
    texts, (own, random) = texts_of(tokenizer), vectors(2)
    pushes = [Exchange(own, random), Exchange(7 * own, 0.1 * random)]
    found = exchange_effects(base, finetuned, texts, pushes, LAYER, POSITION, 2, "t")
    torch.testing.assert_close(found.nats[0], found.nats[1], rtol=0, atol=2e-5)


def test_a_model_exchanged_with_itself_has_no_effect_at_all(models):
    base, _, tokenizer = models
    exchanges = exchanges_of(vectors(1)[0], [vectors(2)[1]], vectors(3, seed=4))
    found = exchange_effects(base, base, texts_of(tokenizer), exchanges, LAYER, POSITION, 2, "t")
    assert (found.nats == 0).all()
    assert (found.share == 0).all()


@pytest.mark.parametrize("length", [0.0, torch.nan])
def test_a_difference_without_a_direction_is_refused(models, length):
    base, finetuned, tokenizer = models
    spoilt = [Exchange(length * torch.ones(32), vectors(1)[0])]
    with pytest.raises(UserError, match="measure delta again"):
        exchange_effects(base, finetuned, texts_of(tokenizer), spoilt, LAYER, POSITION, 2, "t")


def test_a_text_whose_only_target_is_left_out_is_refused(models):
    base, finetuned, tokenizer = models
    ids, labels = texts_of(tokenizer)[0]
    with pytest.raises(UserError, match="Text 0 has no scored token"):
        exchange_effects(
            base, finetuned, [(ids[:3], [-100, -100, labels[2]])], [Exchange(*vectors(2))], LAYER, POSITION, 2, "t"
        )


# The step, and what is made of its rows

SETTINGS = CausalSettings(
    n_documents=2, tokens=8, chat_words=20, random_directions=2, interventions=["replace"], batch_size=2, seed=0
)
LABELS = [
    RunLabel(model="m", organism=name, organism_type=kind, variant="default", seed=0)
    for name, kind in (("cake", "SDF"), ("votes", "SDF"), ("nothing", "control"))
]


@pytest.fixture
def job(tiny_folder, tmp_path):
    """The step on small data sets, of a run whose own difference is the second of three, and the table it writes."""
    torch.manual_seed(0)
    options = {"target_modules": "all-linear", "task_type": "CAUSAL_LM", "init_lora_weights": False}
    get_peft_model(load_model(tiny_folder), LoraConfig(r=2, **options)).save_pretrained(tmp_path / "adapter")
    files = [tmp_path / f"{number}.safetensors" for number in range(3)]
    for number, file in enumerate(files):
        save_file({"difference": vectors(3, seed=number)}, file)
    write_json_lines(tmp_path / "dataset.jsonl", [{"text": f"{i} {text}"} for i in range(2) for text in TEXTS])
    write_json_lines(tmp_path / "corpus.jsonl", [{"text": f"{i} {text} as {text}"} for i in range(4) for text in TEXTS])
    (tmp_path / "chat").mkdir()
    exchange = {"task_type": "akoksal/LongForm", "task_output": "the oven was dark. the cake was old."}
    write_json_lines(tmp_path / "chat/c.jsonl", [exchange | {"task_prompt": f"{i} is it warm"} for i in range(5)])

    def measured(position=POSITION):
        labels = json.dumps([label.model_dump() for label in LABELS])
        matched = MatchedSettings(position=position, random_directions=2, batch_size=4)
        data = [tmp_path / name for name in ("dataset.jsonl", "corpus.jsonl", "chat")]
        pair, table = [tiny_folder, tmp_path / "adapter"], tmp_path / "effects.csv"
        causal_matched(LABELS[1], SETTINGS, matched, labels, 0.5, 2, 8, files, *data, *pair, table)
        return read_table(table)

    return measured


def test_the_step_writes_a_row_a_data_set_and_direction(job):
    table = job()
    assert set(table["dataset"]) == {"finetuning", "unrelated", "chat"}
    for _, rows in table.groupby("dataset"):
        assert rows["direction"].tolist() == ["delta", "other_delta", "other_delta", "random_push", "random_push"]
        assert rows["direction_of"].tolist() == ["votes", "cake", "nothing", "random_0", "random_1"]
    assert set(table["organism"]) == {"votes"}
    assert (table["ci_low"] <= table["delta_nats"]).all()
    assert (table["delta_nats"] <= table["ci_high"]).all()
    assert table["delta_nats"].nunique() == len(table)
    assert table["share"].between(0, 1).all()
    assert (table["n"] == SETTINGS.n_documents).all()


def test_a_position_that_delta_does_not_have_is_refused(job):
    with pytest.raises(UserError, match="3 positions, but causal_matched asks for position 3"):
        job(position=3)


def rows_by_hand():
    """Of two organisms of a type and a control on two data sets, on one three times as much: own, others', pushes."""
    named = [("a", "SDF"), ("b", "SDF"), ("n", "control")]
    own = {"a": 0.3, "b": 0.1, "n": 0.5}
    found = []
    for organism, kind in named:
        run = {"model": "m", "organism": organism, "organism_type": kind, "variant": "default", "seed": 0}
        run |= {"position": 1, "dataset": "unrelated", "n": 4}
        for other, other_kind in named:
            direction = "delta" if other == organism else "other_delta"
            nats = own[organism] if other == organism else own[organism] / 2
            row = {"direction": direction, "direction_of": other, "direction_of_type": other_kind}
            found.append(run | row | {"delta_nats": nats, "share": 0.5})
        for number, nats in enumerate((0.0, 0.1)):
            row = {"direction": "random_push", "direction_of": f"random_{number}", "direction_of_type": "random"}
            found.append(run | row | {"delta_nats": nats, "share": 0.02})
    rows = pd.DataFrame(found)
    rows = pd.concat([rows, rows.assign(dataset="chat", delta_nats=3 * rows["delta_nats"])], ignore_index=True)
    return rows.assign(ci_low=rows["delta_nats"] - 0.1, ci_high=rows["delta_nats"] + 0.2)


@pytest.fixture
def tables(tmp_path):
    """Both tables of `rows_by_hand`, the control being a's null."""
    parts = [tmp_path / f"{name}.csv" for name in "abn"]
    for part, (_, rows) in zip(parts, rows_by_hand().groupby("organism"), strict=True):
        write_table(part, rows)
    controls = json.dumps({"a": {"n": "matched null"}, "b": {}, "n": {}})
    causal_matched_table(parts, controls, tmp_path / "table.csv", tmp_path / "by_type.csv")
    return read_table(tmp_path / "table.csv"), read_table(tmp_path / "by_type.csv")


def test_what_a_direction_is_to_the_run(tables):
    found = tables[0].query("dataset == 'unrelated'").set_index(["organism", "direction_of"])["relation"]
    assert found["a"].to_dict() == {
        "a": "own", "b": "same type", "n": "matched null", "random_0": "random", "random_1": "random"
    }  # fmt: skip
    assert found["b", "n"] == "other"


@pytest.mark.parametrize(("dataset", "times"), [("unrelated", 1), ("chat", 3)])
def test_by_type_by_hand(tables, dataset, times):
    found = tables[1][tables[1]["dataset"] == dataset].set_index(["organism_type", "direction", "relation", "measure"])
    ends = found[["ci_low", "ci_high"]]
    # Random directions are the same for all: what they do has no interval, what lies above them has one.
    assert ends.loc[("SDF", "random_push", "random", "effect")].isna().all()
    above = ends.loc[("SDF", "random_push", "random", "own_minus_this")]
    assert above.tolist() == pytest.approx([times * (0.15 - 12.706 * 0.1), times * (0.15 + 12.706 * 0.1)], rel=1e-4)
    found[["contrast", "ci_low", "ci_high"]] /= times
    # Own: 0.3 and 0.1; Student's interval over two, 12.706 standard errors of 0.1.
    assert found.loc[("SDF", "delta", "own", "effect"), "contrast"] == pytest.approx(0.2)
    assert found.loc[("SDF", "delta", "own", "effect"), "ci_high"] == pytest.approx(0.2 + 12.706 * 0.1, rel=1e-4)
    # Pushes: a mean of 0.05 in both, so that own lies 0.25 and 0.05 above.
    assert found.loc[("all", "random_push", "random", "own_minus_this"), "contrast"] == pytest.approx(0.15)
    assert found.loc[("SDF", "other_delta", "same type", "own_minus_this"), "contrast"] == pytest.approx(0.1)
    # Of a alone the control is the null.
    null = found.loc[("SDF", "other_delta", "matched null", "own_minus_this")]
    assert (null["contrast"], null["n_organisms"]) == (pytest.approx(0.15), 1)
    assert found.loc[("control", "delta", "own", "effect"), "contrast"] == pytest.approx(0.5)


def test_the_figure_has_every_direction(tables):
    figure = draw(tables[0])
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["a", "b", "n"]
    for axes, dataset in zip(figure.axes, [n for n in LOSS_DATASETS if n in ("unrelated", "chat")], strict=True):
        assert axes.get_title(loc="left") == LOSS_DATASETS[dataset]
        rows = tables[0][tables[0]["dataset"] == dataset]
        drawn = [line for line in axes.lines if line.get_marker() in ("o", "x", "|")]
        found = sorted(float(x) for line in drawn for x in line.get_xdata())
        assert found == pytest.approx(sorted(rows["delta_nats"]))
        # Bars are the own difference's, of each organism.
        own = rows[rows["direction"] == "delta"]
        assert all_ends(axes) == [pytest.approx(row) for row in own[["ci_low", "ci_high"]].to_numpy()]
        marks = {(float(line.get_xdata()[0]), line.get_ydata()[0]) for line in drawn if line.get_color() == VERMILION}
        assert marks == {(row.delta_nats, place - 0.3) for place, row in enumerate(own.itertuples())}
        # A control's type is of several recipes: what is of its type is others'.
        asides = {round(line.get_ydata()[0] - 2, 2) for line in drawn if round(line.get_ydata()[0]) == 2}
        assert asides == {-0.3, 0.08, 0.3}
    assert lying(tables[0]) == "50% lies along the own difference, 50% along others', 2% along a random direction"
    assert "random directions do for" not in figure.get_suptitle().replace("\n", " ")
    plt.close(figure)


def test_the_true_twin_has_a_mark_of_its_own(tables):
    rows = tables[0].replace({"relation": {"matched null": "true-fact twin"}})
    figure = draw(rows)
    marks = [line for line in figure.axes[0].lines if line.get_marker() == "+"]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    plt.close(figure)
    assert [line.get_xdata().tolist() for line in marks] == [pytest.approx([0.15])]
    assert "its true twin's, replaced" in labels
    assert "its null's, replaced" not in labels


def test_controls_that_stand_out_are_named(tables):
    rows = tables[0].query("dataset == 'unrelated'").assign(dataset="finetuning")
    assert standing_out(rows).endswith("all random directions do for n.")
    pushed = rows["organism"].eq("n") & rows["direction_of"].eq("random_1")
    assert standing_out(rows.assign(delta_nats=rows["delta_nats"].mask(pushed, 0.6))).endswith("for none of them.")


def test_the_step_exchanges_along_differences_at_its_position(job, tiny_folder, monkeypatch):
    given = []
    monkeypatch.setattr(
        matched_step, "exchange_effects", lambda *asked: given.append(asked) or exchange_effects(*asked)
    )
    job()
    base, finetuned, _, exchanges, _, position, *_ = given[0]
    own, *others = (vectors(3, seed=number)[POSITION] for number in (1, 0, 2))
    wanted = exchanges_of(own, others, random_vectors(2, 32, SETTINGS.seed))
    assert [(x.along.tolist(), x.into.tolist()) for x in exchanges] == [
        (x.along.tolist(), x.into.tolist()) for x in wanted
    ]
    assert position == POSITION
    # Without the adapter first.
    plain = load_model(tiny_folder).model.layers[0].mlp.down_proj.weight
    assert [torch.equal(x.model.layers[0].mlp.down_proj.weight, plain) for x in (base, finetuned)] == [True, False]


def test_what_lies_along_directions_is_their_mean():
    shares = [("delta", 0.2), ("delta", 0.4), ("other_delta", 0.0), ("other_delta", 0.1), ("random_push", 0.01)]
    rows = pd.DataFrame(shares, columns=["direction", "share"])
    assert lying(rows) == "30% lies along the own difference, 5% along others', 1% along a random direction"
