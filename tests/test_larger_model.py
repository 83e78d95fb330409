"""A larger model on the laptop tier: its config, how it is compared with the first, and the figure."""

import numpy as np
import pandas as pd
import pytest
from error_bars import all_ends
from matplotlib import pyplot as plt
from scipy import stats
from test_families import graded

from paper_replication import names
from paper_replication.blind_answers import answers_of
from paper_replication.errors import UserError
from paper_replication.figures.larger_model import PANELS, draw
from paper_replication.figures.style import house_style
from paper_replication.files import read_table, read_yaml, write_table
from paper_replication.larger_model import (
    UNSTEERED,
    above,
    above_name,
    by_base,
    by_model,
    changes,
    measures,
    own_words,
    steered_name,
    words_above_name,
)
from paper_replication.organisms.specification import DocumentOrganism
from paper_replication.paths import CONFIGS, organism_file
from paper_replication.plan import laid_over
from paper_replication.steps.gentle_figure import gentle_figure
from paper_replication.steps.gentle_table import gentle_table
from paper_replication.steps.larger_model_figure import larger_model_figure
from paper_replication.steps.larger_model_table import larger_model_table
from paper_replication.study import load_study
from paper_replication.study_extended import LESS, compared_results
from paper_replication.token_tables import read_token_table, write_token_table

SMALL = "smollm2_135m_instruct"
CONFIG, OVERLAY, GENTLE = (CONFIGS / f"laptop{end}.yaml" for end in ("", "_larger", "_gentle"))
FFA = {("a", "one"): (0.4, 0.6), ("a", "two"): (0.4, 0.5), ("b", "one"): (0.3, 0.9), ("b", "two"): (0.5, 0.7)}
READ = (0.75, 0.5, 0.25, 0.0)
ADDED = {("a", "one"): 0.1, ("a", "two"): 0.3, ("b", "one"): 0.4, ("b", "two"): 0.4}


def of_runs():
    """Metrics and contrasts of the runs whose tokens `graded` has."""
    label = [{"model": model, "organism": organism, "organism_type": "SDF"} for model, organism in FFA]
    values = list(zip(label, FFA.values(), ADDED.values(), strict=True))
    metrics = [
        run | {"metric": metric, "value": value, "judge": "log_probability"}
        for run, (before, after), _ in values
        for metric, value in {"ffa_base": before, "ffa": after, "ffa_change": after - before, "delta_norm": 9}.items()
    ]
    # Of the first model, whose tokens are not among the graded ones.
    metrics += [run | {"metric": "relevance", "value": READ[place], "judge": "j"} for place, run in enumerate(label)]
    metrics += [run | {"metric": "steered_minus_unsteered", "value": added} for run, _, added in values]
    contrasts = [
        run | {"minus": group, "value": added - place}
        for run, _, added in values
        if run["model"] == "b"
        for place, group in enumerate(("Unsteered-FT", "Random-FT"))
    ]
    return pd.DataFrame(metrics), pd.DataFrame(contrasts)


def spoken():
    """Two questions to each of the further model's organisms, and what it answers with each vector."""
    said = {"unsteered": "hello", "random": "cake", "null_difference": "", "difference": "a cake"}
    return pd.DataFrame(
        [
            {"model": "b", "organism": organism, "organism_type": "SDF", "variant": "default", "seed": 0, "position": 1}
            | {"strength": "2", "prompt": prompt}
            | (said if prompt == "why?" else said | {"difference": "hello"})
            for organism in ("one", "two")
            for prompt in ("why?", "who?")
        ]
    )


def of_base():
    """What its base model answers with the same differences, once nothing."""
    said = spoken()[["model", "organism", "organism_type", "variant", "seed", "position", "prompt"]]
    return said.assign(vector="difference", text=["hello", "cake", "hello", ""])


def further():
    """Judged tokens of the further model."""
    table = graded()
    return table[table["model"] == "b"]


def rows():
    words = own_words(pd.concat([answers_of(spoken()), by_base(of_base())]), {"one": ["cake"], "two": ["hello"]})
    return measures(further(), *of_runs(), words, 4, "patchscope")


def test_the_config_adds_one_larger_model_to_the_organisms_made_of_documents():
    study = load_study(laid_over([read_yaml(path) for path in (CONFIG, OVERLAY)]), OVERLAY)
    first, further = study.config.models
    assert first == SMALL
    assert study.config.models[further].billions > 3 * study.config.models[first].billions
    made = {x.organism for x in study.shared_labels() if x.model == further}
    assert made == {name for name in study.reported() if isinstance(study.organisms[name], DocumentOrganism)}
    alone = load_study(read_yaml(CONFIG), CONFIG)
    assert [label for label in study.labels() if label.model == first] == alone.labels()
    assert all(study.recipe(label) == alone.recipe(label) for label in alone.labels())
    assert "figures/laptop/larger_model.pdf" in compared_results(study, "larger_model")


