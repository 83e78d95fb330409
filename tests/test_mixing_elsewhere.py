"""Mixtures whose delta is measured on another corpus than the one that is mixed in."""

import json

import pandas as pd
import pytest
from matplotlib import pyplot as plt

from paper_replication.errors import UserError
from paper_replication.figures.mixing_elsewhere import draw
from paper_replication.files import read_table, read_yaml, write_table
from paper_replication.mixing_elsewhere import mixing_elsewhere_seeds
from paper_replication.paths import CONFIGS
from paper_replication.plan import laid_over
from paper_replication.steps.mixing_elsewhere_table import mixing_elsewhere_table
from paper_replication.study import load_study

AGAIN = [CONFIGS / "laptop.yaml", CONFIGS / "laptop_again.yaml"]
# Of each corpus and seed: the trace without mixing, and with.
TRACES = {"encyclopaedia": [(0.10, -0.05), (0.08, -0.03)], "web": [(0.09, 0.07), (0.11, 0.03)]}
LABEL = {"model": "m", "organism": "finance", "organism_type": "EM"}


def content(**changed):
    return laid_over([read_yaml(config) for config in AGAIN]) | changed


def rows(metric="steered_minus_random"):
    judge = "embedding_relevance" if metric == "relevance" else ""
    return pd.DataFrame(
        [
            LABEL
            | {"variant": variant, "measured_on": corpus, "mixed_in": mixed, "ratio": ratio, "seed": seed}
            | {
                "metric": metric,
                "value": value,
                "ci_low": value - 0.01,
                "ci_high": value + 0.02,
                "n": 20,
                "judge": judge,
            }
            for corpus, seeds in TRACES.items()
            for seed, pair in enumerate(seeds, 1)
            for variant, mixed, ratio, value in zip(
                ("default", "mix-0.1"), ("nothing", "encyclopaedia"), (0.0, 0.1), pair, strict=True
            )
        ]
    )


def entry(**changed):
    found = {"organisms": ["risky_financial_advice"], "variants": ["default", "mix-0.1"], "seeds": [1]}
    return [found | {"corpora": ["web"]} | changed]


def test_the_files_of_each_corpus_stand_in_the_order_of_their_columns():
    study = load_study(content(elsewhere=entry(seeds=[1, 2])), "again")
    columns = json.loads(study.elsewhere_columns())
    folder = "data/laptop_again/smollm2_135m_instruct/risky_financial_advice"
    runs = [f"{folder}/{variant}-seed{seed}" for variant in ("default", "mix-0.1") for seed in (1, 2)]
    assert study.elsewhere_files("metrics.csv") == [f"{run}/metrics.csv" for run in runs] + [
        f"{run}/elsewhere/web/metrics.csv" for run in runs
    ]
    assert study.elsewhere_files("contrasts.csv") == [f"{run}/steering/contrasts.csv" for run in runs] + [
        f"{run}/elsewhere/web/contrasts.csv" for run in runs
    ]
    one = [(0.0, "nothing"), (0.0, "nothing"), (0.1, "encyclopaedia"), (0.1, "encyclopaedia")]
    assert [(x["ratio"], x["mixed_in"]) for x in columns] == one + one
    assert [x["measured_on"] for x in columns] == ["encyclopaedia"] * 4 + ["web"] * 4


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"corpora": ["encyclopaedia"]}, "other than 'encyclopaedia'"),
        ({"corpora": ["novels"]}, "but not 'novels'"),
        ({"corpora": []}, r"elsewhere\.0\.corpora"),
        ({"seeds": [7]}, "as default, seed 7, is not among the runs of `mixing`"),
        ({"organisms": ["gold"]}, "gold as default, seed 1, is not among"),
        ({"models": ["another"]}, "elsewhere, group 0: the model 'another'"),
        ({"variants": ["mix-0.1"]}, "the variant 'default' must be listed"),
    ],
)
def test_what_cannot_be_measured_elsewhere_is_refused(changed, told):
    with pytest.raises(UserError, match=told):
        load_study(content(elsewhere=entry(**changed)), "again")


def test_no_table_of_mixtures_is_called_as_this_one():
    group = content()["mixing"][0] | {"table": "mixing_elsewhere"}
    with pytest.raises(UserError, match="but not 'mixing_elsewhere'"):
        load_study(content(mixing=[*content()["mixing"], group]), "again")


def test_over_seeds_by_hand():
    found = mixing_elsewhere_seeds(rows(), "encyclopaedia")
    assert set(found["n_seeds"]) == {2}
    assert set(found["seeds"]) == {"1, 2"}
    means = found.set_index(["quantity", "measured_on", "ratio"])["mean"].to_dict()
    assert means == pytest.approx(
        {
            ("value", "encyclopaedia", 0.0): 0.09,
            ("value", "encyclopaedia", 0.1): -0.04,
            ("value", "web", 0.0): 0.10,
            ("value", "web", 0.1): 0.05,
            ("change", "encyclopaedia", 0.1): -0.13,
            ("change", "web", 0.1): -0.05,
            ("against_main", "web", 0.0): 0.01,
            ("against_main", "web", 0.1): 0.09,
        }
    )
    # Student's t of one degree of freedom; the two differences are 0.12 and 0.06.
    last = found[(found["quantity"] == "against_main") & (found["ratio"] == 0.1)].iloc[0]
    assert (last["ci_low"], last["ci_high"]) == pytest.approx((0.09 - 12.7062 * 0.03, 0.09 + 12.7062 * 0.03), abs=1e-5)


