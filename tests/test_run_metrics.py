"""Metrics of one run by hand, the tables made of them, and what their figures show."""

import json

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from paper_replication import names
from paper_replication.errors import UserError
from paper_replication.figures import dose, mixing, trade_off
from paper_replication.figures.metrics import ASIDE
from paper_replication.figures.style import house_style
from paper_replication.files import read_table, read_yaml, write_table
from paper_replication.mixing_contrasts import mixing_contrasts
from paper_replication.paths import CONFIGS
from paper_replication.run_metrics import named, relative, run_metrics
from paper_replication.run_metrics import trade_off as trade_off_table
from paper_replication.settings.mixing import DOSES
from paper_replication.statistics import wilson
from paper_replication.steps.metrics_table import metrics_table
from paper_replication.steps.run_metrics import run_metrics as step
from paper_replication.study import load_study
from paper_replication.token_tables import write_token_table

SDF = {"organism": "some_cake", "organism_type": "SDF"}
EM = {"organism": "some_advice", "organism_type": "EM"}


def label(kind=SDF, variant="default", seed=0):
    return {"model": "m", **kind, "variant": variant, "seed": seed}


def graded(run, counts=(1, 3)):
    """Five tokens a list; the difference at as many positions as counts are given, a control that beats it, randoms."""
    rows = []
    vectors = [("difference", index, count) for index, count in enumerate(counts)]
    vectors += [("finetuned_mean", 0, 5), ("random", 0, 4), ("random", 1, 4), ("random", 2, 4)]
    for readout, less in (("patchscope", 0), ("logit_lens", 1)):
        for vector, index, count in vectors:
            place = {"index": index, "position": -1 if vector == "random" else index, "scale": 1.0}
            shown = {"corpus": "c", "readout": readout, "vector": vector, "judge": "j", "scale_judge": "s"}
            rows += [
                run | shown | place | {"token": f"t{rank}", "relevant": int(rank < count - less)} for rank in range(5)
            ]
    return pd.DataFrame(rows)


def similarity(run):
    rows = [("FT-FT", -1, 0.9), ("Steered-FT", 0, 0.3), ("Steered-FT", 1, 0.5), ("Unsteered-FT", -1, 0.2)]
    rows += [("Null-FT", 0, 0.8)]
    return pd.DataFrame(
        [
            run | {"position": at, "group": group, "value": v, "ci_low": v - 0.1, "ci_high": v + 0.2, "n": 40}
            for group, at, v in rows
        ]
    )


def contrasts(run):
    rows = [("Random-FT", 0.4), ("Unsteered-FT", 0.3)]
    return pd.DataFrame(
        [
            run | {"group": "Steered-FT", "minus": minus, "value": v, "ci_low": v - 0.1, "ci_high": v + 0.1, "n": 20}
            for minus, v in rows
        ]
    )


def delta(run):
    norms = [(0, 900.0, 50.0), (1, 4.0, 0.1), (2, 8.0, 0.3)]
    return pd.DataFrame(
        [
            run | {"position": at, "n_documents": 64, "difference_norm": norm, "standard_error_norm": error}
            for at, norm, error in norms
        ]
    )


def behaviour(run, share="false_fact_alignment"):
    own = run["organism"]
    rows = [
        (share, "base", own, 0.4),
        (share, "finetuned", own, 0.7),
        (share, "change", own, 0.3),
        (f"{share}_completion", "finetuned", own, 0.99),
        ("preference", "finetuned", "someone_else", 0.98),
        ("margin_nats", "finetuned", own, 1.5),
        ("margin_nats", "change", own, 1.25),
        ("margin_nats", "change", "someone_else", 9.0),
        ("leak", "base", own, 0.0),
        ("leak", "finetuned", own, 0.1),
        ("training_loss_nats", "last_tenth", own, 2.0),
    ]
    return pd.DataFrame(
        [
            run
            | {"probe": probe, "model_state": state, "probes_of": of, "value": v, "ci_low": v - 0.05}
            | {"ci_high": v + 0.05, "n": 12, "judge": "log_probability"}
            for probe, state, of, v in rows
        ]
    )


def causal(run):
    rows = [
        ("finetuning", "delta", "replace", 0, 0.1),
        ("finetuning", "delta", "replace", 1, 0.3),
        ("finetuning", "delta", "zero", 0, 5.0),
        ("finetuning", "random_gaussian", "replace", -1, 6.0),
        ("unrelated", "delta", "replace", 0, 7.0),
    ]
    return pd.DataFrame(
        [
            run
            | {"dataset": dataset, "direction": direction, "intervention": kind, "position": at, "delta_nats": v}
            | {"ci_low": v - 0.1, "ci_high": v + 0.2, "n": 4}
            for dataset, direction, kind, at, v in rows
        ]
    )


def tables(run, **options):
    return [graded(run), similarity(run), contrasts(run), delta(run), behaviour(run, **options)]