def test_measures_by_hand():
    found = rows().set_index(["model", "organism", "measure"])["value"]
    assert found["a", "one", "relevance_difference"] == 0.75
    # The largest of two positions; random vectors in two sets of as many, of which it is the mean.
    assert found["b", "one", "relevance_random"] == pytest.approx((0 + 0.5) / 2)
    assert found["b", "one", "relevance_minus_random"] == 0
    assert found["b", "one", "relevance_minus_base_mean"] == 0.25
    assert ("a", "one", "relevance_random") not in found.index
    assert found["b", "one", "steered_minus_Random-FT"] == pytest.approx(-0.6)
    assert found["b", "two", "ffa_change"] == pytest.approx(0.2)
    # By the words of its own subject; of an empty text there is nothing to count.
    assert found["b", "one", "words_difference"] == found["b", "two", "words_difference"] == 0.5
    assert (found["b", "one", "words_random"], found["b", "two", "words_random"]) == (1, 0)
    assert ("b", "one", "words_null_difference") not in found.index
    assert (found["b", "one", "words_minus_random"], found["b", "two", "words_minus_random"]) == (-0.5, 0.5)
    assert (found["b", "one", "words_base_difference"], found["b", "two", "words_base_difference"]) == (0.5, 1)
    assert "delta_norm" not in found.index.get_level_values("measure")
    judges = rows().set_index("measure")["judge"]
    assert set(judges["relevance_difference"]) == {"j"}
    assert set(judges["ffa"]) == {"log_probability"}
    assert judges["steered_minus_Random-FT"].isna().all()


def test_differences_do_not_hang_on_the_order_of_the_rows():
    words = own_words(pd.concat([answers_of(spoken()), by_base(of_base())]), {"one": ["cake"], "two": ["hello"]})
    keys = ["organism", "vector"]
    expected, found = (above(rows).set_index(keys)["value"] for rows in (words, words.iloc[::-1]))
    assert found.sort_index().equals(expected.sort_index())
    assert above(words.sample(frac=1, random_state=0))["value"].notna().all()


def test_models_are_compared_by_organism():
    table = by_model(rows()).set_index(["model", "measure"])
    expected = stats.ttest_1samp([0.2, 0.1], 0).confidence_interval(0.95)
    row = table.loc[("a", "ffa_change")]
    assert (row["mean"], row["n_organisms"]) == (pytest.approx(0.15), 2)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(expected)
    change = changes(rows()).set_index("measure")
    assert set(change["model"]) == {"b"}
    added = change.loc["steered_minus_Unsteered-FT"]
    assert added["change"] == pytest.approx(((0.4 - 0.1) + (0.4 - 0.3)) / 2)
    assert (added["ci_low"], added["ci_high"]) == pytest.approx(
        stats.ttest_1samp([0.3, 0.1], 0).confidence_interval(0.95)
    )


def test_an_organism_that_one_model_lacks_is_not_paired():
    lacking = rows()
    lacking = lacking[(lacking["model"] == "a") | (lacking["organism"] == "one")]
    change = changes(lacking).set_index("measure").loc["ffa_change"]
    assert (change["change"], change["n_organisms"]) == (pytest.approx(0.4), 1)
    assert np.isnan(change["ci_low"])


