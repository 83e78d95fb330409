"""A study made a second time: its config, how it is compared with the first, and the figure."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from error_bars import ends
from matplotlib import pyplot as plt
from scipy import stats

from paper_replication.again import METRICS, at_last_block, by_type, measures, of_mixtures, side_by_side
from paper_replication.again_read import READ, READ_BASE, of_readings
from paper_replication.best_position import MEAN
from paper_replication.config_reading import validate_config
from paper_replication.errors import UserError
from paper_replication.figures.again import MARKS, PANELS, READ_PANELS, draw
from paper_replication.figures.style import house_style
from paper_replication.files import read_table, read_yaml, write_table
from paper_replication.paths import CONFIGS
from paper_replication.plan import laid_over
from paper_replication.provenance.chain import command_for, configs_of
from paper_replication.steps.again_answers import again_answers
from paper_replication.steps.again_answers_figure import again_answers_figure
from paper_replication.steps.again_figure import again_figure
from paper_replication.steps.again_table import again_table
from paper_replication.study import load_study
from paper_replication.study_extended import verdicts_of

CONFIG, OVERLAY = CONFIGS / "laptop.yaml", CONFIGS / "laptop_again.yaml"
RELEVANT = {"a": 0.3, "b": 0.5, "true_twin": 0.9}
MODEL = "small"


def tables(seed=0, shift=0.0, organisms=("a", "b", "true_twin")):
    """The five tables of a study whose every value is `shift` above that of another."""
    label = [
        {"model": MODEL, "organism": name, "organism_type": "control" if "twin" in name else "SDF", "seed": seed}
        for name in organisms
    ]
    tokens = [
        run | {"minus": minus, "positions": positions, "contrast": RELEVANT[run["organism"]] - less + shift}
        for run in label
        for minus, less in {"nothing": 0.0, "random": 0.1}.items()
        for positions in ("best position", "mean over positions")
    ]
    steering = [
        run | {"group": group, "minus": minus, "positions": "best position", "contrast": value + shift}
        for run in label
        for group, minus, value in [("Steered-FT", "Random-FT", 0.2), ("Random-FT", "Unsteered-FT", 0.7)]
    ]
    words = [
        run | {"vector": vector, "words_of": own, "value": value}
        for run in label
        for own in ("a", "b")
        for vector, value in {"difference": 0.8 + shift, "random": 0.1}.items()
    ]
    probes = {"finetuned": 0.7 + shift, "base": 0.4, "change": 0.3 + shift}
    behaviour = [
        run | {"probe": probe, "model_state": state, "probes_of": own, "value": value}
        for run in label
        for own in ("a", "b")
        for probe in ("false_fact_alignment", "leak", "margin_nats")
        for state, value in probes.items()
    ]
    # Of the first organism alone the last block is read, and its null.
    read = [("a", "SDF", 0.6 + shift, "largest", 9), ("a", "SDF", 0.2, "position", 9), ("a", "SDF", 0.9, "largest", 1)]
    read.append(("null", "control", 0.05, "largest", 9))
    layers = [
        {"organism": organism, "organism_type": kind, "relevant_fraction": share, "over": over, "value": layer}
        | {"model": MODEL, "seed": seed, "judged_as": "a", "readout": "patchscope", "ablation": "layers"}
        | {"condition": f"layer {layer}"}
        for organism, kind, share, over, layer in read
    ]
    return [pd.DataFrame(rows) for rows in (tokens, steering, words, behaviour, layers)]


def mixtures():
    """Runs without mixing of two seeds, and a mixture."""
    rows = [("a", 0, 0, "relevance", 0.3), ("a", 0, 1, "relevance", 0.35), ("a", 1.0, 1, "relevance", 0.1)]
    rows += [("a", 0, 1, "ffa_change", 0.25), ("a", 0, 1, "delta_norm", 9.0)]
    found = pd.DataFrame(rows, columns=["organism", "ratio", "seed", "metric", "value"])
    return found.assign(model=MODEL, organism_type="SDF")


def compared():
    return side_by_side(measures(*tables()), measures(*tables(1, 0.1, ("a", "b"))), of_mixtures(mixtures()))


def test_a_study_is_told_by_its_own_probes_and_words_and_without_controls():
    found = measures(*tables())
    assert set(found["organism"]) == {"a", "b"}
    assert not found.duplicated(["organism", "measure", "minus", "positions"]).any()
    value = found[found["organism"] == "a"].set_index(["measure", "minus", "positions"])["value"]
    assert value["relevance", "random", "mean over positions"] == pytest.approx(0.2)
    assert value["steering", "Random-FT", "best position"] == 0.2
    # How far random steering lies above none is no measure of the difference.
    assert ("steering", "Unsteered-FT") not in set(zip(found["measure"], found["minus"], strict=True))
    assert value["words", "nothing", "best position"] == 0.8
    assert value["words", "random", "best position"] == pytest.approx(0.7)
    assert value["belief", "nothing", "no position"] == 0.7
    assert value["belief", "before", "no position"] == 0.3
    assert value["leak", "nothing", "no position"] == 0.7
    assert value["relevance_last_block", "nothing", "best position"] == 0.6
    assert value["relevance_last_block", "null_difference", "best position"] == pytest.approx(0.55)
    assert len(value) == 12


def test_the_last_block_is_each_models_own():
    *_, layers = tables()
    deeper = layers.assign(model="deep", value=layers["value"] * 3)
    found = at_last_block(pd.concat([layers, deeper])).set_index(["model", "minus"])["value"]
    expected = {"nothing": 0.6, "null_difference": 0.55}
    assert found["small"].to_dict() == found["deep"].to_dict() == pytest.approx(expected)


def test_both_studies_stand_side_by_side_with_the_same_seed_where_there_is_one():
    found = compared()
    assert (found["again"] - found["first"])[found["minus"] == "nothing"].to_numpy() == pytest.approx(0.1)
    assert set(found["seed_first"]) == {0}
    assert set(found["seed_again"]) == {1}
    same = found.dropna(subset=["same_seed"]).set_index(["organism", "measure", "minus"])["same_seed"]
    assert same.to_dict() == {("a", "relevance", "nothing"): 0.35, ("a", "belief", "before"): 0.25}


def test_every_metric_of_mixtures_is_a_measure_of_studies():
    named = set(measures(*tables())[["measure", "minus", "positions"]].itertuples(index=False, name=None))
    assert {place for place in METRICS.values() if place[1] != "Unsteered-FT"} <= named


def test_means_and_distances_are_students_over_organisms():
    table = compared()
    first = pd.Series({"a": 0.3, "b": 0.5})
    table.loc[(table["measure"] == "relevance") & (table["organism"] == "b"), "again"] = 0.3
    found = by_type(table).set_index(["organism_type", "measure", "minus", "positions", "study"]).sort_index()
    of = ("SDF", "relevance", "nothing", "best position")
    mean, low, high = found.loc[(*of, "first"), ["mean", "ci_low", "ci_high"]]
    reach = stats.t.ppf(0.975, 1) * first.std() / np.sqrt(2)
    assert (mean, low, high) == pytest.approx((0.4, 0.4 - reach, 0.4 + reach))
    # One rises by 0.1, the other falls by 0.2.
    change = found.loc[(*of, "again_minus_first")]
    assert change["mean"] == pytest.approx(-0.05)
    assert change["mean_distance"] == pytest.approx(0.15)
    same = found.loc[(*of, "again_minus_same_seed")]
    assert same["mean"] == pytest.approx(0.05)
    assert same["n_organisms"] == 1
    assert np.isnan(same["ci_low"])
    assert np.isnan(found.loc[(*of, "again"), "mean_distance"])
    assert found.xs("all")["mean"].to_numpy() == pytest.approx(found.xs("SDF")["mean"].to_numpy())


def test_an_organism_that_is_there_twice_is_refused():
    twice = [pd.concat([rows, rows.assign(seed=2)]) for rows in tables(1, 0.1)]
    with pytest.raises(pd.errors.MergeError):
        side_by_side(measures(*tables()), measures(*twice), of_mixtures(mixtures()))


def test_an_organism_that_the_first_study_lacks_is_named():
    first = measures(*tables(organisms=("a",)))
    with pytest.raises(UserError, match="The first study has no b on small"):
        side_by_side(first, measures(*tables(1, 0.1, ("a", "b"))), of_mixtures(mixtures()))


def test_the_figure_marks_each_study_of_each_organism_and_their_mean(tmp_path):
    paths = {name: [tmp_path / f"{name}{place}.csv" for place in range(5)] for name in ("first", "again")}
    for name, made in {"first": tables(), "again": tables(1, 0.1, ("a", "b"))}.items():
        for path, rows in zip(paths[name], made, strict=True):
            write_table(path, rows)
    write_table(tmp_path / "mixing.csv", mixtures())
    table, types = tmp_path / "again.csv", tmp_path / "types.csv"
    again_table(paths["first"], paths["again"], tmp_path / "mixing.csv", table, types)
    pd.testing.assert_frame_equal(read_table(table), compared(), check_dtype=False)
    with house_style():
        figure = draw(read_table(table), read_table(types), "float32")
        axes = figure.axes[0]
        assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "mean of 2 (SDF)"]
        drawn = {study: {} for study in MARKS}
        ticks = []
        for line in axes.lines:
            if not len(line.get_xdata()):
                continue
            x, y = float(line.get_xdata()[0]), float(line.get_ydata()[0])
            # Ends of error bars are ticks too, in the line of the mean.
            if line.get_marker() == "|" and round(y) < 2 and np.isfinite(x):
                ticks.append(x)
            for study, (marker, _, face, below) in MARKS.items():
                if (line.get_marker(), line.get_markerfacecolor()) == (marker, face) and np.isfinite(x):
                    drawn[study][round(y - below)] = x
        assert drawn["first"] == pytest.approx({0: 30, 1: 50, 2: 40})
        assert drawn["again"] == pytest.approx({0: 40, 1: 60, 2: 50})
        # Only one of both has this seed, so that there is no mean.
        assert drawn["same_seed"] == pytest.approx({0: 35})
        assert ticks == pytest.approx([10, 10, 10, 10])
        assert len(figure.axes) == len(PANELS)
        assert "in float32" in figure.get_suptitle()
        plt.close(figure)
        kinds = read_table(table).assign(organism_type=lambda rows: rows["organism"].map({"a": "SDF", "b": "EM"}))
        figure = draw(kinds, by_type(kinds), "float32")
        assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["a", "b"]
        plt.close(figure)
    again_figure("float32", table, types, tmp_path / "a.pdf", tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 10_000


def summary(shift=0.0, seed=0):
    """Shares of answers that were read: of two organisms, a control and, by another readout, other models."""
    rows = [
        {"organism": name, "organism_type": kind, "readout": readout, "vector": vector, "relevant_fraction": share}
        | {"difference_minus_this": float("nan") if vector == "difference" else 0.9 + shift - share}
        for name, kind in {"a": "SDF", "b": "SDF", "twin": "control"}.items()
        for readout in ("answers", "base_model")
        for vector, share in {"difference": 0.9 + shift, "random": 0.2, "unsteered": 0.1}.items()
    ]
    return pd.DataFrame(rows).assign(model=MODEL, seed=seed)


def test_what_was_read_of_both_studies_stands_side_by_side_and_is_drawn(tmp_path):
    value = of_readings(summary()).set_index(["organism", "measure", "minus"])["value"].sort_index()
    expected = {"nothing": 0.9, "random": 0.7, "unsteered": 0.8}
    assert value["a", READ].to_dict() == value["a", READ_BASE].to_dict() == pytest.approx(expected)
    assert set(value.index.get_level_values(0)) == {"a", "b"}
    files = [tmp_path / f"{name}.csv" for name in ("first", "again", "table", "types")]
    write_table(files[0], summary())
    write_table(files[1], summary(-0.3, seed=1))
    again_answers(*files)
    both, types = map(read_table, files[2:])
    assert (both["again"] - both["first"]).to_numpy() == pytest.approx(-0.3)
    assert both["same_seed"].isna().all()
    apart = types[(types["study"] == "again_minus_first") & (types["organism_type"] == "SDF")]
    assert apart["mean"].to_numpy() == pytest.approx(-0.3)
    with house_style():
        figure = draw(both, types, "float32", READ_PANELS)
        drawn = []
        for axes in figure.axes[:2]:
            points = [(line.get_marker(), *line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 1]
            drawn.append({(mark, round(x)) for mark, x in points if np.isfinite(x)})
        labels = [text.get_text() for text in figure.legends[0].get_texts()]
        told = figure.get_suptitle().replace("\n", " ")
        plt.close(figure)
    # By the difference in both studies, and by a random direction; then minus that.
    assert {("o", 90), ("D", 60), ("|", 20)} <= drawn[0]
    assert {("o", 70), ("D", 40)} <= drawn[1]
    assert labels == ["first study, seed 0", "second study, seed 1, in float32", "random vectors"]
    assert "panel by panel: 30.0 points, 30.0 points, not measured, 30.0 points (n = 2)" in told
    again_answers_figure("float32", *files[2:], tmp_path / "a.pdf", tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 10_000


def test_answers_of_a_study_that_is_compared_are_those_of_its_last_model():
    for name, prefix in {"again": "", "gentle": "larger_model_"}.items():
        overlay = CONFIGS / f"laptop_{name}.yaml"
        study = load_study(laid_over([read_yaml(CONFIG), read_yaml(overlay)]), overlay)
        for asked in ("steered_answers", "base_steered_answers"):
            table = prefix + asked.replace("steered_", "" if prefix else "steered_")
            assert study.answers_to_read(asked) == f"figures/laptop_{name}/tables/{table}.csv"
            assert Path(study.answers_to_read(asked)).is_file()
        assert verdicts_of(study, "answers") == [f"data/inputs/readings/answers_{name}.csv"]


def test_the_second_study_departs_from_the_first_in_seeds_and_precision_alone_but_for_its_mixtures():
    content = laid_over([read_yaml(CONFIG), read_yaml(OVERLAY)])
    first, again = (load_study(what, OVERLAY) for what in (read_yaml(CONFIG), content))
    names = [label.organism for label in again.labels()]
    assert {label.seed for label in again.labels()} == {1}
    assert [label.organism for label in first.labels()] == names
    for label in again.labels():
        recipe = first.recipe(label)
        assert recipe.precision == "bfloat16"
        assert again.recipe(label) == recipe.model_copy(update={"precision": "float32"})
    unlike = {
        "tier",
        "again_of",
        "without_bfloat16",
        "runs",
        "seeds",
        "causal",
        "mixing",
        "mixed_in",
        "elsewhere",
        "dose",
        "readings",
    }
    one, other = (study.config.model_dump(exclude=unlike) for study in (first, again))
    for section in ("recipe", "chat", "steering"):
        assert other[section].pop("precision") == "float32"
        assert one[section].pop("precision") == "bfloat16"
    assert one == other


def test_its_results_are_made_with_both_configs_and_the_first_tiers_need_one():
    result = "figures/laptop_again/tables/token_positions.csv"
    assert configs_of([result]) == (CONFIG, OVERLAY)
    assert configs_of(["figures/laptop/tables/token_positions.csv"]) == (CONFIG,)
    assert command_for(result) == f"snakemake --cores all {result} --configfile {CONFIG} {OVERLAY}"


def test_a_tier_that_makes_nothing_again_says_so():
    study = load_study(read_yaml(CONFIG), CONFIG)
    with pytest.raises(UserError, match=r"this config is that of 'laptop': `make again` lays .*laptop_again.*laptop's"):
        study.first_tables("mixing")
    again = load_study(laid_over([read_yaml(CONFIG), read_yaml(OVERLAY)]), OVERLAY)
    assert again.first_tables("mixing") == ["figures/laptop/tables/mixing.csv"]
    with pytest.raises(UserError, match=r"laptop_gentle with 'laptop', .* of 'laptop_again': `make gentle` lays"):
        again.first_tables("mixing", target="gentle")


def test_what_is_compared_with_and_is_not_here_is_named(monkeypatch, tmp_path):
    again = load_study(laid_over([read_yaml(CONFIG), read_yaml(OVERLAY)]), OVERLAY)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"mixing\.csv, .* is not here\. Make it with: snakemake .*mixing\.csv"):
        again.first_tables("mixing")


@pytest.mark.parametrize("twice", [{"seeds": [1, 2]}, {"variants": ["default", "rate-half"]}])
def test_each_organism_is_made_again_once(twice):
    content = laid_over([read_yaml(CONFIG), read_yaml(OVERLAY)])
    content["runs"] = [content["runs"][0] | twice, *content["runs"][1:]]
    with pytest.raises(UserError, match="again, 'cake_bake' is made with one seed and one variant alone"):
        validate_config(content, OVERLAY)


def test_a_tier_is_not_made_again_of_itself():
    with pytest.raises(UserError, match="again_of: it names another tier"):
        validate_config(read_yaml(CONFIG) | {"again_of": "laptop"}, CONFIG)


def test_means_of_a_type_stand_with_their_interval_in_each_panels_unit():
    types = by_type(compared())
    with house_style():
        figure = draw(compared(), types, "float32")
        boxes = [axes.containers for axes in figure.axes]
        plt.close(figure)
    types = types[(types["organism_type"] == "SDF") & (types["n_organisms"] == 2) & (types["positions"] != MEAN)]
    for panel, drawn in zip(PANELS, boxes, strict=True):
        rows = types[(types["measure"] == panel.measure) & (types["minus"] == panel.minus)].set_index("study")
        rows = rows.loc[[name for name in ("first", "again") if name in rows.index]]
        assert [box[0].get_xdata()[0] for box in drawn] == pytest.approx((panel.scale * rows["mean"]).tolist())
        # What is a share ends where shares do.
        limits = rows[["ci_low", "ci_high"]].clip(0, 1) if panel.control else rows[["ci_low", "ci_high"]]
        expected = (panel.scale * limits).to_numpy()
        assert [ends(box)[0] for box in drawn] == [pytest.approx(row) for row in expected]
    assert sum(map(len, boxes)) > 4