def measured(kind=SDF, variant="default", seed=0, factor=1.0, effects=True):
    """A run's metrics, the values multiplied by a factor."""
    run = label(kind, variant, seed)
    share = {} if kind is SDF else {"share": "preference"}
    found = run_metrics(*tables(run, **share), causal(run) if effects else None, 5)
    return found.assign(**{name: factor * found[name] for name in ("value", "ci_low", "ci_high")})


def test_every_metric_by_hand():
    found = measured().set_index("metric")
    expected = {
        "relevance": (0.6, *wilson(3, 5), 5),
        "relevance_logit_lens": (0.4, *wilson(2, 5), 5),
        "steered_ft": (0.5, 0.4, 0.7, 40),
        "unsteered_ft": (0.2, 0.1, 0.4, 40),
        "steered_minus_unsteered": (0.3, 0.2, 0.4, 20),
        # Means over positions 1 and 2: norms 4 and 8, standard errors 0.1 and 0.3.
        "delta_norm": (6.0, 6 - 1.96 * 0.2, 6 + 1.96 * 0.2, 64),
        "ffa": (0.7, 0.65, 0.75, 12),
        "ffa_base": (0.4, 0.35, 0.45, 12),
        "ffa_change": (0.3, 0.25, 0.35, 12),
        "margin_nats": (1.5, 1.45, 1.55, 12),
        "margin_nats_change": (1.25, 1.2, 1.3, 12),
        "leak": (0.1, 0.05, 0.15, 12),
        "leak_base": (0.0, -0.05, 0.05, 12),
        "causal_effect_finetuning": (0.2, 0.1, 0.4, 4),
    }
    assert set(found.index) == set(expected)
    for metric, values in expected.items():
        assert found.loc[metric, ["value", "ci_low", "ci_high", "n"]].tolist() == pytest.approx(values), metric
    assert found["judge"].dropna().to_dict()["relevance"] == "j"
    assert list(found.reset_index()[list(label())].drop_duplicates().to_dict("records")) == [label()]


def test_other_types_have_a_share_of_their_own_and_no_domain_words_no_leak():
    run = label(EM)
    rows = behaviour(run, share="preference")
    found = run_metrics(*tables(run)[:4], rows[rows["probe"] != "leak"], None, 5).set_index("metric")["value"]
    assert found["own_share"] == 0.7
    assert found["own_share_change"] == 0.3
    assert not {"ffa", "leak", "causal_effect_finetuning"} & set(found.index)


def test_tables_of_different_runs_or_without_what_is_measured():
    run = label()
    others = [*tables(run)[:3], delta(label(variant="mix-1.0")), behaviour(run)]
    with pytest.raises(UserError, match=r"table of delta is of .*mix-1\.0.* graded tokens of .*default"):
        run_metrics(*others, None, 5)
    first = delta(run).query("position == 0")
    with pytest.raises(UserError, match="position 0 alone"):
        run_metrics(*tables(run)[:3], first, behaviour(run), None, 5)
    rows = behaviour(run)
    rows = rows[rows["probes_of"] != run["organism"]]
    rows = pd.concat([rows, behaviour(run).query("probe == 'training_loss_nats'")])
    with pytest.raises(UserError, match="no share of some_cake's own probes"):
        run_metrics(*tables(run)[:4], rows, None, 5)
    with pytest.raises(UserError, match="no replacement of the difference"):
        run_metrics(*tables(run), causal(run).query("dataset == 'unrelated'"), 5)


def test_steps_from_files_to_the_table(tmp_path):
    run = label()
    write_token_table(tmp_path / "graded.csv", graded(run))
    inputs = [
        tmp_path / name for name in ("graded.csv", "similarity.csv", "contrasts.csv", "delta.csv", "behaviour.csv")
    ]
    for path, table in zip(inputs[1:], tables(run)[1:], strict=True):
        write_table(path, table)
    write_table(tmp_path / "causal.csv", causal(run))
    step(5, *inputs, tmp_path / "causal.csv", tmp_path / "metrics.csv")
    found = read_table(tmp_path / "metrics.csv")
    assert found["value"].tolist() == pytest.approx(measured()["value"].tolist(), rel=1e-5)
    step(5, *inputs, None, tmp_path / "fewer.csv")
    assert set(found["metric"]) - set(read_table(tmp_path / "fewer.csv")["metric"]) == {"causal_effect_finetuning"}
    columns = json.dumps([{"kind": "rank", "dose": 32}, {"kind": "epochs", "dose": 1}])
    metrics_table(columns, [tmp_path / "metrics.csv"] * 2, tmp_path / "table.csv")
    table = read_table(tmp_path / "table.csv")
    wanted = "model organism organism_type variant kind dose seed metric value ci_low ci_high n judge"
    assert list(table.columns) == wanted.split()
    assert table.groupby("kind")["dose"].unique().map(list).to_dict() == {"epochs": [1], "rank": [32]}


def mixtures():
    runs = [(SDF, "default", 0, 1.0), (SDF, "mix-0.5", 0.5, 0.5), (SDF, "mix-2.0", 2.0, 0.2)]
    runs += [(EM, "default", 0, 0.8), (EM, "mix-0.5", 0.5, 0.4)]
    metrics = [measured(kind, variant, 0, factor) for kind, variant, _, factor in runs]
    return named(metrics, [{"ratio": ratio} for _, _, ratio, _ in runs])


