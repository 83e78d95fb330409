"""What finetuning did to the loss beside what replacing the difference does: by hand, and drawn."""

import pandas as pd
import pytest
from matplotlib import pyplot as plt

from paper_replication.causal_harm import correlation, harm
from paper_replication.figures.causal_harm import draw
from paper_replication.figures.style import house_style

RUN = {"model": "m", "organism_type": "SDF", "variant": "default", "seed": 0}


def effects(organism, base, finetuned, replaced, dataset="unrelated"):
    """Of two positions; a random direction, which does not count."""
    own = RUN | {"organism": organism, "dataset": dataset, "n": 20}
    rows = [
        own | {"direction": "delta", "intervention": name, "position": at, "delta_nats": effect, "loss_nats": loss}
        for name, loss, values in (("replace", finetuned, replaced), ("reverse", base, [9, 9]))
        for at, effect in enumerate(values)
    ]
    random = own | {"direction": "random_gaussian", "intervention": "replace", "position": 0, "delta_nats": 7}
    return pd.DataFrame([*rows, random | {"loss_nats": 7}])


def harmed():
    """Harmed and half undone; helped; helped more."""
    runs = [("a", 4.0, 4.2, [-0.2, 0.0]), ("b", 4.0, 3.9, [0.05, 0.05]), ("c", 4.0, 3.5, [0.1, 0.3])]
    return harm(pd.concat([effects(*run) for run in runs]))


def test_the_change_of_the_loss_and_the_part_of_it_that_replacing_undoes():
    found = harmed().set_index("organism")
    assert found["change_nats"].tolist() == pytest.approx([0.2, -0.1, -0.5])
    assert found["replaced_nats"].tolist() == pytest.approx([-0.1, 0.05, 0.2])
    assert found["share"].tolist() == pytest.approx([0.5, 0.5, 0.4])
    assert found["base_nats"].tolist() == [4, 4, 4]
    assert correlation(harmed()) == -1
    assert pd.isna(correlation(harmed()[:2]))


def test_the_figure_has_a_mark_a_run_and_the_line_of_all_undone():
    chat = harm(effects("a", 3.0, 3.1, [-0.1, -0.1], "chat"))
    with house_style():
        figure = draw(pd.concat([harmed(), chat]))
        unrelated = figure.axes[0]
        marks = unrelated.lines[0]
        drawn = list(zip(marks.get_xdata(), marks.get_ydata(), strict=True))
        x, y = unrelated.lines[-1].get_data()
        labels = [axes.get_xlabel() for axes in figure.axes]
        plt.close(figure)
    assert drawn == [pytest.approx(pair) for pair in ((0.2, -0.1), (-0.1, 0.05), (-0.5, 0.2))]
    assert list(y) == pytest.approx([-value for value in x])
    assert labels[0].endswith("Spearman -1.00, n = 3 runs")
    assert "Spearman" not in labels[1]


def test_runs_that_are_measured_on_other_texts_are_drawn_open_and_not_correlated():
    """Their losses are not those of the others' texts: d alone breaks the order of a, b and c."""
    other = harm(effects("d", 3.0, 3.1, [0.9, 0.9]))
    own = harm(pd.concat([effects(name, base, 0.5, [0.1, 0.1], "finetuning") for base, name in enumerate("abcd")]))
    with house_style():
        figure = draw(pd.concat([harmed(), other, own]))
        finetuning, unrelated = figure.axes
        marks = [(line.get_fillstyle(), len(line.get_xdata())) for line in unrelated.lines if line.get_ls() == "None"]
        plt.close(figure)
    assert sorted(marks) == [("full", 3), ("none", 1)]
    assert unrelated.get_xlabel().endswith("Spearman -1.00, n = 3 runs")
    assert "Spearman" not in finetuning.get_xlabel()
    assert [line.get_fillstyle() for line in finetuning.lines if line.get_ls() == "None"] == ["full"]