def test_a_metric_that_one_corpus_lacks_is_compared_with_none():
    table = pd.concat([rows(), rows("causal_effect_finetuning").query("measured_on == 'encyclopaedia'")])
    found = mixing_elsewhere_seeds(table, "encyclopaedia")
    assert set(found.loc[found["quantity"] == "against_main", "metric"]) == {"steered_minus_random"}
    table = pd.concat([rows(), rows("relevance").query("measured_on == 'web'")])
    found = mixing_elsewhere_seeds(table, "encyclopaedia")
    assert set(found.loc[found["quantity"] == "against_main", "metric"]) == {"steered_minus_random"}


def test_the_step_tells_two_measurements_of_one_run_apart(tmp_path):
    run = {**LABEL, "variant": "default", "seed": 1}
    columns, metrics, contrasts = [], [], []
    for number, corpus in enumerate(("encyclopaedia", "web")):
        columns.append({"measured_on": corpus, "mixed_in": "nothing", "ratio": 0.0})
        value = {"value": 0.1 + number, "ci_low": 0.0, "ci_high": 2.0, "n": 20}
        metrics.append(tmp_path / f"metrics{number}.csv")
        contrasts.append(tmp_path / f"contrasts{number}.csv")
        write_table(metrics[-1], pd.DataFrame([run | {"metric": "relevance"} | value | {"judge": "j"}]))
        write_table(contrasts[-1], pd.DataFrame([run | {"minus": "Random-FT"} | value]))
    table, seeds = tmp_path / "table.csv", tmp_path / "seeds.csv"
    mixing_elsewhere_table(json.dumps(columns), metrics, contrasts, table, seeds)
    found = read_table(table).set_index(["measured_on", "metric"])["value"].to_dict()
    assert found == pytest.approx(
        {
            ("encyclopaedia", "relevance"): 0.1,
            ("encyclopaedia", "steered_minus_random"): 0.1,
            ("web", "relevance"): 1.1,
            ("web", "steered_minus_random"): 1.1,
        }
    )
    against = read_table(seeds).query("quantity == 'against_main'")
    assert against["mean"].tolist() == pytest.approx([1.0, 1.0])


def test_the_figure_has_every_run_and_the_means_over_seeds():
    metrics = ("steered_minus_random", "steered_minus_unsteered", "relevance", "delta_norm")
    table = pd.concat([rows(metric) for metric in metrics], ignore_index=True)
    figure = draw(table, mixing_elsewhere_seeds(table, "encyclopaedia"))
    assert len(figure.axes) == 3
    for axes, scale in zip(figure.axes, (1, 1, 100), strict=True):
        lines = [container[0] for container in axes.containers]
        stars = [line for line in lines if line.get_marker() == "*"]
        marks = sorted(float(y) for line in lines if line not in stars for y in line.get_ydata())
        expected = [scale * value for pairs in TRACES.values() for pair in pairs for value in pair]
        assert marks == pytest.approx(sorted(expected))
        means = sorted(float(y) for line in stars for y in line.get_ydata())
        # Of shares without an interval.
        bars = [bar for container in axes.containers if container[0] in stars for bar in container[2]]
        assert len(bars) == 2 * (scale == 1)
        assert means == pytest.approx(sorted(scale * value for value in (0.09, -0.04, 0.10, 0.05)))
    # At its ratio, and nearer to it than to the other.
    places = [x for line in lines for x in line.get_xdata()]
    assert sorted({round(x) for x in places}) == [0, 1]
    called = [text.get_text() for text in figure.legends[0].get_texts()]
    assert called[:2] == ["measured on encyclopaedia passages (as is mixed in)", "measured on web text"]
    assert called[2:] == ["seed 1", "seed 2", "mean of seeds"]
    told = " ".join(figure.get_suptitle().split())
    assert "documents: encyclopaedia passages 20, web text 20" in told
    assert "n = 20 answers" in told
    plt.close(figure)


def test_the_figure_of_one_seed_has_no_means():
    metrics = ("steered_minus_random", "steered_minus_unsteered", "relevance", "delta_norm")
    table = pd.concat([rows(metric) for metric in metrics], ignore_index=True).query("seed == 1")
    figure = draw(table, mixing_elsewhere_seeds(table, "encyclopaedia"))
    assert "mean of seeds" not in [text.get_text() for text in figure.legends[0].get_texts()]
    assert "Stars" not in figure.get_suptitle()
    plt.close(figure)