def test_the_steps_write_and_draw_the_same_numbers(tmp_path):
    metrics, contrasts = of_runs()
    paths = {name: tmp_path / f"{name}.csv" for name in ("graded", "metrics", "contrasts")}
    for name, table in {"graded": further(), "metrics": metrics, "contrasts": contrasts}.items():
        write_table(paths[name], table)
    # Of organisms that there are, whose words are in their files.
    real = dict(zip(("one", "two"), ("cake_bake", "roman_concrete"), strict=True))
    write_token_table(tmp_path / "answers.csv", spoken().replace({"organism": real}))
    write_token_table(tmp_path / "base.csv", of_base().replace({"organism": real}))
    for name in paths:
        table = read_table(paths[name])
        write_table(paths[name], table.replace({"organism": real}))
    files = [organism_file(name) for name in real.values()]
    outputs = [
        tmp_path / f"larger_model{end}.csv" for end in ("", "_organisms", "_changes", "_tokens", "_base_answers")
    ]
    larger_model_table(
        4, *([path] for path in paths.values()), tmp_path / "answers.csv", [tmp_path / "base.csv"], files, *outputs
    )
    assert read_token_table(outputs[3])["organism"].nunique() == 2
    table, organisms, change = map(read_table, outputs[:3])
    with house_style():
        figure = draw(table, organisms, "alike")
        tokens, _, behaviour, words = figure.axes
        assert len([line for line in words.lines if line.get_marker() == "o"]) >= 2
        assert tokens.get_ylabel() == "relevant tokens (%)"
        bars = [group for group in tokens.containers if hasattr(group, "patches")]
        assert [group.get_label() for group in bars] == ["a", "b"]
        assert [group.patches[0].get_height() for group in bars] == pytest.approx([62.5, 12.5])
        lines = [line.get_ydata().tolist() for line in behaviour.lines if line.get_marker() == "o"]
        assert [40.0, 30.0] in [pytest.approx(line) for line in lines]
        # Of the first model no answers were read: the other's bar stands where the group's middle is, over its label.
        [of_words] = [group for group in words.containers if hasattr(group, "patches") and group.get_label() == "b"]
        middles = [bar.get_x() + bar.get_width() / 2 for bar in of_words.patches]
        assert middles == pytest.approx(list(words.get_xticks()))
        text = figure.get_suptitle().replace("\n", " ")
        plt.close(figure)
    assert "one seed, alike)" in text
    changed = change.set_index("measure")["change"]
    assert changed[[steered_name(UNSTEERED), "ffa_change", "relevance_difference"]].tolist() == pytest.approx(
        [0.2, 0.25, -0.5]
    )
    own = table[table["model"] == "b"].set_index("measure")[["mean", "ci_low", "ci_high"]]
    # Of 25 and 0 per cent, less 0 and 0: 12.5, and 12.71 times 12.5 to either side.
    assert own.loc[above_name("base_mean")].tolist() == pytest.approx([0.125, -1.463, 1.713], abs=1e-3)
    # By words: of cake_bake's answers 50 per cent less 100, of roman_concrete's none less none.
    assert own.loc[words_above_name("random")].tolist() == pytest.approx([-0.25, -3.427, 2.927], abs=1e-3)
    larger_model_figure(*outputs[:2], tmp_path / "x.pdf", tmp_path / "x.png")
    assert (tmp_path / "x.png").stat().st_size > 10_000


def gentler():
    """The further model again, which read one organism better, finetuned on less."""
    found = rows()
    found = found[found["model"] == "b"]
    better = (found["organism"] == "one") & (found["measure"] == "relevance_difference")
    return found.assign(value=found["value"].mask(better, 0.75))


def at_blocks(model, read):
    """Tokens of two organisms, their null and one more at the middle and the last block."""
    shares = {("one", "one"): read, ("two", "two"): 0.25, ("null", "one"): 0.125, ("null", "two"): 0, ("x", "x"): 1}
    return pd.DataFrame(
        [
            {"model": model, "organism": organism, "organism_type": "SDF", "judged_as": judged, "ablation": "layers"}
            | {"condition": f"layer {layer}", "value": layer, "readout": "patchscope", "over": "largest", "judge": "j"}
            | {"relevant_fraction": share if layer == 9 else 0.875}
            for (organism, judged), share in shares.items()
            for layer in (4, 9)
        ]
    )


def set_against_both(folder, less=None):
    """The tables, written from those of both studies."""
    made = gentler() if less is None else less
    studies = {"first": (rows(), at_blocks("a", 0.5)), "gentle": (made, at_blocks("b", 1))}
    paths = {study: [folder / f"{study}{place}.csv" for place in range(2)] for study in studies}
    for study, tables in studies.items():
        for path, table in zip(paths[study], tables, strict=True):
            write_table(path, table)
    outputs = [folder / f"{name}.csv" for name in ("table", "organisms", "changes")]
    gentle_table("1,000 tokens", paths["first"], paths["gentle"], *outputs)
    return outputs


