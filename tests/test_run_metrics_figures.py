"""Figures of mixtures, doses and the trade-off: what they draw of made-up runs."""

import numpy as np
import pandas as pd
import pytest
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
from paper_replication.figures.metrics import ASIDE
from paper_replication.figures.style import house_style
from paper_replication.files import read_yaml
from paper_replication.mixing_contrasts import mixing_contrasts
from paper_replication.paths import CONFIGS
from paper_replication.run_metrics import named
from paper_replication.settings.mixing import DOSES
from paper_replication.study import load_study


def drawn(axes):
    """x and y of every line of values, without the caps and bars of its intervals."""
    return [
        (np.asarray(box[0].get_xdata(), dtype=float).tolist(), np.asarray(box[0].get_ydata(), dtype=float).tolist())
        for box in axes.containers
    ]


def broken(axes, dashes):
    """y of the broken lines of a style, which references are drawn as."""
    return [np.asarray(line.get_ydata(), dtype=float).tolist() for line in axes.lines if line.get_linestyle() == dashes]


def test_mixing_draws_every_metric_of_every_organism():
    with house_style():
        figure = mixing.draw(mixtures())
        panels = {axes.get_title(loc="left"): axes for axes in figure.axes if axes.get_title(loc="left")}
        assert list(panels) == list(mixing.TITLES.values())
        cake, advice = drawn(panels["Token relevance"])
        assert cake[0] == pytest.approx([x - ASIDE / 2 for x in (0, 1, 2)])
        assert [tick.get_text() for tick in panels["Leak into chat"].get_xticklabels()] == ["0", "0.5", "2"]
        assert cake[1] == pytest.approx([60, 30, 12])
        assert advice[1] == pytest.approx([48, 24])
        assert panels["Token relevance"].get_ylabel() == "relevant tokens (%)\nn = 5 tokens"
        assert panels["Behaviour"].get_ylabel() == "FFA or own share (%)\nn = 12 probes"
        assert drawn(panels["Steered-FT similarity"])[0][1] == pytest.approx([0.5, 0.25, 0.1])
        assert broken(panels["Steered-FT similarity"], "--")[0] == pytest.approx([0.2, 0.1, 0.04])
        assert drawn(panels["Steered minus random"])[0][1] == pytest.approx([0.4, 0.2, 0.08])
        assert panels["Steered minus random"].get_ylabel() == "difference of mean cosine to FT\nn = 20 answers"
        own, advice = drawn(panels["Behaviour"])
        assert own[1] == pytest.approx([70, 35, 14])
        assert advice[1] == pytest.approx([56, 28])
        assert broken(panels["Behaviour"], ":")[0] == pytest.approx([40, 20, 8])
        assert drawn(panels["Norm of delta"])[0][1] == pytest.approx([1, 0.5, 0.2])
        assert drawn(panels["Causal effect"])[0][1] == pytest.approx([0.2, 0.1, 0.04])
        # The mean of the positions' interval ends is the interval of nothing.
        assert not any(len(bar) for bar in panels["Causal effect"].containers[0][2][0].get_segments())
        legend = [text.get_text() for text in figure.legends[0].get_texts()]
        assert legend == ["some cake (SDF)", "some advice (EM)", "unsteered answers", "base model"]
        assert figure.get_suptitle().count("\n") < 5
        plt.close(figure)


def test_every_seed_has_a_line_and_an_interval_of_its_own():
    seeds = named([measured(seed=1), measured(seed=1, variant="mix-0.5", factor=0.1)], [{"ratio": 0}, {"ratio": 0.5}])
    with house_style():
        figure = mixing.draw(pd.concat([mixtures(), seeds]))
        axes = figure.axes[0]
        lines = [(box[0].get_markerfacecolor(), box[0].get_ydata().tolist()) for box in axes.containers]
        bars = [len(box[2][0].get_segments()) for box in axes.containers]
        legend = [text.get_text() for text in figure.legends[0].get_texts()]
        plt.close(figure)
    assert [y for _, y in lines] == [pytest.approx([60, 30, 12]), pytest.approx([60, 6]), pytest.approx([48, 24])]
    assert [face == "white" for face, _ in lines] == [False, True, False]
    assert bars == [3, 2, 2]
    assert legend[:3] == ["some cake (SDF)", "some cake (seed 1)", "some advice (EM)"]


