"""Figures show what their tables say, and are the same bytes twice."""

import numpy as np
import pandas as pd
import pytest
from error_bars import all_ends
from matplotlib import pyplot as plt

from paper_replication import names
from paper_replication.figures import costs, marks
from paper_replication.figures.behaviour import draw as draw_behaviour
from paper_replication.figures.rows import per_cent
from paper_replication.figures.style import house_style, save
from paper_replication.figures.token_cards import pages
from paper_replication.figures.token_relevance import draw
from paper_replication.figures.token_relevance_types import draw as draw_types
from paper_replication.relevance_summary import by_position, maxima, summarise
from paper_replication.statistics import newcombe, wilson

RUN = {"model": "m", "organism": "some_cake", "organism_type": "SDF", "variant": "default"}


def graded():
    """Two seeds, two positions, four tokens each; random vectors in four, that is two sets of two."""
    rows = []
    relevant = {"difference": [[3, 1], [2, 4]], "base_mean": [[0, 0], [1, 0]], "random": [[0, 1, 0, 0], [0, 0, 0, 2]]}
    for vector, counts in relevant.items():
        for seed, lists in enumerate(counts):
            for index, count in enumerate(lists):
                for rank in range(4):
                    rows.append(
                        {
                            **RUN,
                            "seed": seed,
                            "corpus": "c",
                            "readout": "patchscope",
                            "vector": vector,
                            "index": index,
                            "position": -1 if vector == "random" else index,
                            "scale": 1.0,
                            "rank": rank + 1,
                            "token": f"t$_{rank}\n",
                            "relevant": int(rank < count),
                            "judge": "j",
                            "scale_judge": "s",
                        }
                    )
    return pd.DataFrame(rows)


def behaviour():
    """The leak of two seeds, before and after."""
    values = {"base": [0.0, 0.1], "finetuned": [0.2, 0.4]}
    rows = [(state, value) for state, both in values.items() for value in both]
    return pd.DataFrame(rows, columns=["model_state", "value"]).assign(**RUN, probe="leak", n=20)


def test_relevance_by_hand():
    positions = by_position(graded(), 4)
    first = positions[(positions["vector"] == "difference") & (positions["seed"] == 0)]
    assert first["relevant_fraction"].tolist() == [0.75, 0.25]
    best = maxima(positions).groupby("vector")["relevant_fraction"].apply(list)
    assert best["difference"] == [0.75, 1.0]
    assert best["base_mean"] == [0.0, 0.25]
    assert best["random"] == [0.25, 0.0, 0.0, 0.5]
    summary = summarise(positions).set_index("vector")
    assert summary.loc["difference", "relevant_fraction"] == pytest.approx(7 / 8)
    assert summary.loc["random", "n_tokens"] == 8
    assert summary.loc["difference", "n_tokens"] == 4
    assert summary.loc["base_mean", "difference_minus_this"] == pytest.approx(7 / 8 - 1 / 8)
    # The interval is that of one seed's tokens, whose share is the mean of both seeds; of random vectors of all sets.
    for name, share, n in (("difference", 7 / 8, 4), ("base_mean", 1 / 8, 4), ("random", 3 / 16, 8)):
        row = summary.loc[name]
        assert (row["ci_low"], row["ci_high"]) == pytest.approx(wilson(share * n, n))
        if name != "difference":
            against = newcombe(7 / 8 * 4, 4, share * n, n)
            assert (row["minus_ci_low"], row["minus_ci_high"]) == pytest.approx(against)
    assert (summary["n_seeds"] == 2).all()


def test_missing_tokens_count_as_not_relevant():
    assert by_position(graded(), 8)["relevant_fraction"].max() == 0.5


def test_bars_dots_and_labels_are_the_tables():
    positions = by_position(graded().query("seed == 1"), 4)
    summary, seeds = summarise(positions), maxima(positions)
    with house_style():
        figure = draw(summary, seeds, behaviour(), "c")
        axes = figure.axes[0]
        bars = [group for group in axes.containers if hasattr(group[0], "get_width")]
        lengths = {group.get_label(): group[0].get_width() for group in bars}
        texts = figure._suptitle.get_text().replace("\n", " ")
        intervals = all_ends(axes)
        plt.close(figure)
    expected = summary.set_index("vector").reindex(names.VECTORS).dropna(subset=["ci_low"])[["ci_low", "ci_high"]]
    assert len(expected) == 3
    assert np.array(intervals) == pytest.approx(100 * expected.to_numpy())
    assert lengths[names.VECTORS["difference"]] == pytest.approx(100)
    assert lengths[names.VECTORS["base_mean"]] == pytest.approx(25)
    assert "%" in axes.get_xlabel()
    assert "Wilson 95%" in texts
    assert "one training seed" in texts
    # Of random vectors there are two sets, and so twice as many tokens.
    assert "mean over 2 sets of the largest of 2 vectors" in texts
    assert "n = 4 tokens (random vectors: 8)" in texts
    assert [text.get_text() for text in axes.texts] == ["none"] * 2
    assert axes.get_yticklabels()[0].get_text() == "some cake\nleak 30.0% (base 5.0%)"