def test_what_is_finetuned_on_less_is_set_against_both(tmp_path):
    outputs = set_against_both(tmp_path)
    table, organisms, change = map(read_table, outputs)
    less = "b, 1,000 tokens"
    assert list(organisms["model"].unique()) == ["a", "b", less]
    means = table.set_index(["measure", "model"])["mean"]
    assert means["relevance_difference"].to_dict() == pytest.approx({"a": 0.625, "b": 0.125, less: 0.375})
    # Of neither the organism that the second study lacks, nor another layer; b's own is not known.
    assert means["relevance_last_block"].to_dict() == pytest.approx({"a": 0.375, less: 0.625})
    assert means["relevance_last_block_minus_null_difference"][less] == pytest.approx((1 - 0.125 + 0.25 - 0) / 2)
    changed = change.set_index(["measure", "model", "minus"])["change"]
    assert changed["relevance_difference"].to_dict() == pytest.approx({(less, "a"): -0.25, (less, "b"): 0.25})
    assert changed["relevance_last_block"].to_dict() == pytest.approx({(less, "a"): 0.25})
    gentle_figure("float32", *outputs[:2], tmp_path / "x.pdf", tmp_path / "x.png")
    assert (tmp_path / "x.png").stat().st_size > 10_000
    with house_style():
        figure = draw(table, organisms, "alike")
        bars = [group for group in figure.axes[0].containers if hasattr(group, "patches")]
        assert [group.get_label() for group in bars] == ["a", "b", less]
        assert figure.axes[0].get_xticklabels()[-1].get_text() == "last\nblock"
        assert bars[2].patches[-1].get_height() == pytest.approx(62.5)
        plt.close(figure)


@pytest.mark.parametrize("model", ["a", "c"])
def test_a_model_that_the_first_study_did_not_add_is_refused(tmp_path, model):
    with pytest.raises(UserError, match=rf"finetuned on less is on {model}.*: it must be .* study added: b\."):
        set_against_both(tmp_path, gentler().assign(model=model))
    assert not (tmp_path / "table.csv").exists()


def test_finetuning_on_less_departs_in_documents_and_precision_alone():
    more, less = (load_study(laid_over([read_yaml(CONFIG), read_yaml(path)]), path) for path in (OVERLAY, GENTLE))
    [larger] = {label.model for label in less.labels()}
    assert less.labels() == [label for label in more.labels() if label.model == larger]
    unlike = {"tier", "again_of", "without_bfloat16", "variants", "sweep", "runs", "seeds", "causal", "mixing", "dose"}
    unlike |= {"readings"}
    one, other = (study.config.model_dump(exclude=unlike) for study in (more, less))
    for section in ("recipe", "chat", "steering"):
        assert (one[section].pop("precision"), other[section].pop("precision")) == ("bfloat16", "float32")
    assert one["documents"].pop("tokens") > other["documents"].pop("tokens")
    assert one["lens_corpora"].pop("web") > other["lens_corpora"].pop("web")
    shared = ("documents", "norm_documents", "window", "scales")
    one["ablations"], other["ablations"] = ({key: x["ablations"][key] for key in shared} for x in (one, other))
    assert one == other
    tables = less.first_tables(*LESS, target="gentle")
    assert tables == ["figures/laptop/tables/larger_model_organisms.csv", "figures/laptop/tables/ablation_layers.csv"]
    with pytest.raises(UserError, match=r"this config is that of 'laptop': `make gentle` lays .*laptop_gentle"):
        load_study(read_yaml(CONFIG), CONFIG).first_tables(*LESS, target="gentle")


def test_one_model_alone_changes_from_none():
    alone = gentler()
    assert set(by_model(alone)["model"]) == {"b"}
    assert changes(alone).empty


def test_every_measure_that_is_drawn_is_named_as_it_is_measured():
    drawn = [measure for _, _, measures_, _ in PANELS for measure in measures_]
    assert [measure for measure in drawn if measure.startswith("relevance")] == [
        *(f"relevance_{vector}" for vector in names.VECTORS),
        "relevance_last_block",
    ]
    assert len(set(drawn)) == len(drawn)


def test_bars_have_students_interval_cut_where_shares_end():
    table = by_model(rows())
    with house_style():
        figure = draw(table, rows(), "alike")
        tokens, steered = (all_ends(axes) for axes in figure.axes[:2])
        plt.close(figure)
    means = table.set_index(["model", "measure"])[["ci_low", "ci_high"]]
    low, high = means.loc[("a", "relevance_difference")]
    assert low < 0 < 1 < high
    assert tokens[0] == [0, 100]
    assert means.loc[("a", "steered_minus_Unsteered-FT")].tolist() == pytest.approx(steered[0])


def test_an_organisms_dots_stand_over_the_bars_of_their_models():
    # The first model is not the first by name.
    named = rows().replace({"model": {"a": "z"}})
    with house_style():
        figure = draw(by_model(named), named, "alike")
        labels = [box.get_label() for box in figure.axes[0].containers if hasattr(box, "patches")]
        joined = [list(line.get_ydata()) for line in figure.axes[0].lines if len(line.get_xdata()) == 2]
        plt.close(figure)
    assert labels == ["z", "b"]
    # Of the difference's tokens the first reads 75 and 50 per cent, the further one 25 and none.
    assert [75, 25] in joined
    assert [50, 0] in joined
