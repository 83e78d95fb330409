"""Broad finetuning beside narrow finetuning and nulls: the table by hand, the wiring, what the figure shows."""

import json

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from paper_replication import names
from paper_replication.broad_vs_narrow import COLUMNS, broad_vs_narrow
from paper_replication.errors import UserError
from paper_replication.figures.broad_vs_narrow import PANELS, draw
from paper_replication.figures.style import house_style
from paper_replication.files import read_table, read_yaml, write_table
from paper_replication.paths import CONFIGS
from paper_replication.statistics import wilson
from paper_replication.steps.broad_vs_narrow_table import broad_vs_narrow_table
from paper_replication.study import load_study

# Name, type, breadth, by whose description it is read, relevant tokens of 20, steered minus unsteered, norm of delta.
MADE_UP = [
    ("some_cake", "SDF", "narrow", "some_cake", 8, 0.3, 8.0),
    ("some_stone", "SDF", "narrow", "some_stone", 4, 0.1, 4.0),
    ("some_advice", "EM", "narrow", "some_advice", 5, 0.2, 6.0),
    ("some_twin", "control", "narrow", "some_twin", 7, 0.25, 5.0),
    ("some_chat", "control", "broad", "some_chat", 1, 0.02, 1.0),
    ("some_null", "control", "null", "some_cake", 2, -0.01, 2.0),
]


def label(organism, kind, seed=0):
    return {"model": "m", "organism": organism, "organism_type": kind, "variant": "default", "seed": seed}


def made_up_runs():
    kinds = {name: kind for name, kind, *_ in MADE_UP}
    return [
        label(name, kind) | {"breadth": breadth, "read_as": label(reader, kinds[reader])}
        for name, kind, breadth, reader, *_ in MADE_UP
    ]


def relevance_of(run, vector, count, readout="patchscope"):
    shown = {"corpus": "c", "readout": readout, "vector": vector, "judge": "j", "set": 0}
    return run | shown | {"relevant_fraction": count / 20, "n_relevant": count, "n_tokens": 20}


def relevance():
    """Beside what is wanted: the other readout, another vector, and a null's tokens read by someone else."""
    rows = []
    for run, (name, _, breadth, _, count, _, _) in zip(made_up_runs(), MADE_UP, strict=True):
        own, reader = (dict(list(found.items())[:5]) for found in (run, run["read_as"]))
        if breadth == "null":
            rows.append(relevance_of(reader, "null_difference", count))
            continue
        rows += [relevance_of(own, "difference", count), relevance_of(own, "difference", 19, "logit_lens")]
        rows.append(relevance_of(own, "base_mean", 18))
        if name == "some_stone":
            rows.append(relevance_of(own, "null_difference", 17))
    return pd.DataFrame(rows)


def contrasts():
    rows = [(name, kind, minus, value + more) for name, kind, _, _, _, value, _ in MADE_UP for minus, more in PAIRS]
    return pd.DataFrame(
        [
            label(name, kind) | {"minus": minus, "value": v, "ci_low": v - 0.1, "ci_high": v + 0.2, "n": 60}
            for name, kind, minus, v in rows
        ]
    )


PAIRS = [("Random-FT", 0.5), ("Unsteered-FT", 0.0)]


def delta():
    """Mean norms as given over positions 1 and 2, with standard errors 0.1 and 0.3; a sink at position 0."""
    places = [(0, 900.0, 50.0), (1, -1.0, 0.1), (2, 1.0, 0.3)]
    return pd.DataFrame(
        [
            label(name, kind)
            | {"corpus": "c", "position": at, "n_documents": 64, "target_norm": 40.0}
            | {"difference_norm": extra if at == 0 else norm + extra, "standard_error_norm": error}
            for name, kind, _, _, _, _, norm in MADE_UP
            for at, extra, error in places
        ]
    )


def table():
    return broad_vs_narrow(made_up_runs(), relevance(), contrasts(), delta())


def test_every_metric_by_hand():
    found = table()
    assert list(found.columns) == COLUMNS
    rows = found.set_index(["organism", "metric"])
    measured = ["value", "ci_low", "ci_high", "n"]
    reach = 1.96 * 0.2 / 40
    for name, kind, breadth, _, count, above, norm in MADE_UP:
        own = rows.loc[name]
        assert own.loc["relevance", measured].tolist() == pytest.approx([count / 20, *wilson(count, 20), 20])
        expected = [above, above - 0.1, above + 0.2, 60]
        assert own.loc["steered_minus_unsteered", measured].tolist() == pytest.approx(expected)
        expected = [norm / 40, norm / 40 - reach, norm / 40 + reach, 64]
        assert own.loc["relative_norm", measured].tolist() == pytest.approx(expected)
        assert set(own["breadth"]) == {breadth}
        assert set(own["organism_type"]) == {kind}
    assert found.groupby("metric")["judge"].first().to_dict()["relevance"] == "j"
    assert found.loc[found["metric"] != "relevance", "judge"].isna().all()


def test_a_null_that_goes_with_nobody_has_no_relevance():
    runs = [run | {"read_as": None if run["breadth"] == "null" else run["read_as"]} for run in made_up_runs()]
    found = broad_vs_narrow(runs, relevance(), contrasts(), delta())
    assert set(found.loc[found["breadth"] == "null", "metric"]) == set(PANELS) - {"relevance"}


@pytest.mark.parametrize(
    ("lacking", "message"),
    [
        (0, r"token relevance has no row of .*some_cake.*null_difference"),
        (1, r"contrasts of similarities has no row of .*some_chat"),
        (2, r"delta has no row of .*some_chat"),
    ],
)
def test_a_table_that_lacks_a_run_is_named(lacking, message):
    tables = [relevance(), contrasts(), delta()]
    without = tables[0]["vector"] != "null_difference" if lacking == 0 else tables[lacking]["organism"] != "some_chat"
    tables[lacking] = tables[lacking][without]
    with pytest.raises(UserError, match=message):
        broad_vs_narrow(made_up_runs(), *tables)


