"""Metrics of one run by hand, and the tables made of them."""

import json

import numpy as np
import pandas as pd
import pytest
from measured_runs import (
    EM,
    behaviour,
    causal,
    contrasts,
    delta,
    graded,
    label,
    measured,
    mixtures,
    recipes,
    tables,
)

from paper_replication.errors import UserError
from paper_replication.files import read_table, write_table
from paper_replication.mixing_contrasts import mixing_contrasts
from paper_replication.mixing_seeds import mixing_seeds
from paper_replication.run_metrics import named, relative, run_metrics
from paper_replication.statistics import wilson
from paper_replication.steering_controls import with_controls
from paper_replication.steps.dose_table import dose_table
from paper_replication.steps.metrics_table import metrics_table
from paper_replication.steps.run_metrics import run_metrics as step
from paper_replication.token_tables import write_token_table


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


def test_the_mixing_table_has_its_columns_and_the_control_of_steering_of_some_runs(tmp_path):
    for seed in (0, 1):
        write_table(tmp_path / f"metrics{seed}.csv", measured(seed=seed))
    write_table(tmp_path / "contrasts.csv", contrasts(label(seed=1)))
    metrics = [tmp_path / f"metrics{seed}.csv" for seed in (0, 1)]
    metrics_table(json.dumps([{"ratio": 0}, {"ratio": 2}]), metrics, [tmp_path / "contrasts.csv"], tmp_path / "t.csv")
    table = read_table(tmp_path / "t.csv")
    wanted = "model organism organism_type variant ratio seed metric value ci_low ci_high n judge"
    assert list(table.columns) == wanted.split()
    control = table[table["metric"] == "steered_minus_random"]
    assert control[["ratio", "seed", "value", "ci_low", "ci_high", "n"]].to_numpy().tolist() == [
        [2, 1, 0.4, 0.3, 0.5, 20]
    ]
    assert len(table) == 2 * len(measured()) + 1


def test_the_table_of_doses_has_a_default_run_with_its_control_once_for_each_kind(tmp_path):
    files = {variant: tmp_path / f"{variant}.csv" for variant in ("default", "rank-1", "epochs-2")}
    for variant, file in files.items():
        write_table(file, measured(variant=variant))
    write_table(tmp_path / "contrasts.csv", contrasts(label()))
    rows = [("default", "rank", 32), ("default", "epochs", 1), ("rank-1", "rank", 1), ("epochs-2", "epochs", 2)]
    columns = json.dumps([{"kind": kind, "dose": dose} for _, kind, dose in rows])
    metrics = [files[variant] for variant, *_ in rows]
    # That of the mixtures is of another run, and of one that has its own.
    mixed = mixtures()
    write_table(
        tmp_path / "mixing.csv", pd.concat([mixed, mixed.query("variant == 'default'").assign(variant="rank-1")])
    )
    dose_table(columns, metrics, [tmp_path / "contrasts.csv"], [tmp_path / "mixing.csv"], tmp_path / "t.csv")
    table = read_table(tmp_path / "t.csv")
    wanted = "model organism organism_type variant kind dose seed metric value ci_low ci_high n judge"
    assert list(table.columns) == wanted.split()
    assert list(table[["variant", "kind", "dose"]].drop_duplicates().itertuples(index=False, name=None)) == rows
    control = table[table["metric"] == "steered_minus_random"]
    assert control[["variant", "kind", "value"]].to_numpy().tolist() == [
        ["default", "rank", 0.4],
        ["default", "epochs", 0.4],
        ["rank-1", "rank", 0.4],
    ]
    assert len(table) == 4 * len(measured()) + 3


def test_steering_without_a_control_or_of_a_run_that_is_not_in_the_table_is_refused():
    with pytest.raises(UserError, match=r"have a control of steering, but no metrics: m some_cake SDF default 1\."):
        with_controls([measured()], [contrasts(label()), contrasts(label(seed=1))])
    with pytest.raises(UserError, match="have no group Random-FT"):
        with_controls([measured()], [contrasts(label()).query("minus == 'Unsteered-FT'")])


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


def test_the_change_over_seeds_by_hand():
    def run(organism, seed, ratio, value):
        label = {"model": "m", "organism": organism, "organism_type": "EM", "seed": seed, "ratio": ratio}
        return label | {"metric": "relevance", "value": value}

    values = {0: (0.5, 0.2), 1: (0.4, 0.3), 2: (0.6, 0.2)}
    rows = [run("advice", seed, ratio, value) for seed, pair in values.items() for ratio, value in enumerate(pair)]
    rows += [run("advice", 0, 2, 0.1), run("other", 0, 0, 0.3), run("other", 0, 1, 0.35)]
    # -0.3, -0.1 and -0.4: standard deviation 0.1528, t of two degrees of freedom 4.303. One seed has no interval.
    [found] = mixing_seeds(pd.DataFrame(rows)).to_dict("records")
    assert (found["organism"], found["ratio"], found["n_seeds"], found["seeds"]) == ("advice", 1, 3, "0, 1, 2")
    interval = [found[name] for name in ("change", "ci_low", "ci_high")]
    assert interval == pytest.approx([-0.26667, -0.64612, 0.11279], abs=1e-4)


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
    steering = ["steered_minus_unsteered", "steered_minus_unsteered_ci_low", "steered_minus_unsteered_ci_high"]
    assert cake[steering].tolist() == pytest.approx([0.15, 0.1, 0.2])
    random = [name.replace("unsteered", "random") for name in steering]
    assert cake[random].tolist() == pytest.approx([0.2, 0.3, 0.5])
    assert found.loc[("some_cake", "rank-1"), random].isna().all()
    assert found.loc[("some_advice", "default"), "behaviour"] == "own_share"
    assert cake["judge"] == "j"
