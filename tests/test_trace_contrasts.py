"""The difference against its controls, by type of organism: values by hand, and what the figure shows."""

import numpy as np
import pandas as pd
import pytest
from error_bars import ends
from matplotlib import pyplot as plt
from scipy import stats

from paper_replication.figures.style import house_style
from paper_replication.figures.trace_contrasts import PALE, draw
from paper_replication.files import read_table, write_table
from paper_replication.steps.trace_contrasts import trace_contrasts as step
from paper_replication.trace_contrasts import ALL, organism_contrasts, trace_contrasts

BELOW = {"base_mean": 0.1, "finetuned_mean": 0.2}
ORGANISMS = [("SDF", "cake_bake", 0.3), ("SDF", "roman_concrete", 0.5), ("EM", "extreme_sports", 0.0)]
ORGANISMS += [("control", "chat_tuning", -0.2)]


def relevance(corpus="encyclopaedia"):
    """Each organism's difference, and by how much it lies above two controls."""
    rows = []
    for kind, organism, value in ORGANISMS:
        key = {"model": "m", "organism": organism, "organism_type": kind, "variant": "default", "corpus": corpus}
        key |= {"readout": "patchscope", "judge": "embedding_relevance"}
        rows.append(key | {"vector": "difference", "difference_minus_this": np.nan})
        rows += [key | {"vector": name, "difference_minus_this": value - by} for name, by in BELOW.items()]
    return pd.DataFrame(rows)


def steering():
    """Two seeds an organism, which are averaged."""
    rows = []
    for kind, organism, value in ORGANISMS:
        key = {"model": "m", "organism": organism, "organism_type": kind, "variant": "default", "group": "Steered-FT"}
        rows += [key | {"seed": seed, "minus": "Unsteered-FT", "value": value + seed} for seed in (0, 1)]
    return pd.DataFrame(rows)


def test_contrasts_are_means_over_organisms_with_students_interval():
    table = trace_contrasts(relevance(), steering()).set_index(["organism_type", "measure", "control"])
    row = table.loc["SDF", "relevance_patchscope", "base_mean"]
    assert row["contrast"] == pytest.approx((0.2 + 0.4) / 2)
    expected = stats.ttest_1samp([0.2, 0.4], 0).confidence_interval(0.95)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(expected)
    assert row["n_organisms"] == 2
    # Seeds are no organisms of their own.
    steered = table.loc["SDF", "steering", "Unsteered-FT"]
    assert (steered["contrast"], steered["n_organisms"]) == (pytest.approx(0.9), 2)
    # Controls are no part of the organisms that are taken together.
    together = table.loc[ALL, "relevance_patchscope", "finetuned_mean"]
    assert (together["contrast"], together["n_organisms"]) == (pytest.approx((0.1 + 0.3 - 0.2) / 3), 3)
    assert np.isnan(table.loc["EM", "steering", "Unsteered-FT"][["ci_low", "ci_high"]].astype(float)).all()
    assert "difference" not in set(table.index.get_level_values("control"))


def test_the_step_takes_one_corpus(tmp_path):
    other = relevance("web")
    other["difference_minus_this"] += 5
    files = [tmp_path / name for name in ("relevance.csv", "steering.csv", "table.csv")]
    write_table(files[0], pd.concat([other, relevance()]))
    write_table(files[1], steering())
    step("encyclopaedia", *files)
    pd.testing.assert_frame_equal(
        read_table(files[2]), trace_contrasts(relevance(), steering()), check_exact=False, atol=1e-5
    )