def test_mixing_goes_without_causal_effects():
    table = mixtures()
    with house_style():
        figure = mixing.draw(table[table["metric"] != "causal_effect_finetuning"])
        titles = [axes.get_title(loc="left") for axes in figure.axes]
        assert "Causal effect" not in titles
        assert "Causal effect" not in figure.get_suptitle()
        plt.close(figure)


def test_changes_are_drawn_an_organism_a_marker_and_their_mean_with_its_interval():
    runs = [(0, 0.0, 1.0), (0, 0.5, 0.5), (1, 0.0, 1.0), (1, 0.5, 0.7)]
    cake = named([measured(SDF, f"mix-{r}", seed, f) for seed, r, f in runs], [{"ratio": r} for _, r, _ in runs])
    law = cake[cake["seed"] == 0].assign(organism="some_law")
    law.loc[law["ratio"] == 0.5, "value"] *= 2
    advice = named([measured(EM, "default", 0, 1.0), measured(EM, "mix-0.5", 0, 0.5)], [{"ratio": 0.0}, {"ratio": 0.5}])
    table = pd.concat([cake, law, advice], ignore_index=True)
    with house_style():
        figure = mixing_change.draw(table, mixing_contrasts(table))
        axes = next(axes for axes in figure.axes if axes.get_title(loc="left") == "Token relevance")
        singles = [float(line.get_ydata()[0]) for line in axes.lines if line.get_marker() in ("o", "s", "^")]
        (box,) = axes.containers
        bar = box[2][0].get_segments()[0][:, 1]
        text, legend = figure.get_suptitle().replace("\n", " "), figure.legends[0].get_texts()
        plt.close(figure)
    # Of 60 relevant tokens in 100: two seeds of the cake lose 30 and 18, the law none, the advice 30.
    assert singles == pytest.approx([-24, 0, -30])
    # The facts' mean is -12, its standard error 12, t of one degree of freedom 12.706.
    assert float(box[0].get_ydata()[0]) == pytest.approx(-12)
    assert bar.tolist() == pytest.approx([-12 - 12 * 12.706, -12 + 12 * 12.706], abs=0.1)
    assert [label.get_text() for label in axes.texts] == ["2"]
    assert axes.get_ylim()[0] > bar.min()
    assert "mean over organisms (SDF)" in text
    assert [label.get_text() for label in legend] == ["some cake (SDF)", "some law (SDF)", "some advice (EM)"]


def test_changes_of_single_organisms_have_no_interval():
    table = mixtures()
    with house_style():
        figure = mixing_change.draw(table, mixing_contrasts(table))
        text = figure.get_suptitle().replace("\n", " ")
        assert not any(axes.containers for axes in figure.axes)
        assert all(axes.get_ylim()[0] <= 0 <= axes.get_ylim()[1] for axes in figure.axes)
        assert [tick.get_text() for tick in figure.axes[-1].get_xticklabels()] == ["0.5", "2"]
        plt.close(figure)
    assert "No interval: one organism of each type" in text


def test_dose_draws_one_column_a_kind():
    with house_style():
        figure = dose.draw(doses())
        grid = np.array(figure.axes).reshape(4, 2)
        assert [axes.get_xlabel() for axes in grid[-1]] == [names.DOSES["samples"], names.DOSES["rank"]]
        assert [tick.get_text() for tick in grid[-1, 1].get_xticklabels()] == ["1", "8", "32"]
        assert [tick.get_text() for tick in grid[-1, 0].get_xticklabels()] == ["1/4", "1"]
        assert drawn(grid[0, 0])[0] == ([0, 1], pytest.approx([30, 60]))
        assert drawn(grid[0, 1])[0] == ([0, 1, 2], pytest.approx([36, 54, 60]))
        assert drawn(grid[3, 1])[0][1] == pytest.approx([0.6, 0.9, 1.0])
        assert grid[2, 0].get_ylabel() == "FFA (%)\nn = 12 probes"
        plt.close(figure)


