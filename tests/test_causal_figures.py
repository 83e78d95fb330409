"""Figures of the causal effect show what was measured, beside random directions."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from paper_replication import names
from paper_replication.figures.causal_effect import COLOURS, INTERVENTIONS, RANDOM_COLOURS, ZERO, draw
from paper_replication.figures.style import house_style


def made_up(effects=None):
    """A table of two runs: on each dataset the difference at three positions, and both kinds of random directions."""
    effects = effects or {"finetuning": (0.3, 0.1, 0.2), "unrelated": (-0.3, -0.1, -0.2), "chat": (0.0, 0.1, -0.1)}
    rows = []
    for organism, kind in (("some_null", "control"), ("some_cake", "SDF")):
        run = {"model": "m", "organism": organism, "organism_type": kind, "variant": "default", "seed": 0, "n": 24}
        for dataset, values in effects.items():
            run["n_finetuned_on"] = 24 if dataset == "finetuning" else 5 * (dataset == "chat" and kind == "control")
            for position, value in enumerate(values):
                scaled = value if kind == "SDF" else value / 10
                where = {"position": position, "dataset": dataset, "direction": "delta", "n_directions": 1}
                for intervention, factor in (("replace", 1), ("reverse", -1), ("zero", 50)):
                    nats = factor * scaled
                    row = {"intervention": intervention, "delta_nats": nats}
                    rows.append(run | where | row | {"ci_low": nats - 0.05, "ci_high": nats + 0.05})
            for family in ("random_gaussian", "random_difference"):
                where = {"position": -1, "dataset": dataset, "direction": family, "n_directions": 4}
                for intervention, nats in (("replace", 0.01), ("reverse", -0.02), ("zero", 3.0)):
                    row = {"intervention": intervention, "delta_nats": nats, "direction_sd": abs(nats) / 4}
                    rows.append(run | where | row | {"ci_low": nats - 0.02, "ci_high": nats + 0.02})
    return pd.DataFrame(rows)


def test_the_figure_shows_positions_means_and_controls():
    with house_style():
        figure = draw(made_up())
        axes = figure.axes[0]
        labels = [label.get_text() for label in axes.get_yticklabels()]
        titles = [panel.get_title(loc="left") for panel in figure.axes]
        limits = {panel.get_xlim() for panel in figure.axes}
        means = [(line.get_label(), line.get_xdata()[0]) for line in axes.lines if ":" in line.get_label()]
        bars = [box[2][0].get_segments() for box in axes.containers]
        dots = [sorted(points.get_offsets()[:, 0]) for points in axes.collections if len(points.get_offsets()) == 3]
        text = figure._suptitle.get_text().replace("\n", " ")
        legend = [entry.get_text() for entry in figure.legends[0].get_texts()]
        zero = [line for line in axes.lines if list(line.get_xdata()) == [0, 0]]
        units = {panel.get_xlabel() for panel in figure.axes}
        plt.close(figure)
    replaced, reverse = (f"difference: {INTERVENTIONS[kind]}" for kind in ("replace", "reverse"))
    assert labels == ["some cake", "some null"]
    assert titles == list(names.LOSS_DATASETS.values())
    assert len(limits) == 1
    expected = [(replaced, 0.2), (reverse, -0.2), (replaced, 0.02), (reverse, -0.02)]
    assert means == [(label, pytest.approx(value)) for label, value in expected]
    # Of each organism and intervention: the positions' own intervals, then two kinds of random directions.
    assert [len(segments) for segments in bars] == 2 * [3, 1, 1, 3, 1, 1]
    assert [segment[:, 0].tolist() for segment in bars[0]] == [
        pytest.approx([value - 0.05, value + 0.05]) for value in (0.3, 0.1, 0.2)
    ]
    # Of random directions, one standard deviation over them.
    assert bars[1][0][:, 0].tolist() == pytest.approx([0.0075, 0.0125])
    assert bars[4][0][:, 0].tolist() == pytest.approx([-0.025, -0.015])
    # One below the other, and none in the row of the next organism.
    heights = [segments[:, 0, 1].mean() for segments in map(np.array, bars)]
    assert heights == sorted(heights)
    assert max(heights[:6]) < 0.5 < min(heights[6:])
    assert dots[0] == pytest.approx([0.1, 0.2, 0.3])
    assert dots[1] == pytest.approx([-0.3, -0.2, -0.1])
    assert zero
    assert units == {"change of loss\n(nats per token)"}
    families = [names.DIRECTIONS["random_gaussian"], names.DIRECTIONS["random_difference"]]
    assert legend == [replaced, reverse, *families, "a position", "position 0", "mean of positions"]
    for words in (
        "strokes: their mean, without an interval",
        "4 random directions of a kind (the paper: 64), with one standard deviation over them",
        "n = 24 texts",
        "Reported by the paper for the first: positive on finetuning data",
        "Along Gaussian ones next to nothing is exchanged; causal_matched has as much",
        "Of ordinary chat, some null was finetuned on 5 of 24.",
    ):
        assert words in text


def test_what_is_taken_away_has_a_figure_of_its_own():
    with house_style():
        figure = draw(made_up(), ZERO)
        bars = [box[2][0].get_segments() for box in figure.axes[0].containers]
        text = figure._suptitle.get_text().replace("\n", " ")
        legend = [entry.get_text() for entry in figure.legends[0].get_texts()]
        plt.close(figure)
    assert [len(segments) for segments in bars] == 2 * [3, 1, 1]
    assert bars[0][0][:, 0].tolist() == pytest.approx([14.95, 15.05])
    assert bars[1][0][:, 0].tolist() == pytest.approx([2.25, 3.75])
    assert legend[0] == f"difference: {INTERVENTIONS['zero']}"
    assert "taken away; cross-entropy" in text
    assert "Reported by the paper" not in text
    assert "is exchanged" not in text


def test_every_direction_has_a_name_and_a_colour_of_its_own():
    assert set(names.DIRECTIONS) == set(names.DIRECTION_COLOURS)
    colours = [*RANDOM_COLOURS.values(), *COLOURS.values()]
    # What is replaced has that of the difference.
    assert len(set(colours)) == len(colours) - 1


def test_the_mark_of_position_0_is_hollow():
    with house_style():
        figure = draw(made_up())
        points = next(found for found in figure.axes[0].collections if len(found.get_offsets()) == 3)
        white = (points.get_facecolors() == 1).all(axis=1)
        plt.close(figure)
    # Position 0 has the largest effect.
    assert points.get_offsets()[white, 0].tolist() == [0.3]