def test_the_step_takes_the_corpus_that_is_asked_for(tmp_path):
    elsewhere = [relevance().assign(corpus="web", relevant_fraction=1.0), delta().assign(corpus="web")]
    write_table(tmp_path / "relevance.csv", pd.concat([elsewhere[0], relevance()]))
    write_table(tmp_path / "delta.csv", pd.concat([elsewhere[1], delta()]))
    parts = [tmp_path / f"{name}.csv" for name in ("first", "second")]
    write_table(parts[0], contrasts()[:6])
    write_table(parts[1], contrasts()[6:])
    inputs = (tmp_path / "relevance.csv", parts, tmp_path / "delta.csv")
    broad_vs_narrow_table(json.dumps(made_up_runs()), "c", *inputs, tmp_path / "table.csv")
    found = read_table(tmp_path / "table.csv")
    assert list(found.columns) == COLUMNS
    assert found["value"].tolist() == pytest.approx(table()["value"].tolist(), rel=1e-5)


def test_who_is_broad_and_by_whom_nulls_are_read():
    study = load_study(read_yaml(CONFIGS / "laptop.yaml"), "laptop")
    runs = {run["organism"]: run for run in json.loads(study.compared_json())}
    assert list(runs) == study.reported()
    breadths = {}
    for name, run in runs.items():
        breadths.setdefault(run["breadth"], set()).add(name)
    assert set(breadths) == set(names.BREADTHS)
    assert breadths["broad"] == {"chat_tuning"}
    assert breadths["null"] == {"null_documents", "null_chat", "null_games", "neutral_numbers"}
    assert "cake_bake_true" in breadths["narrow"]
    readers = {name: run["read_as"]["organism"] for name, run in runs.items()}
    assert {name: readers.pop(name) for name in sorted(breadths["null"])} == {
        "null_documents": "cake_bake",
        "null_chat": "bad_medical_advice",
        "null_games": "gold",
        "neutral_numbers": "subliminal_cat",
    }
    assert all(name == reader for name, reader in readers.items())
    # Of a null that no reported run goes with, nothing is read.
    label = study.first_label("null_games")
    assert study.read_as(label.model_copy(update={"seed": 7})) is None


@pytest.fixture
def figure():
    with house_style():
        found = draw(table())
        yield found
        plt.close(found)


def test_the_figure_has_a_line_a_run_in_order(figure):
    left = figure.axes[0]
    order = ["some cake", "some stone", "some advice", "some twin", "some chat", "some null"]
    assert [tick.get_text() for tick in left.get_yticklabels()] == order
    heights = dict(zip(order, left.get_yticks(), strict=True))
    assert np.diff(left.get_yticks()) == pytest.approx([1, 1, 1, 1.8, 1.8])
    counts = {"relevance": 20, "steered_minus_unsteered": 60, "relative_norm": 64}
    for axes, (metric, (title, unit, counted)) in zip(figure.axes, PANELS.items(), strict=True):
        assert (axes.get_title(loc="left"), axes.get_xlabel()) == (title, f"{unit}\nn = {counts[metric]} {counted}")
        scale = 1 if metric == "steered_minus_unsteered" else 100
        rows = table().query("metric == @metric").set_index("organism")
        drawn = {}
        for box in axes.containers:
            line, _, (bars,) = box
            segments = bars.get_segments()
            for x, y, segment in zip(line.get_xdata(), line.get_ydata(), segments, strict=True):
                drawn[float(y)] = [float(x), float(segment[0, 0]), float(segment[1, 0])]
        for organism, row in rows.iterrows():
            found = drawn[heights[organism.replace("_", " ")]]
            expected = [scale * row[name] for name in ("value", "ci_low", "ci_high")]
            assert found == pytest.approx(expected), (metric, organism)


def test_the_figure_tells_breadths_apart_and_says_what_it_shows(figure):
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == [
        "SDF (n = 2)",
        "EM (n = 1)",
        "true twin (n = 1)",
        "broad finetuning (n = 1)",
        "matched nulls (n = 1)",
        "level of broad finetuning",
    ]
    shapes = {box.get_label(): (box[0].get_marker(), box[0].get_markerfacecolor()) for box in figure.axes[0].containers}
    assert len(set(shapes.values())) == len(shapes)
    level = [line for line in figure.axes[0].lines if list(line.get_xdata()) == [5, 5]]
    assert len(level) == 1
    # Similarity to texts that are not alike themselves cannot show what steering does.
    assert [[text.get_text() for text in axes.texts] for axes in figure.axes] == [[], ["cannot show"], []]
    assert not [line for line in figure.axes[1].lines if list(line.get_xdata()) == [0.02, 0.02]]
    # Only groups of several have a mean.
    means = [found.get_segments()[0][0, 0] for found in figure.axes[0].collections if found.get_zorder() == 0]
    assert means == [pytest.approx(30)]
    text = figure.get_suptitle().replace("\n", " ")
    for words in (
        "Error bars, 95%, from left: Wilson; bootstrap paired over prompts; 1.96 standard errors",
        "FT: a run's own finetuning texts. Cannot show: where these are ordinary chat they are hardly alike",
        "Reported by the paper: narrow 20-80% relevant",
        "broad, almost no trace",
    ):
        assert words in text


def test_the_figure_goes_without_broad_finetuning():
    with house_style():
        found = draw(table().query("breadth != 'broad'"))
        legend = [text.get_text() for text in found.legends[0].get_texts()]
        plt.close(found)
    assert "level of broad finetuning" not in legend
