"""Cross-organism grading: own descriptions against others', by hand and by brute force."""

import inspect
import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from paper_replication.cross_organism import best_position, matrix, permutation_p, ranked_first, summarise
from paper_replication.figures.cross_organism import PERMUTATIONS, draw
from paper_replication.figures.style import house_style
from paper_replication.names import READOUTS

# Relevant tokens of four, by (run, description), at each of two positions.
COUNTS = {
    ("cake", "cake"): (1, 3),
    ("cake", "tea"): (2, 0),
    ("tea", "cake"): (0, 1),
    ("tea", "tea"): (1, 0),
    ("null", "cake"): (0, 0),
    ("null", "tea"): (0, 4),
}


def tokens():
    rows = []
    for (organism, description), counts in COUNTS.items():
        run = {"model": "m", "organism": organism, "organism_type": "control" if organism == "null" else "SDF"}
        run |= {"variant": "default", "seed": 0, "corpus": "c", "readout": "patchscope", "judge": "j"}
        for index, count in enumerate(counts):
            rows += [
                run | {"description_of": description, "index": index, "relevant": int(i < count)} for i in range(4)
            ]
    return pd.DataFrame(rows)


def test_the_best_position_by_hand():
    best = best_position(tokens(), 4).set_index(["organism", "description_of"])
    assert best["relevant_fraction"].to_dict() == {pair: max(counts) / 4 for pair, counts in COUNTS.items()}
    # Of two descriptions: the better one 1/2, the worse one 1, and both 1 where they do equally well.
    assert best["p_value"].to_dict() == {
        ("cake", "cake"): 0.5,
        ("cake", "tea"): 1.0,
        ("tea", "cake"): 1.0,
        ("tea", "tea"): 1.0,
        ("null", "cake"): 1.0,
        ("null", "tea"): 0.5,
    }


def test_a_tie_is_no_first_place_and_controls_are_not_scored():
    best = best_position(tokens(), 4)
    assert matrix(best, ["cake", "tea"]).tolist() == [[0.75, 0.5], [0.25, 0.25]]
    assert ranked_first(matrix(best, ["cake", "tea"])).tolist() == [True, False]
    row = summarise(best, seed=0).iloc[0]
    assert (row["n_organisms"], row["ranked_first"], row["own_mean"], row["others_mean"]) == (2, 0.5, 0.5, 0.375)


def test_the_permutation_p_equals_all_permutations():
    square = np.random.default_rng(3).random((5, 5)) + 0.3 * np.eye(5)
    observed = np.trace(square)
    every = [sum(square[i, j] for i, j in enumerate(order)) for order in itertools.permutations(range(5))]
    exact = np.mean(np.array(every) >= observed - 1e-12)
    assert permutation_p(square, seed=0, rounds=20_000) == pytest.approx(exact, abs=0.01)
    # Where all descriptions do equally well, every arrangement is as good as the observed one.
    assert permutation_p(np.ones((4, 4)), seed=0, rounds=100) == 1.0


def test_the_figure_frames_own_descriptions_and_shows_every_share():
    # By the logit lens one token of four fewer is relevant.
    fewer = tokens().assign(readout="logit_lens")
    fewer["relevant"] *= fewer.groupby(["organism", "description_of", "index"]).cumcount() > 0
    best = best_position(pd.concat([tokens(), fewer]), 4)
    with house_style():
        figure = draw(best, summarise(best, seed=0), "c")
        panels = {axes.get_title(loc="left"): axes for axes in figure.axes if axes.texts}
        shown, by_lens = (
            {text.get_position(): text.get_text() for text in panels[READOUTS[readout]].texts}
            for readout in ("patchscope", "logit_lens")
        )
        frames = [patch.get_xy() for patch in figure.axes[0].patches]
        title = figure.get_suptitle().replace("\n", " ")
        plt.close(figure)
    assert shown == {(0, 0): "75", (1, 0): "50", (0, 1): "25", (1, 1): "25", (0, 2): "0", (1, 2): "100"}
    assert by_lens == {(0, 0): "50", (1, 0): "25", (0, 1): "0", (1, 1): "0", (0, 2): "0", (1, 2): "75"}
    assert frames == [(-0.5, -0.5), (0.5, 0.5)]
    assert "own description first for 1 of 2 organisms" in title
    # Of four tokens: z² / (n + z²).
    assert "Wilson's 95% at 0% is [0, 49]" in title


def test_the_figure_states_as_many_permutations_as_the_table_was_made_with():
    assert inspect.signature(permutation_p).parameters["rounds"].default == PERMUTATIONS


def test_the_caption_tells_own_shares_from_others():
    best = best_position(tokens(), 4)
    with house_style():
        figure = draw(best, summarise(best, seed=0), "c")
        title = figure.get_suptitle().replace("\n", " ")
        plt.close(figure)
    # Of cake 75 and tea 25 per cent; by each other's description 50 and 25.
    assert "mean 50.0% against 37.5% for others'" in title