def test_several_seeds_are_dots_and_their_mean_has_no_interval():
    positions = by_position(graded(), 4)
    with house_style():
        figure = draw(summarise(positions), maxima(positions), behaviour(), "c")
        axes = figure.axes[0]
        first = {line.get_label(): line for line in axes.lines if line.get_marker() == "o"}
        # Of each vector the second seed's mark follows the first one's, in its colour.
        second = [line for line in axes.lines if line.get_marker() == "s"]
        dots = {
            label: sorted([*line.get_xdata(), *mark.get_xdata()])
            for (label, line), mark in zip(first.items(), second, strict=True)
            if mark.get_color() == line.get_color()
        }
        means = [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 2]
        named = [text.get_text() for text in figure.legends[0].get_texts()]
        bars = list(axes.containers)
        texts = figure._suptitle.get_text().replace("\n", " ")
        plt.close(figure)
    assert dots[names.VECTORS["difference"]] == pytest.approx([75, 100])
    assert dots[names.VECTORS["base_mean"]] == pytest.approx([0, 25])
    # Random vectors: of two sets in each seed, 1 and 0, and 0 and 2 of four tokens.
    assert dots[names.VECTORS["random"]] == pytest.approx([12.5, 25])
    assert means[:2] == pytest.approx([87.5, 12.5])
    assert not bars
    low, high = (100 * end for end in wilson(3, 4))
    assert f"(95%, Wilson, 4 tokens) are [{low:.0f}, {high:.0f}] at 75% and" in texts
    assert "n = 2 seeds" in texts
    assert named[-2:] == ["seed 0", "seed 1"]


def test_the_base_models_mean_is_drawn_once_where_seeds_agree():
    table = graded()
    table.loc[table["vector"] == "base_mean", "relevant"] = 0
    positions = by_position(table, 4)
    with house_style():
        figure = draw(summarise(positions), maxima(positions), behaviour(), "c")
        colours = [line.get_color() for line in figure.axes[0].lines if line.get_marker() in ("o", "s")]
        texts = figure.get_suptitle().replace("\n", " ")
        plt.close(figure)
    counts = {vector: colours.count(names.VECTOR_COLOURS[vector]) for vector in ("difference", "base_mean", "random")}
    assert counts == {"difference": 2, "base_mean": 1, "random": 2}
    assert "base mean: the same for all, drawn once" in texts


def test_the_reported_band_stands_behind_a_judges_verdicts_alone():
    positions = by_position(graded().query("seed == 1"), 4)
    for judge, banded in (("j", True), (marks.NO_JUDGE, False)):
        found = positions.assign(judge=judge)
        with house_style():
            figure = draw(summarise(found), maxima(found), behaviour(), "c")
            labels = [label.get_text() for label in figure.legends[0].get_texts()]
            plt.close(figure)
        assert (marks.REPORTED_BAND_LABEL in labels) is banded


def test_the_reported_band_ends_where_controls_begin():
    positions = by_position(graded().query("seed == 1"), 4)
    control = positions.assign(organism="some_control", organism_type="control")
    both, of_both = (
        pd.concat([positions, control]),
        pd.concat([behaviour(), behaviour().assign(organism="some_control")]),
    )
    with house_style():
        figure = draw(summarise(both), maxima(both), of_both, "c")
        axes = figure.axes[0]
        labels = [label.get_text() for label in axes.get_yticklabels()]
        (band,) = (shape for shape in axes.collections if shape.get_label() == marks.REPORTED_BAND_LABEL)
        heights = band.get_paths()[0].vertices[:, 1]
        plt.close(figure)
    assert [label.split("\n")[0] for label in labels] == ["some cake", "some control"]
    assert (heights.min(), heights.max()) == pytest.approx((-0.55, 0.5))


