"""Figures of mixtures, doses and the trade-off: what they draw of made-up runs."""

import numpy as np
import pandas as pd
import pytest
from error_bars import ends
from matplotlib import pyplot as plt
from measured_runs import (
    EM,
    SDF,
    doses,
    measured,
    mixtures,
    recipes,
)

from paper_replication import names
from paper_replication.figures import dose, mixing, mixing_change, trade_off
from paper_replication.figures.metrics import ASIDE, MARKERS, styles
from paper_replication.figures.style import house_style
from paper_replication.files import read_yaml
from paper_replication.mixing_contrasts import mixing_contrasts
from paper_replication.paths import CONFIGS
from paper_replication.run_metrics import named
from paper_replication.settings.mixing import DOSES
from paper_replication.study import load_study

MIXED_IN = {"SDF": "encyclopaedia", "EM": "conversations"}


def drawn(axes):
    """x and y of every line of values, without the caps and bars of its intervals."""
    return [
        (np.asarray(box[0].get_xdata(), dtype=float).tolist(), np.asarray(box[0].get_ydata(), dtype=float).tolist())
        for box in axes.containers
    ]


def broken(axes, dashes):
    """y of the broken lines of a style, which references are drawn as."""
    return [np.asarray(line.get_ydata(), dtype=float).tolist() for line in axes.lines if line.get_linestyle() == dashes]


def by_metric(figure, organisms):
    """The panels of each metric of the figure of mixtures, one an organism."""
    rows = np.array(figure.axes).reshape(-1, organisms)
    return dict(zip(mixing.METRICS, rows, strict=True))


def test_mixing_draws_every_metric_of_every_organism():
    with house_style():
        figure = mixing.draw(mixtures(), MIXED_IN)
        panels = by_metric(figure, 2)
        titles = [axes.get_title(loc="left") for axes in panels["relevance"]]
        assert titles == ["some cake (SDF)", "some advice\n(EM)"]
        cake, advice = (drawn(axes) for axes in panels["relevance"])
        assert cake == [([0, 1, 2], pytest.approx([60, 30, 12]))]
        rows = mixtures().query("organism == 'some_cake' and metric == 'relevance'")[["ci_low", "ci_high"]]
        bars = ends(panels["relevance"][0].containers[0])
        assert bars == [pytest.approx(row) for row in 100 * rows.to_numpy()]
        assert advice == [([0, 1], pytest.approx([48, 24]))]
        assert [tick.get_text() for tick in panels["delta_norm"][0].get_xticklabels()] == ["0", "0.5", "2"]
        assert panels["relevance"][0].get_ylabel() == "relevant tokens\n(%)\nn = 5 tokens"
        assert panels["ffa_change"][0].get_ylabel() == "change of FFA or\nown share (points)\nn = 12 probes"
        assert drawn(panels["steered_ft"][0])[0][1] == pytest.approx([0.5, 0.25, 0.1])
        assert broken(panels["steered_ft"][0], "--") == [pytest.approx([0.2, 0.1, 0.04])]
        assert drawn(panels["steered_minus_random"][0])[0][1] == pytest.approx([0.4, 0.2, 0.08])
        assert panels["steered_minus_random"][0].get_ylabel() == "Steered minus\nrandom (cosine)\nn = 20 answers"
        changes = [drawn(axes)[0][1] for axes in panels["ffa_change"]]
        assert changes == [pytest.approx([30, 15, 6]), pytest.approx([24, 12])]
        assert broken(panels["ffa_change"][0], ":") == []
        assert drawn(panels["delta_norm"][0])[0][1] == pytest.approx([1, 0.5, 0.2])
        effect = panels["causal_effect_finetuning"][0]
        assert drawn(effect)[0][1] == pytest.approx([0.2, 0.1, 0.04])
        assert effect.get_ylabel().startswith("change of own loss,\ndirection replaced\n(nats per token)\nn = ")
        # The mean of the positions' interval ends is the interval of nothing.
        assert not any(len(bar) for bar in effect.containers[0][2][0].get_segments())
        # On common axes, from zero, with room for the largest.
        assert all(row[0].get_ylim() == row[1].get_ylim() for row in panels.values())
        assert panels["leak"][0].get_ylim()[0] <= 0
        assert panels["relevance"][0].get_ylim()[1] > 60
        legend = [text.get_text() for text in figure.legends[0].get_texts()]
        assert legend == ["seed 0", "unsteered answers", "base model"]
        said = figure.get_suptitle()
        assert said.replace("\n", " ").startswith("Mixed in: encyclopaedia passages (SDF), conversations (EM). ")
        # Seven lines at most, so that panels keep their room.
        assert said.count("\n") < 7
        plt.close(figure)