def test_full_finetuning_is_not_joined_to_the_ranks():
    full = named([measured(variant="full", factor=0.7, effects=False)], [{"kind": "rank", "dose": np.inf}])
    with house_style():
        figure = dose.draw(pd.concat([doses(), full]))
        ranks, alone = drawn(np.array(figure.axes).reshape(4, 2)[0, 1])
        text = figure.get_suptitle().replace("\n", " ")
        plt.close(figure)
    assert ranks[1] == pytest.approx([36, 54, 60])
    assert alone == ([3], [pytest.approx(42)])
    assert "a tenth of the learning rate" in text


def test_the_rank_correlation_of_trace_and_behaviour_by_hand():
    rows = pd.DataFrame({"behaviour_change": [1, 2, 3, 4, 5, 6, 7, 8], "steered_ft": [2, 1, 4, 3, 6, 5, 8, 7]})
    rows["variant"] = list("abcdefgh")
    # Eight ranks, each off by one: 1 - 6 * 8 / (8 * 63) = 0.905; artanh 1.498, to either side 1.96 * 0.460 = 0.902.
    assert trade_off.agreement(rows, "steered_ft") == "Spearman 0.90 [0.53, 0.98]\nover 8 recipes"
    assert trade_off.agreement(rows[:7], "steered_ft") == ""
    # A second seed of a recipe is not another recipe.
    assert trade_off.agreement(pd.concat([rows[:7], rows[:1]]), "steered_ft") == ""


def test_trade_off_draws_a_point_a_recipe_on_common_axes():
    table = recipes()
    with house_style():
        figure = trade_off.draw(table)
        assert len(figure.axes) == 4
        for axes, trace, scale in zip(figure.axes[::2], ("relevance", trade_off.STEERING), (100, 1), strict=True):
            own = table[table["organism"] == "some_cake"]
            points = {
                line.get_label(): (float(line.get_xdata()[0]), float(line.get_ydata()[0]))
                for line in axes.lines
                if line.get_label() in set(own["variant"])
            }
            expected = {
                row["variant"]: (100 * row["behaviour_change"], scale * row[trace]) for _, row in own.iterrows()
            }
            assert points.keys() == expected.keys()
            for variant, place in expected.items():
                assert points[variant] == pytest.approx(place)
            # Both intervals of each point.
            assert all(box.has_xerr and box.has_yerr for box in axes.containers)
            assert len(axes.containers) == len(own)
        assert figure.axes[3].get_xlabel() == "change of own\nshare (points)"
        assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()
        assert figure.axes[2].get_ylim()[0] == 0
        legend = [text.get_text() for text in figure.legends[0].get_texts()]
        assert legend == ["default", "LoRA rank 1", "0.5:1 unrelated data"]
        plt.close(figure)


def test_trade_off_shows_seeds_apart_and_points_that_coincide_side_by_side():
    table = recipes().query("organism == 'some_cake'")
    with house_style():
        figure = trade_off.draw(pd.concat([table, table.assign(seed=1)]))
        points = [line for line in figure.axes[0].lines if line.get_label() == "default"]
        legend = [text.get_text() for text in figure.legends[0].get_texts()]
        plt.close(figure)
    assert [line.get_markerfacecolor() == "white" for line in points] == [False, True]
    assert [line.get_xdata()[0] for line in points] == pytest.approx([30, 30 + trade_off.ASIDE])
    assert legend[-1] == "seed 1"


def test_every_recipe_has_a_display_name():
    studies = [load_study(read_yaml(CONFIGS / f"{tier}.yaml"), tier) for tier in ("laptop", "paper")]
    variants = {label.variant for study in studies for label, _ in study.trade_off_entries()}
    called = {variant: trade_off.recipe_label(variant) for variant in variants - {"default"}}
    assert all(variant != label for variant, label in called.items())
    assert len(set(called.values())) == len(called)
    mixtures = [variant for variant in variants if variant.startswith("mix-")]
    assert len(mixtures) <= len(trade_off.MARKERS)
    assert (called["mix-1.0"], called["rate-half"]) == ("1:1 unrelated data", "half the learning rate")


def test_every_kind_of_dose_has_a_name_and_a_colour():
    assert set(names.DOSES) == set(DOSES)
    assert set(names.DOSE_COLOURS) == {*DOSES, "default"}