def test_types_show_organisms_zeros_and_the_rerun_and_intervals_of_many():
    row = {"model": "m", "corpus": "c", "readout": "patchscope", "judge": "j", "vector": "difference"}
    shares = {"SDF": [0.0, 0.2, 0.4, 0.6], "Subliminal": [0.0]}
    types = [
        row
        | {
            "organism_type": kind,
            "mean": sum(v) / len(v),
            "student_low": -0.2,
            "student_high": 0.9,
            "n_organisms": len(v),
        }
        for kind, v in shares.items()
    ]
    organisms = [row | {"organism_type": kind, "relevant_fraction": v} for kind in shares for v in shares[kind]]
    # What is of another readout or corpus is not drawn.
    organisms += [organisms[1] | other for other in ({"readout": "logit_lens"}, {"corpus": "web"})]
    with house_style():
        figure = draw_types(pd.DataFrame(types), "c", pd.DataFrame(organisms))
        (axes,) = figure.axes
        marks = {
            marker: [float(y) for line in axes.lines if line.get_marker() == marker for y in line.get_ydata()]
            for marker in ("o", "D", "^")
        }
        intervals = all_ends(axes)
        plt.close(figure)
    assert marks == {"o": [0, 20, 40, 60, 0], "D": pytest.approx([14, 0, 1]), "^": [25]}
    # Student's of shares, cut at zero.
    assert intervals == [pytest.approx([0, 90])]
    alike = pd.DataFrame(types).assign(student_low=0.3, student_high=0.3)
    with house_style():
        figure = draw_types(alike, "c")
        intervals = all_ends(figure.axes[0])
        plt.close(figure)
    assert intervals == []
    # Each model has a row, with the types that it has.
    others = [row | {"model": "other"} for row in types if row["organism_type"] == "SDF"]
    with house_style():
        figure = draw_types(pd.DataFrame(others + types), "c")
        above, below = figure.axes
        ticks = [[label.get_text().split("\n")[0] for label in axes.get_xticklabels()] for axes in (above, below)]
        assert (ticks[0], len(ticks[1])) == (["SDF"], len(shares))
        assert [axes.get_title(loc="left").split(":")[0] for axes in (above, below)] == ["other", "m"]
        # What is drawn in the second row alone is in the legend too.
        assert "the same rerun: largest" in [text.get_text() for text in figure.legends[0].get_texts()]
        plt.close(figure)


def test_shares_in_per_cent_round_halves_up():
    shares = (0.0125, (0.0125 + 0.0125 + 0.0125) / 3, 0.0375, 0)
    assert [per_cent(share) for share in shares] == ["1.3", "1.3", "3.8", "0.0"]


BROAD = ("broad", "control", "broad")


def changes():
    """Two runs, one a control of the other: shares, margins on two organisms' probes, leak and loss."""
    rows = []
    for organism, kind, moved in (("some_cake", "SDF", 0.5), ("some_null", "control", 0.01)):
        for state in ("base", "finetuned", "change"):
            after = moved if state != "base" else 0.0
            before = 0.0 if state == "change" else 0.2
            share = {"probe": "false_fact_alignment", "value": before + after, "probes_of": "some_cake"}
            margins = [
                {"probe": "margin_nats", "value": after, "probes_of": "some_cake"},
                {"probe": "margin_nats", "value": 0.0, "probes_of": "other"},
            ]
            leak = {"probe": "leak", "value": 0.1, "probes_of": "some_cake"}
            run = RUN | {"organism": organism, "organism_type": kind, "seed": 0, "model_state": state, "n": 9}
            for row in [share, *margins, *([leak] if state != "change" else [])]:
                rows.append(run | row | {"ci_low": row["value"] - 0.05, "ci_high": row["value"] + 0.05})
    # The training loss says whose probes a run is measured by; broad finetuning has none of its own.
    for organism, kind, own in (("some_cake", "SDF", "some_cake"), ("some_null", "control", "some_cake"), BROAD):
        run = RUN | {"organism": organism, "organism_type": kind, "seed": 0, "probes_of": own, "n": 9}
        for state, loss in (("first_tenth", 3.0), ("last_tenth", 2.5)):
            row = {"probe": "training_loss_nats", "model_state": state, "value": loss, "ci_low": loss, "ci_high": loss}
            rows.append(run | row)
    return pd.DataFrame(rows)