def test_every_seed_has_a_line_and_an_interval_of_its_own():
    seeds = named([measured(seed=1), measured(seed=1, variant="mix-0.5", factor=0.1)], [{"ratio": 0}, {"ratio": 0.5}])
    with house_style():
        figure = mixing.draw(pd.concat([mixtures(), seeds]), MIXED_IN)
        cake, advice = by_metric(figure, 2)["relevance"]
        lines = [
            (box[0].get_markerfacecolor() == "white", drawn_line)
            for box, drawn_line in zip(cake.containers, drawn(cake), strict=True)
        ]
        bars = [len(box[2][0].get_segments()) for box in cake.containers]
        alone = len(advice.containers)
        legend = [text.get_text() for text in figure.legends[0].get_texts()]
        plt.close(figure)
    assert lines[0] == (False, (pytest.approx([-ASIDE, 1 - ASIDE, 2 - ASIDE]), pytest.approx([60, 30, 12])))
    assert lines[1] == (True, (pytest.approx([ASIDE, 1 + ASIDE]), pytest.approx([60, 6])))
    assert bars == [3, 2]
    assert alone == 1
    assert legend[:2] == ["seed 0", "seed 1"]


def test_a_panel_without_a_run_says_so():
    table = mixtures()
    advice = (table["organism"] == "some_advice") & (table["metric"] == "steered_minus_random")
    with house_style():
        figure = mixing.draw(table[~advice], MIXED_IN)
        panels = by_metric(figure, 2)["steered_minus_random"]
        words = [[text.get_text() for text in axes.texts] for axes in panels]
        plt.close(figure)
    assert words == [[], ["not\nmeasured"]]


def test_mixing_goes_without_causal_effects():
    table = mixtures()
    with house_style():
        figure = mixing.draw(table[table["metric"] != "causal_effect_finetuning"], MIXED_IN)
        assert not any("loss" in axes.get_ylabel() for axes in figure.axes)
        assert "causal" not in figure.get_suptitle()
        assert len(figure.axes) == 2 * (len(mixing.METRICS) - 1)
        plt.close(figure)


def test_changes_are_drawn_an_organism_a_marker_and_their_mean_with_its_interval():
    runs = [(0, 0.0, 1.0), (0, 0.5, 0.5), (1, 0.0, 1.0), (1, 0.5, 0.7)]
    cake = named([measured(SDF, f"mix-{r}", seed, f) for seed, r, f in runs], [{"ratio": r} for _, r, _ in runs])
    law = cake[cake["seed"] == 0].assign(organism="some_law")
    law.loc[law["ratio"] == 0.5, "value"] *= 2
    advice = named([measured(EM, "default", 0, 1.0), measured(EM, "mix-0.5", 0, 0.5)], [{"ratio": 0.0}, {"ratio": 0.5}])
    others = [law.assign(organism=name) for name in ("some_tax", "some_art")]
    table = pd.concat([cake, law, *others, advice], ignore_index=True)
    with house_style():
        figure = mixing_change.draw(table, mixing_contrasts(table), MIXED_IN)
        axes = next(axes for axes in figure.axes if axes.get_title(loc="left") == "Token relevance")
        singles = [float(line.get_ydata()[0]) for line in axes.lines if line.get_marker() in ("o", "s", "^", "D", "v")]
        (box,) = axes.containers
        bar = box[2][0].get_segments()[0][:, 1]
        text, legend = figure.get_suptitle().replace("\n", " "), figure.legends[0].get_texts()
        limits = axes.get_ylim()
        plt.close(figure)
    # Of 60 relevant tokens in 100: two seeds of the cake lose 30 and 18, the others none, the advice 30.
    assert sorted(singles) == pytest.approx([-30, -24, 0, 0, 0])
    # The facts' mean is -6, its standard error 6, t of three degrees of freedom 3.182.
    assert float(box[0].get_ydata()[0]) == pytest.approx(-6)
    assert bar.tolist() == pytest.approx([-6 - 6 * 3.182, -6 + 6 * 3.182], abs=0.1)
    assert not axes.texts
    assert limits[0] < bar.min() < bar.max() < limits[1]
    assert "mean over the n organisms of a type (SDF; of 3 or more)" in text
    assert "the mean of its seeds (2; fewer of some law, some tax, some art, some advice)" in text
    names_drawn = [label.get_text() for label in legend]
    facts = [f"some {name} (SDF)" for name in ("cake", "law", "tax", "art")]
    assert names_drawn == [*facts, "some advice (EM)", "mean of SDF (n = 4)"]