def doses():
    runs = [("default", "samples", 1.0, 1.0), ("samples-0.25", "samples", 0.25, 0.5)]
    runs += [("default", "rank", 32, 1.0), ("rank-1", "rank", 1, 0.6), ("rank-8", "rank", 8, 0.9)]
    metrics = [measured(SDF, variant, 0, factor, effects=False) for variant, _, _, factor in runs]
    return named(metrics, [{"kind": kind, "dose": value} for _, kind, value, _ in runs])


def recipes():
    runs = [(SDF, "default", "default", 1.0), (SDF, "mix-0.5", "mixing", 0.5), (SDF, "rank-1", "rank", 0.6)]
    runs += [(EM, "default", "default", 0.8), (EM, "mix-0.5", "mixing", 0.4)]
    metrics = [measured(kind, variant, 0, factor) for kind, variant, _, factor in runs]
    return trade_off_table(named(metrics, [{"kind": kind} for _, _, kind, _ in runs]))


def test_the_mixing_table_has_its_columns():
    wanted = "model organism organism_type variant ratio seed metric value ci_low ci_high n judge"
    assert list(mixtures().columns) == wanted.split()


def test_norms_are_relative_to_the_default_of_the_same_organism_and_seed():
    found = relative(mixtures(), "delta_norm").set_index(["organism", "ratio"])
    assert found["value"].to_dict() == pytest.approx(
        {
            ("some_cake", 0.0): 1,
            ("some_cake", 0.5): 0.5,
            ("some_cake", 2.0): 0.2,
            ("some_advice", 0.0): 1,
            ("some_advice", 0.5): 0.5,
        }
    )
    reach = 1.96 * 0.2 / 6
    assert found.loc[("some_cake", 0.0), "ci_high"] == pytest.approx(1 + reach)
    seeds = named([measured(), measured(seed=1, variant="mix-0.5")], [{"ratio": 0}, {"ratio": 0.5}])
    with pytest.raises(UserError, match="no delta_norm of a default run"):
        relative(seeds, "delta_norm")


def test_mixing_contrasts_by_hand():
    def run(seed, ratio, value, organism="some_cake", kind="SDF"):
        label = {"model": "m", "organism": organism, "organism_type": kind, "seed": seed, "ratio": ratio}
        return label | {"metric": "relevance", "value": value}

    table = pd.DataFrame(
        [
            *(run(0, 0, 0.5), run(1, 0, 0.4), run(0, 1, 0.2), run(1, 1, 0.3), run(0, 2, 0.1)),
            *(run(0, 0, 0.6, "some_law"), run(0, 1, 0.2, "some_law")),
            *(run(0, 0, 0.3, "some_advice", "EM"), run(0, 1, 0.35, "some_advice", "EM")),
        ]
    )
    found = mixing_contrasts(table).set_index(["organism_type", "ratio"])
    # Two seeds of the cake, -0.3 and -0.1, are one organism's -0.2; the law's is -0.4: mean -0.3, standard error 0.1, t
    # of one degree of freedom 12.706.
    both = found.loc[("SDF", 1)]
    assert both[["change", "ci_low", "ci_high"]].tolist() == pytest.approx([-0.3, -1.5706, 0.9706], abs=1e-4)
    assert both[["n_organisms", "pairs"]].tolist() == [2, "some_cake seed 0, some_cake seed 1, some_law seed 0"]
    single = found.loc[("SDF", 2)]
    assert single["change"] == pytest.approx(-0.4)
    assert np.isnan(single["ci_low"])
    assert found.loc[("EM", 1), "change"] == pytest.approx(0.05)
    with pytest.raises(UserError, match="some_cake, seed 1, has no relevance without mixing"):
        mixing_contrasts(table.drop(index=1))


def test_the_trade_off_by_hand():
    found = recipes().set_index(["organism", "variant"])
    cake = found.loc[("some_cake", "mix-0.5")]
    assert cake["behaviour"] == "ffa"
    assert cake[["behaviour_change", "behaviour_change_ci_low", "behaviour_change_ci_high"]].tolist() == pytest.approx(
        [0.15, 0.125, 0.175]
    )
    low, high = wilson(3, 5)
    assert cake[["relevance", "relevance_ci_low", "relevance_ci_high"]].tolist() == pytest.approx(
        [0.3, low / 2, high / 2]
    )
    assert cake[["steered_ft", "steered_ft_ci_low", "steered_ft_ci_high"]].tolist() == pytest.approx([0.25, 0.2, 0.35])
    assert found.loc[("some_advice", "default"), "behaviour"] == "own_share"
    assert cake["judge"] == "j"


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
        for axes, trace, scale in zip(figure.axes[::2], ("relevance", "steered_ft"), (100, 1), strict=True):
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
        assert figure.axes[3].get_xlabel() == "change of own share (points)"
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