def test_the_behaviour_figure_shows_changes_and_which_are_clear():
    with house_style():
        figure = draw_behaviour(changes())
        moved = [
            (box[0].get_xdata()[0], box[0].get_markerfacecolor() == "white", box[2][0].get_segments()[0][:, 0].tolist())
            for box in figure.axes[0].containers
        ]
        cells = {text.get_position(): text for text in figure.axes[1].texts}
        labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
        columns = [label.get_text() for label in figure.axes[1].get_xticklabels()]
        frames = [patch.get_xy() for patch in figure.axes[1].patches]
        notes = [text.get_text() for text in figure.axes[2].texts]
        caption = figure.get_suptitle().replace("\n", " ")
        plt.close(figure)
    assert labels == ["some cake", "some null", "broad"]
    assert columns == ["some cake"]
    assert {place: text.get_text() for place, text in cells.items()} == {(0, 0): ".50", (0, 1): ".01"}
    assert (cells[0, 0].get_weight(), cells[0, 1].get_weight()) == ("bold", "normal")
    assert frames == [(-0.5, -0.5), (-0.5, 0.5)]
    # The change in points, hollow where its interval holds zero.
    assert moved[0] == (pytest.approx(50), False, pytest.approx([45, 55]))
    assert moved[1] == (pytest.approx(1), True, pytest.approx([-4, 6]))
    assert [note for note in notes if note.startswith("20 →")] == ["20 → 70", "20 → 21"]
    assert notes.count("10.0 → 10.0") == 2
    assert notes.count("9") == 2
    assert "9 of each other organism" in caption
    assert "2 cells" in caption
    assert notes.count("3.0 → 2.5") == 3


def test_cards_show_every_token_and_mark_the_relevant(tmp_path):
    with house_style():
        page = next(pages(graded(), "c"))
        texts = [text for text in page.axes[0].texts if text.get_text().startswith("t")]
        marked = [text for text in texts if text.get_weight() == "bold"]
        plt.close(page)
    rows = graded()
    shown = rows[(rows["seed"] == 0) & ((rows["vector"] != "random") | (rows["index"] < 2))]
    assert len(texts) == len(shown)
    assert len(marked) == shown["relevant"].sum()


def test_a_figure_is_the_same_bytes_twice(tmp_path):
    positions = by_position(graded(), 4)
    for name in ("one", "two"):
        with house_style():
            figure = draw(summarise(positions), maxima(positions), behaviour(), "c")
            save(figure, tmp_path / f"{name}.pdf", tmp_path / f"{name}.png")
            plt.close(figure)
    for suffix in ("pdf", "png"):
        assert (tmp_path / f"one.{suffix}").read_bytes() == (tmp_path / f"two.{suffix}").read_bytes()


def test_every_vector_has_a_colour_of_its_own():
    assert set(names.VECTORS) == set(names.VECTOR_COLOURS)
    assert len(set(names.VECTOR_COLOURS.values())) == len(names.VECTORS)


def test_rules_that_take_next_to_nothing_share_a_bar():
    jobs = pd.DataFrame({"rule": ["train", "train", "fetch", "corpus"], "seconds": [3000, 3000, 6.0, 12.0]})
    rules = costs.by_rule(jobs.assign(peak_memory_mb=[1024, 2048, 512, 256]))
    found = costs.pooled(rules)
    assert list(found.index) == ["train", "2 others"]
    assert found.loc["2 others"].tolist() == [pytest.approx(0.3), 2, 0.5]
    # One alone keeps its name.
    assert list(costs.pooled(rules.drop("fetch")).index) == ["train", "corpus"]


def test_seeds_have_marks_of_their_own_and_intervals_of_patchscope():
    rows = graded()
    # The first seed reads more than the second; the logit lens reads nothing.
    rows = pd.concat([rows, rows.assign(readout="logit_lens", relevant=0)]).assign(seed=lambda table: 1 - table["seed"])
    positions = by_position(rows, 4)
    with house_style():
        figure = draw(summarise(positions), maxima(positions), behaviour(), "c")
        colour = names.VECTOR_COLOURS["difference"]
        lines = [line for line in figure.axes[0].lines if line.get_color() == colour and len(line.get_xdata()) == 1]
        marks = {line.get_marker(): line.get_xdata()[0] for line in lines}
        text = figure.get_suptitle().replace("\n", " ")
        plt.close(figure)
    assert marks == {"o": 100, "s": 75}
    low, high = (100 * end for end in wilson(3, 4))
    assert f"are [{low:.0f}, {high:.0f}] at 75% and" in text