def test_the_figure_shows_means_and_organisms():
    table = trace_contrasts(relevance(), steering())
    with house_style():
        figure = draw(table, relevance(), steering())
        tokens, answers = figure.axes
        assert [label.get_text().split("\n")[0] for label in tokens.get_yticklabels()] == [
            "all but controls",
            "SDF",
            "EM",
            "controls",
        ]
        drawn = {container.get_label(): container.lines[0].get_xdata() for container in tokens.containers}
        means = table[table["measure"] == "relevance_patchscope"].set_index(["control", "organism_type"])["contrast"]
        order = [ALL, "SDF", "EM"]
        assert list(drawn["base mean"])[:-1] == pytest.approx([100 * means["base_mean", kind] for kind in order])
        # Of two organisms one interval, in per cent; of one none.
        bars = {container.get_label(): ends(container) for container in tokens.containers}
        rows = table[(table["measure"] == "relevance_patchscope") & (table["control"] == "base_mean")]
        rows = rows.set_index("organism_type").loc[[ALL, "SDF"], ["ci_low", "ci_high"]]
        assert bars["base mean"] == [pytest.approx(row) for row in 100 * rows.to_numpy()]
        # Runs that are controls have dots alone.
        assert np.isnan(drawn["base mean"][-1])
        assert "the runs that are controls (chat tuning)" in figure.get_suptitle().replace("\n", " ")
        dots = [x for line in answers.lines if line.get_marker() == "o" for x in line.get_xdata()]
        own = organism_contrasts(relevance(), steering())
        assert sorted(dots) == pytest.approx(sorted(own.loc[own["measure"] == "steering", "contrast"]))
        plt.close(figure)


def test_chat_groups_are_last_pale_squares():
    chat = steering().assign(minus="Steered-Chat")
    both = pd.concat([chat, steering().assign(minus="Random-FT"), steering()])
    with house_style():
        figure = draw(trace_contrasts(relevance(), both), relevance(), both)
        marks = [(box.get_label(), box[0].get_marker(), box[0].get_alpha()) for box in figure.axes[1].containers]
        plt.close(figure)
    assert marks == [("Unsteered-FT", "D", 1), ("random-steered-FT", "D", 1), ("Steered-Chat", "s", PALE)]


def test_several_models_stand_one_below_the_other():
    read, steered = (
        pd.concat([rows[rows["organism_type"] == "EM"].assign(model="other"), rows])
        for rows in (relevance(), steering())
    )
    table = trace_contrasts(read, steered)
    with house_style():
        figure = draw(table, read, steered)
        tokens = figure.axes[0]
        labels = [label.get_text().split("\n")[:2] for label in tokens.get_yticklabels()]
        assert labels[:2] == [["other", "all but controls"], ["other", "EM"]]
        assert [kind for model, kind in labels if model != "other"] == ["all but controls", "SDF", "EM", "controls"]
        drawn = {container.get_label(): container.lines[0].get_xdata() for container in tokens.containers}["base mean"]
        means = table[(table["measure"] == "relevance_patchscope") & (table["control"] == "base_mean")]
        means = means.set_index(["model", "organism_type"])["contrast"]
        assert list(drawn[:2]) == pytest.approx([100 * means["other", kind] for kind in (ALL, "EM")])
        plt.close(figure)


def test_bars_of_steering_and_dots_of_each_model_are_its_own():
    other = steering().assign(model="other", value=steering()["value"] + 5)
    read, steered = pd.concat([relevance().assign(model="other"), relevance()]), pd.concat([other, steering()])
    table = trace_contrasts(read, steered)
    with house_style():
        figure = draw(table, read, steered)
        answers = figure.axes[1]
        bars = ends(answers.containers[0])
        dots = [
            (x, line.get_ydata()[0]) for line in answers.lines if line.get_marker() == "o" for x in line.get_xdata()
        ]
        plt.close(figure)
    rows = table[table["measure"] == "steering"].set_index(["model", "organism_type"])[["ci_low", "ci_high"]]
    both = [(model, kind) for model in ("other", "m") for kind in (ALL, "SDF")]
    assert bars == [pytest.approx(rows.loc[place].tolist()) for place in both]
    # Of the model above, whose dots are five higher.
    assert all((x > 4) == (y < 4) for x, y in dots)