def test_means_of_two_types_stand_on_either_side():
    runs = [(kind, organism, r) for kind in (EM, SDF) for organism in "abc" for r in (0.0, 0.5)]
    rows = [
        measured(kind, f"mix-{r}", 0, 1 - r).assign(organism=f"{kind['organism']}_{name}") for kind, name, r in runs
    ]
    table = named(rows, [{"ratio": r} for *_, r in runs])
    with house_style():
        figure = mixing_change.draw(table, mixing_contrasts(table), MIXED_IN)
        boxes = [box[0] for box in figure.axes[0].containers]
        legend = [text.get_text() for text in figure.legends[0].get_texts()]
        plt.close(figure)
    assert [(box.get_xdata()[0], box.get_markerfacecolor()) for box in boxes] == [(-0.28, "black"), (0.28, "white")]
    assert legend[-2:] == ["mean of SDF (n = 3)", "mean of EM (n = 3)"]


def test_of_few_organisms_no_mean_is_drawn():
    runs = [(organism, ratio) for organism in ("some_cake", "some_law") for ratio in (0.0, 0.5)]
    table = named([measured(SDF, f"mix-{r}", 0, 1 - r) for _, r in runs], [{"ratio": r} for _, r in runs])
    table["organism"] = np.repeat([organism for organism, _ in runs], len(table) // len(runs))
    with house_style():
        figure = mixing_change.draw(table, mixing_contrasts(table), MIXED_IN)
        axes = figure.axes[0]
        assert not axes.containers
        assert not axes.texts
        plt.close(figure)


def test_changes_of_single_organisms_have_no_interval():
    table = mixtures()
    with house_style():
        figure = mixing_change.draw(table, mixing_contrasts(table), MIXED_IN)
        text = figure.get_suptitle().replace("\n", " ")
        assert not any(axes.containers for axes in figure.axes)
        assert all(axes.get_ylim()[0] <= 0 <= axes.get_ylim()[1] for axes in figure.axes)
        assert [tick.get_text() for tick in figure.axes[-1].get_xticklabels()] == ["0.5", "2"]
        plt.close(figure)
    assert "No mean: fewer than 3 organisms of each type" in text


def references_of(axes, marker):
    """The marks of references, which are larger than caps of intervals."""
    size = dose.TICK["ms"]
    return [line for line in axes.lines if (line.get_marker(), line.get_markersize()) == (marker, size)]


def test_dose_draws_one_row_a_recipe_and_one_column_a_metric():
    full = named([measured(variant="full", factor=0.7, effects=False)], [{"kind": "rank", "dose": np.inf}])
    table = pd.concat([doses(), full])
    with house_style():
        figure = dose.draw(table)
        panels = dict(zip(dose.METRICS, figure.axes, strict=True))
        labels = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
        # The default, which departs in nothing, stands once; x and y of each mark.
        assert labels == ["default", "1/4 of the samples", "LoRA rank 1", "LoRA rank 8", "full finetuning"]
        marks = dict(zip(*reversed(drawn(panels["relevance"])[0]), strict=True))
        assert marks == {place: pytest.approx(x) for place, x in enumerate([60, 30, 36, 54, 42])}
        rows = table.query("metric == 'relevance'").drop_duplicates("variant")[["ci_low", "ci_high"]]
        assert sorted(ends(panels["relevance"].containers[0])) == [
            pytest.approx(row) for row in sorted((100 * rows.to_numpy()).tolist())
        ]
        assert sorted(drawn(panels["delta_norm"])[0][0]) == pytest.approx([0.5, 0.6, 0.7, 0.9, 1.0])
        assert panels["ffa_change"].get_xlabel() == "change of FFA\n(points)\nn = 12\nprobes"
        (random, places) = drawn(panels["steered_minus_random"])[0]
        assert dict(zip(places, random, strict=True)) == pytest.approx({1: 0.2, 2: 0.24, 3: 0.36})
        (unsteered,) = references_of(panels["steered_ft"], "|")
        assert unsteered.get_color() == panels["steered_ft"].containers[0][0].get_color()
        assert sorted(unsteered.get_xdata()) == pytest.approx([0.1, 0.12, 0.14, 0.18, 0.2])
        (base,) = references_of(panels["leak"], "x")
        assert set(base.get_xdata()) == {0}
        assert [60, 60] in [list(line.get_xdata()) for line in panels["relevance"].lines]
        assert panels["relevance"].get_xlim()[0] <= 0
        assert figure.axes[0].get_ylim() == (4.5, -0.5)
        text = figure.get_suptitle().replace("\n", " ")
        legend = [text.get_text() for text in figure.legends[0].get_texts()]
        plt.close(figure)
    assert "at a lower learning rate" in text
    assert legend == ["some cake (SDF)", "unsteered answers", "base model"]


def test_the_rank_correlation_of_trace_and_behaviour_by_hand():
    rows = pd.DataFrame({"behaviour_change": [1, 2, 3, 4, 5, 6, 7, 8], "steered_ft": [2, 1, 4, 3, 6, 5, 8, 7]})
    rows = rows.assign(organism="a", variant=list("abcdefgh"), kind="rank", ratio=0.0)
    # Eight ranks, each off by one: 1 - 6 * 8 / (8 * 63) = 0.905; artanh 1.498, to either side 1.96 * 0.460 = 0.902.
    assert trade_off.agreement(rows, "steered_ft") == "8 recipes, Spearman\n0.90 [0.53, 0.98]"
    assert trade_off.agreement(rows[:7], "steered_ft") == ""
    # One that the trace was not measured of is none, and of none there is nothing to say.
    rows.loc[0, "steered_ft"] = np.nan
    assert trade_off.agreement(rows, "steered_ft") == ""
    assert trade_off.agreement(rows.assign(steered_ft=np.nan), "steered_ft") == ""
    rows.loc[0, "steered_ft"] = 2
    # A second seed of a recipe is not another recipe.
    assert trade_off.agreement(pd.concat([rows[:7], rows[:1]]), "steered_ft") == ""


def test_the_correlations_are_those_of_each_organism():
    falling = {"behaviour_change": range(8), "steered_ft": range(8, 0, -1)}
    rising = {"behaviour_change": range(8), "steered_ft": range(8)}
    rows = [pd.DataFrame(found).assign(organism=name) for name, found in (("a", falling), ("b", rising))]
    rows = pd.concat([table.assign(variant=list("abcdefgh"), kind="rank", ratio=0.0) for table in rows])
    figure, axes = plt.subplots()
    trade_off._correlations(axes, rows, "steered_ft")
    told = [text.get_text() for text in axes.texts]
    plt.close(figure)
    assert [text.split("\n")[1].split()[0] for text in told] == ["-1.00", "1.00"]


def points_of(axes, variant):
    return [line for line in axes.lines if line.get_label() == variant]


def xy_of(axes, variant):
    points = points_of(axes, variant)
    return [line.get_xdata()[0] for line in points], [line.get_ydata()[0] for line in points]


def test_trade_off_draws_a_mark_a_recipe():
    table = recipes()
    with house_style():
        figure = trade_off.draw(table)
        assert len(figure.axes) == 2
        for axes, trace in zip(figure.axes, (trade_off.STEERING, trade_off.RANDOM), strict=True):
            for variant, rows in table.dropna(subset=[trace]).groupby("variant"):
                x, y = xy_of(axes, variant)
                assert x == pytest.approx((100 * rows["behaviour_change"]).tolist())
                assert y == pytest.approx(rows[trace].tolist())
            # Once the interval of a run: the median of their widths.
            (usual,) = axes.containers
            low, high = usual[2][1].get_segments()[0][:, 1]
            widths = table[f"{trace}_ci_high"] - table[f"{trace}_ci_low"]
            assert high - low == pytest.approx(widths.median())
            low, high = usual[2][0].get_segments()[0][:, 0]
            widths = table["behaviour_change_ci_high"] - table["behaviour_change_ci_low"]
            assert high - low == pytest.approx(100 * widths.median())
        # Where there is no control of steering there is no mark.
        assert not points_of(figure.axes[1], "rank-1")
        assert figure.axes[0].get_xlabel() == "change of FFA or own share (points)"
        # From no unrelated data to more, an organism a line; other recipes are not on it.
        paths = points_of(figure.axes[0], "_mixtures")
        cake = table.query("organism == 'some_cake' and kind != 'rank'")
        assert paths[0].get_ydata().tolist() == pytest.approx(cake[trade_off.STEERING].tolist())
        assert len(paths) == 2
        legend = [text.get_text() for text in figure.legends[0].get_texts()]
        assert legend == [
            "some cake (SDF)",
            "some advice (EM)",
            "default",
            "LoRA rank, or full finetuning",
            "mixing ratio",
        ]
        plt.close(figure)


def test_trade_off_joins_the_seeds_of_a_recipe_with_their_mean():
    table = recipes().query("organism == 'some_cake'")
    other = table.assign(seed=1, behaviour_change=table["behaviour_change"] + 0.1)
    with house_style():
        figure = trade_off.draw(pd.concat([table, other]))
        x, _ = xy_of(figure.axes[0], "default")
        seeds = [line.get_xdata() for line in points_of(figure.axes[0], "_seed")][:2]
        legend = [text.get_text() for text in figure.legends[0].get_texts()]
        plt.close(figure)
    assert x == pytest.approx([35])
    assert seeds == [pytest.approx([35, 30]), pytest.approx([35, 40])]
    assert legend[-1] == "one seed"


def test_larger_marks_have_more_unrelated_data():
    table = recipes().query("organism == 'some_cake'")
    more = table[table["kind"] == "mixing"].assign(variant="mix-2.0", behaviour_change=0.5)
    with house_style():
        figure = trade_off.draw(pd.concat([table, more]))
        sizes = [points_of(figure.axes[0], name)[0].get_markersize() for name in ("default", "mix-2.0", "rank-1")]
        between = points_of(figure.axes[0], "mix-0.5")[0].get_markersize()
        legend = [text.get_text() for text in figure.legends[0].get_texts()]
        plt.close(figure)
    assert sizes == [trade_off.LEAST, trade_off.MOST, trade_off.SIZE]
    assert trade_off.LEAST < between < trade_off.MOST
    assert "mixing ratio, 0.5 to 2" in legend


def test_every_mixture_is_called_by_its_ratio_and_every_dose_by_its_name():
    studies = [load_study(read_yaml(CONFIGS / f"{tier}.yaml"), tier) for tier in ("smoke", "laptop", "paper")]
    for study in studies:
        for label, columns in study.mixing_entries():
            assert trade_off.ratio(label.variant) == columns["ratio"]
        doses = {(columns["kind"], columns["dose"]) for _, columns in study.dose_entries()}
        called = {dose.recipe_label(*found) for found in doses}
        assert len(called) == len(doses)
    assert {"full finetuning", "2/5 of the samples", "1:1 unrelated data", "LoRA rank 1"} <= called


def test_every_kind_of_dose_has_a_name_and_a_mark():
    assert set(names.DOSES) == set(DOSES)
    assert set(dose.CALLED) == set(DOSES)
    assert set(trade_off.MARKERS) == {*DOSES, "default"}


def test_where_an_organism_has_fewer_seeds_is_told():
    runs = [("some_fact", 0.1, 0), ("some_fact", 0.1, 1), ("some_fact", 0.5, 0), ("some_law", 0.1, 0)]
    rows = pd.DataFrame(runs, columns=["organism", "ratio", "seed"])
    assert mixing_change._seeds_note(rows) == "2; fewer of some fact at 0.5, some law"
    assert mixing_change._seeds_note(rows[:2]) == "2"
    assert mixing_change._seeds_note(rows[2:]) == ""


def test_the_level_of_random_directions_is_how_far_they_lie_above_unsteered_answers():
    with house_style():
        figure = trade_off.draw(recipes())
        levels = [broken(axes, "--") for axes in figure.axes]
        plt.close(figure)
    # Of the four runs that have both: 0.1, 0.05, 0.08 and 0.04 below. Where they are subtracted, nothing is drawn.
    assert levels == [[pytest.approx([-0.065, -0.065])], []]


def test_the_rank_correlation_is_of_ranks():
    rows = pd.DataFrame({"behaviour_change": [1, 2, 3, 4, 5, 6, 7, 8], "steered_ft": [2, 1, 4, 3, 6, 5, 8, 7]})
    rows = rows.assign(organism="a", variant=list("abcdefgh"), kind="rank", ratio=0.0)
    told = trade_off.agreement(rows, "steered_ft")
    assert trade_off.agreement(rows.assign(steered_ft=np.exp(rows["steered_ft"])), "steered_ft") == told


def test_an_organism_looks_the_same_whichever_others_are_drawn():
    table, listed = mixtures(), ["some_law", "some_advice", "some_cake"]
    whole, part = (styles(rows, listed) for rows in (table, table[table["organism"] == "some_cake"]))
    assert whole["some_cake", 0] == part["some_cake", 0]
    assert part["some_cake", 0]["marker"] == MARKERS[2]
    shades = [trade_off.colours(rows, listed)["some_cake"] for rows in (table, table[table["organism"] == "some_cake"])]
    assert shades == 2 * [part["some_cake", 0]["color"]]
    # One that is not listed has a look that none of these has.
    assert styles(table, ["some_cake"])["some_advice", 0]["marker"] == MARKERS[1]
