"""Tables and figures of the ablations show what was judged and measured."""

import math
from itertools import combinations
from types import SimpleNamespace

import pandas as pd
import pytest
from error_bars import ends
from matplotlib import pyplot as plt

from paper_replication import names
from paper_replication.ablation_contrasts import ablation_contrasts
from paper_replication.ablation_summary import relevance_of, tables_of
from paper_replication.figures import (
    ablation_inputs,
    ablation_layers,
    ablation_positions,
    ablations,
    adapter_weight,
    delta_geometry,
    layer_tokens,
)
from paper_replication.figures.style import house_style
from paper_replication.layer_controls_summary import layer_controls
from paper_replication.statistics import wilson
from paper_replication.trace_contrasts import ALL

RUN = {"model": "m", "variant": "default", "seed": 0, "corpus": "encyclopaedia"}
# Ablation, condition, value, positions, documents.
CONDITIONS = [
    *(("layers", f"{depth}% of depth", layer, range(3), 20) for depth, layer in ((25, 7), (50, 14), (100, 29))),
    *(("positions", f"position {position}", position, [position], 20) for position in (0, 3, 31)),
    *(("adapter_weight", f"weight {weight:g}", weight, range(3), 20) for weight in (0.0, 0.5, 1.0)),
    *(("directions", name, 1, range(3), 40) for name in ("uncentred", "centred")),
    *(("documents", name, n, range(3), n) for name, n in (("10 documents", 10), ("all documents", 40))),
    ("corpora", "web", 20, range(3), 20),
    ("inputs", "end_of_text", 1, [0], 1),
    ("inputs", "space", 3, range(3), 1),
    ("head", "base_head", 0, range(3), 40),
]
ORGANISMS = (("some_cake", "SDF", 3), ("some_fact", "SDF", 1), ("some_word", "Taboo", 2), ("some_null", "control", 0))


def made_up():
    """Judged tokens and geometry of runs, of whose four tokens one fewer is relevant at each further position."""
    graded, geometry = [], []
    for organism, kind, best in ORGANISMS:
        run = RUN | {"organism": organism, "organism_type": kind}
        index = 0
        for ablation, condition, value, positions, n_documents in CONDITIONS:
            labels = {"ablation": ablation, "condition": condition, "value": float(value)}
            for place, position in enumerate(positions):
                norm = value * (1 + place) if ablation == "adapter_weight" else 2.0
                cosine = float("nan") if ablation == "layers" or norm == 0 else 0.9 - 0.1 * place
                measured = {"delta_norm": norm, "target_norm": 9.0, "cosine_to_full": cosine}
                shares = {"variance_share_1": 0.6 - 0.1 * place} if ablation == "directions" else {}
                geometry.append(
                    run | labels | {"position": position} | measured | shares | {"n_documents": n_documents}
                )
                for readout in names.READOUTS if norm else ():
                    row = {"readout": readout, "vector": "difference", "index": index, "position": position}
                    row |= labels | {"scale": 1.0, "judge": "embedding_relevance", "scale_judge": "s"}
                    # Of the logit lens' tokens one fewer than of Patchscope's.
                    relevant = best - place - (readout == "logit_lens")
                    graded += [run | row | {"token": f"t{rank}", "relevant": int(rank < relevant)} for rank in range(4)]
                index += 1
    return pd.DataFrame(graded), pd.DataFrame(geometry)


def tables():
    """Of the null too, judged as either organism that it goes with: as the second it reads 25%, as the first none."""
    graded, geometry = made_up()
    shares = [relevance_of(rows, 4) for _, rows in graded.groupby("organism", sort=False)]
    shares = pd.concat(shares)
    null = shares["organism_type"] == "control"
    as_first = shares.assign(judged_as=shares["organism"].mask(null, "some_cake"))
    as_second = shares[null].assign(judged_as="some_fact", relevant_fraction=0.25)
    return tables_of(pd.concat([as_first, as_second]), geometry), geometry


def controls():
    """What is read of the controls at two layers: of random vectors in two sets, of the other model's means once."""
    rows = []
    for organism, kind, _ in ORGANISMS[:3]:
        run = RUN | {"organism": organism, "organism_type": kind, "judged_as": organism}
        for depth, layer in ((50, 14), (100, 29)):
            for readout in names.READOUTS:
                row = run | {"condition": f"{depth}% of depth", "value": float(layer), "readout": readout}
                row |= {"judge": "embedding_relevance", "scale_judge": "s", "n_tokens": 4, "n_positions": 3}
                for name, vector, relevant in (
                    ("base_mean", "base_mean", 0),
                    ("finetuned_mean", "finetuned_mean", 1 if organism == "some_cake" else 0),
                    ("random 0", "random", 0),
                    ("random 1", "random", 1),
                ):
                    # By the logit lens one token more.
                    read = relevant + (readout == "logit_lens")
                    shares = {"n_relevant": read, "relevant_fraction": read / 4}
                    # Another position than the best, whose share is not taken.
                    rows.append(row | {"ablation": name, "vector": vector, "over": "largest"} | shares)
                    other = {"n_relevant": 3, "relevant_fraction": 0.75}
                    rows.append(row | {"ablation": name, "vector": vector, "over": "position"} | other)
    return layer_controls(pd.DataFrame(rows))


def test_controls_of_layers_by_hand():
    rows = controls()
    rows = rows[(rows["organism"] == "some_cake") & (rows["readout"] == "patchscope") & (rows["value"] == 29)]
    rows = rows.set_index("vector")
    assert rows["relevant_fraction"].to_dict() == {"base_mean": 0, "finetuned_mean": 0.25, "random": 0.125}
    assert rows["n_sets"].to_dict() == {"base_mean": 1, "finetuned_mean": 1, "random": 2}


def test_shares_by_hand():
    found, _ = tables()
    rows = found["ablation_layers"]
    rows = rows[(rows["organism"] == "some_cake") & (rows["readout"] == "patchscope") & (rows["value"] == 14)]
    at, best = rows[rows["over"] == "position"], rows[rows["over"] == "largest"]
    assert at["relevant_fraction"].tolist() == [0.75, 0.5, 0.25]
    assert best[["relevant_fraction", "position", "n_positions"]].to_numpy().tolist() == [[0.75, 0, 3]]
    assert best[["ci_low", "ci_high"]].to_numpy()[0].tolist() == pytest.approx(list(wilson(3, 4)))
    assert best["n_documents"].tolist() == [20]


def test_tables_hold_their_ablations():
    found, _ = tables()
    assert set(found["ablation_inputs"]["ablation"]) == {"documents", "corpora", "inputs", "head"}
    assert set(found["adapter_weight"]["value"]) == {0.5, 1.0}
    assert found["ablation_directions"]["condition"].unique().tolist() == ["uncentred", "centred"]
    assert sum(map(len, found.values())) == len(pd.concat(found.values()).drop_duplicates())


def drawn(module, *arguments):
    """Every panel's title, lines by their label or colour, and tick labels; legends, one a type, and the caption."""
    with house_style():
        figure = module.draw(*arguments, "encyclopaedia")
        panels = [axes for axes in figure.axes if axes.axison]
        lines = [{line.get_label(): line.get_xydata().tolist() for line in axes.get_lines()} for axes in panels]
        means = [[group.lines[0].get_ydata().tolist() for group in axes.containers] for axes in panels]
        ticks = [[label.get_text() for label in axes.get_xticklabels()] for axes in panels]
        titles = [axes.get_title(loc="left") for axes in panels]
        text = figure._suptitle.get_text().replace("\n", " ")
        legends = [
            [entry.get_text() for entry in axes.get_legend().get_texts()] for axes in figure.axes if not axes.axison
        ]
        plt.close(figure)
    return SimpleNamespace(lines=lines, means=means, ticks=ticks, titles=titles, text=text, legends=legends)


def ys(panel, name):
    return [y for _, y in panel[name]]


LEGENDS = [["some cake", "some fact", "some null", "mean, 95% interval"], ["some word"]]


def check(found, legends=LEGENDS):
    assert found.titles[:2] == ["SDF (2)", "Taboo (1)"]
    assert found.legends == legends
    parts = ("encyclopaedia passages", names.JUDGES["embedding_relevance"], "Student's 95%", "One list of 4 tokens")
    for part in parts:
        assert part in found.text


def test_the_figure_of_layers():
    found = drawn(ablation_layers, tables()[0]["ablation_layers"], controls())
    of_controls = ["base mean", "finetuned mean", "random vectors"]
    sdf = ["some cake", "some fact", "some null", "mean, 95% interval", *of_controls]
    check(found, [sdf, ["some word", *of_controls]])
    sdf, taboo = found.lines[:2]
    assert [ys(sdf, name) for name in ("some cake", "some fact", "some null")] == [[75] * 3, [25] * 3, [12.5] * 3]
    # Of the organisms without their null; then of the controls.
    assert found.means[:2] == [[[50, 50, 50], [0, 0], [12.5, 12.5], [12.5, 12.5]], [[0, 0], [0, 0], [12.5, 12.5]]]
    assert ys(taboo, "some word") == [50] * 3
    # By the logit lens one fewer of the difference's tokens, and one more of the controls'.
    assert [ys(found.lines[2], name) for name in ("some cake", "some fact", "some null")] == [
        [50] * 3,
        [0] * 3,
        [12.5] * 3,
    ]
    assert found.means[2] == [[25, 25, 25], [25, 25], [37.5, 37.5], [37.5, 37.5]]
    assert found.ticks[2] == ["7\n(25%)", "14\n(50%)", "29\n(100%)"]
    for part in ("Mean over 20 documents", "of 3 positions, or of as many random vectors (mean of 2 such sets)"):
        assert part in found.text


def test_what_the_paper_reports_stands_at_the_middle_layer_alone():
    with house_style():
        layers = ablation_layers.draw(tables()[0]["ablation_layers"], controls(), "encyclopaedia")
        positions = ablation_positions.draw(tables()[0]["ablation_positions"], "encyclopaedia")
        # Of the first row's panels, which are two types' of Patchscope's shares; of the logit lens' none.
        bands = [
            [found.get_paths()[0].get_extents().intervalx.tolist() for found in axes.collections if found.get_fill()]
            for axes in layers.axes[:4]
        ]
        spans = [len(axes.patches) for axes in (*layers.axes[:4], *positions.axes[:4])]
        plt.close(layers)
        plt.close(positions)
    reported = [14 - ablation_layers.REACH, 14 + ablation_layers.REACH]
    assert bands == [[reported], [reported], [], []]
    assert spans == [0] * 8


def test_without_the_middle_layer_nothing_reported_is_drawn():
    rows = tables()[0]["ablation_layers"]
    with house_style():
        figure = ablation_layers.draw(rows[rows["condition"] != ablation_layers.MIDDLE], controls(), "encyclopaedia")
        figure.canvas.draw()
        bands = [found for found in figure.axes[0].collections if found.get_fill()]
        places = [path.vertices for found in bands for path in found.get_paths()]
        left, right = figure.axes[0].get_xlim()
        plt.close(figure)
    assert not places
    assert left < 7 < 29 < right


def test_a_nulls_shares_stand_right_of_an_organisms():
    with house_style():
        shares, geometry = tables()
        figure = adapter_weight.draw(shares["adapter_weight"], geometry, "encyclopaedia")
        figure.canvas.draw()
        places = []
        for axes in figure.axes[::2][:3]:
            lines = {line.get_label().removeprefix("_"): line for line in axes.lines if len(line.get_xdata()) > 1}
            drawn = {line.get_marker(): line.get_transform().transform((1, 0))[0] for line in lines.values()}
            places.append(drawn["x"] - drawn["o"])
        dpi = figure.dpi
        plt.close(figure)
    # Those of both readouts; not its norm.
    assert places == pytest.approx([dpi * ablations.ASIDE, dpi * ablations.ASIDE, 0], abs=1e-6)


def test_a_control_above_the_difference_is_within_the_axes():
    low = tables()[0]["ablation_layers"].assign(relevant_fraction=0.05)
    tops = []
    with house_style():
        for share in (0.05, 0.9):
            figure = ablation_layers.draw(low, controls().assign(relevant_fraction=share), "encyclopaedia")
            tops.append(figure.axes[0].get_ylim()[1])
            plt.close(figure)
    assert tops[0] < 20
    assert tops[1] > 90


def test_a_type_whose_null_alone_is_ablated_has_a_column_without_controls():
    rows = tables()[0]["ablation_layers"]
    rows = rows[rows["organism"] != "some_fact"]
    other = rows[rows["organism"] == "some_null"].assign(organism="other_null", judged_as="other_null")
    found = drawn(ablation_layers, pd.concat([rows, other]), controls())
    assert found.titles[:3] == ["SDF (1)", "Taboo (1)", "control (0)"]
    assert found.legends[2] == ["other null"]


def test_the_figure_of_positions():
    found = drawn(ablation_positions, tables()[0]["ablation_positions"])
    check(found)
    assert found.ticks[2] == ["0", "3", "31"]
    assert found.lines[0]["some cake"] == [[0, 75], [1, 75], [2, 75]]
    assert found.lines[2]["some cake"] == [[0, 50], [1, 50], [2, 50]]


def test_the_figure_of_the_adapters_weight():
    shares, geometry = tables()
    found = drawn(adapter_weight, shares["adapter_weight"], geometry)
    check(found)
    assert [x for x, _ in found.lines[0]["some cake"]] == [0.5, 1.0]
    grown = adapter_weight.growth(geometry).set_index(["organism", "value"])
    assert grown.loc["some_cake", "norm"].tolist() == [0, 0.5, 1]
    assert grown.loc["some_cake", "cosine"].tolist()[1:] == pytest.approx([0.8, 0.8])
    # The third row of panels, and the fourth.
    assert ys(found.lines[4], "some cake") == [0, 0.5, 1]
    assert ys(found.lines[6], "some cake") == pytest.approx([0.8, 0.8])
    assert "at weight 0 there is none to read" in found.text


def test_the_figure_of_geometry():
    shares, geometry = tables()
    found = drawn(delta_geometry, geometry, shares["ablation_directions"], shares["ablation_inputs"])
    check(found)
    assert ys(found.lines[0], "some cake") == pytest.approx([0.6, 0.5, 0.4])
    assert found.lines[4]["some cake"] == [pytest.approx([1, 0.8]), pytest.approx([math.log10(40), 0.8])]
    assert ys(found.lines[6], "some cake") == [75, 75, 75]
    assert found.ticks[6] == ["mean", "first,\nuncentred", "first,\ncentred"]
    assert "40 documents" in found.text


def test_the_figure_of_inputs():
    found = drawn(ablation_inputs, tables()[0]["ablation_inputs"])
    check(found)
    wanted = ["10 documents", "all 40 documents", "web text (20)", "end of text alone", "spaces", "base model's head"]
    assert found.ticks[2] == wanted
    assert found.lines[0]["some cake"] == [[0, 75], [1, 75]]
    assert found.means[0] == [[50, 50], [50, 50, 50, 50]]
    assert "inputs of one token: of 1" in found.text


def test_a_single_organism_without_a_null_is_drawn():
    shares, geometry = tables()
    alone = {name: rows[rows["organism"] == "some_cake"] for name, rows in shares.items()}
    geometry = geometry[geometry["organism"] == "some_cake"]
    for module, *needed in (
        (ablation_layers, alone["ablation_layers"], controls()),
        (ablation_positions, alone["ablation_positions"]),
        (ablation_inputs, alone["ablation_inputs"]),
        (adapter_weight, alone["adapter_weight"], geometry),
        (delta_geometry, geometry, alone["ablation_directions"], alone["ablation_inputs"]),
    ):
        found = drawn(module, *needed)
        assert found.titles[0] == "SDF (1)"
        assert [legend[0] for legend in found.legends] == ["some cake"]


def contrasts(**chosen):
    shares, _ = tables()
    found = ablation_contrasts(pd.concat(shares.values()), controls(), 0.5)
    chosen = {"readout": "patchscope"} | chosen
    (row,) = found[(found[list(chosen)] == pd.Series(chosen)).all(axis=1)].to_dict("records")
    return row


def test_contrasts_with_the_null_by_hand():
    row = contrasts(ablation="layers", condition="100% of depth", against="null_difference", organism_type="SDF")
    # 75 and 25% less 0 and 25%, of the null judged as each: Student's t of one degree of freedom is 12.706.
    assert row["contrast"] == 0.375
    assert (
        contrasts(ablation="layers", condition="100% of depth", against="nothing", organism_type=ALL)["contrast"] == 0.5
    )
    assert row["n_organisms"] == 2
    assert row["ci_high"] - row["contrast"] == pytest.approx(12.706 * 0.375, rel=1e-4)
    everything = ablation_contrasts(pd.concat(tables()[0].values()), controls(), 0.5)
    # No null is matched to an organism of this type.
    assert "null_difference" not in set(everything.loc[everything["organism_type"] == "Taboo", "against"])


def test_contrasts_with_controls_of_the_same_layer_by_hand():
    chosen = {"ablation": "layers", "condition": "100% of depth", "organism_type": "SDF"}
    # 75 and 25% less 25 and 0%.
    row = contrasts(against="finetuned_mean", **chosen)
    assert (row["contrast"], row["n_organisms"]) == (0.375, 2)
    assert row["ci_high"] - row["contrast"] == pytest.approx(12.706 * 0.125, rel=1e-4)
    assert contrasts(against="random", **chosen)["contrast"] == 0.375
    everything = ablation_contrasts(pd.concat(tables()[0].values()), controls(), 0.5)
    at = everything.loc[everything["against"] == "base_mean", ["ablation", "condition"]].drop_duplicates()
    assert at.to_numpy().tolist() == [["layers", "50% of depth"], ["layers", "100% of depth"]]


def test_contrasts_with_the_main_choice_by_hand():
    shares, _ = tables()
    inputs, directions = shares["ablation_inputs"].copy(), shares["ablation_directions"]
    # One organism reads less of spaces than of all documents.
    lower = (inputs["organism"] == "some_cake") & (inputs["condition"] == "space")
    inputs.loc[lower, "relevant_fraction"] = 0.25
    found = ablation_contrasts(pd.concat([shares["ablation_layers"], inputs, directions]), controls(), 0.5)
    found = found[(found["readout"] == "patchscope") & (found["organism_type"] == ALL)]
    others = ["null_difference", "nothing", "base_mean", "finetuned_mean", "random"]
    found = found[~found["against"].isin(others)].set_index("condition")
    assert found.loc["space", "against"] == "all documents"
    assert found.loc["space", "contrast"] == pytest.approx(-0.5 / 3)
    assert found.loc["space", "n_organisms"] == 3
    assert found.loc["25% of depth", ["against", "contrast"]].tolist() == ["50% of depth", 0]
    assert found.loc["uncentred", "contrast"] == 0
    assert {"50% of depth", "all documents"} & set(found.index) == set()


def test_without_a_null_there_are_no_contrasts_with_one():
    shares = pd.concat(tables()[0].values())
    found = ablation_contrasts(shares[shares["organism"] == "some_cake"], controls(), 0.5)
    others = {"base_mean", "finetuned_mean", "random"}
    assert set(found["against"]) == {"nothing", "50% of depth", "all documents", "weight 1", *others}


def listed():
    """Lists of two layers and two positions of an organism and its null: tokens named by place, some relevant."""
    rows = []
    relevant = {("some_cake", 14, 0): 1, ("some_cake", 29, 0): 2, ("some_cake", 29, 1): 3}
    for organism, kind in (("some_null", "control"), ("some_cake", "SDF")):
        for value, condition in ((14, "50% of depth"), (29, "100% of depth")):
            for position in (0, 1):
                for rank in range(1, 5):
                    row = RUN | {"organism": organism, "organism_type": kind, "condition": condition}
                    row |= {"value": float(value), "position": position, "rank": rank, "judge": "embedding_relevance"}
                    counted = int(rank <= relevant.get((organism, value, position), 0))
                    rows.append(row | {"token": f"{organism}_{value}_{position}_{rank}", "relevant": counted})
    return pd.DataFrame(rows)


def test_the_best_lists_have_most_relevant_tokens_and_are_the_last_of_several():
    found = layer_tokens.best_lists(listed())
    chosen = found.drop_duplicates(["organism", "value"]).set_index(["organism", "value"])["position"]
    assert chosen.to_dict() == {
        ("some_cake", 14.0): 0,
        ("some_cake", 29.0): 1,
        ("some_null", 14.0): 1,
        ("some_null", 29.0): 1,
    }
    assert len(found) == 4 * 4


def test_the_lists_of_two_layers_stand_side_by_side_with_what_is_counted_in_bold():
    with house_style():
        figure = layer_tokens.draw(listed(), 0.5)
        texts = figure.axes[0].texts
        bold = [text.get_text() for text in texts if text.get_weight() == "bold"]
        plain = [text.get_text() for text in texts]
        renderer = figure.canvas.get_renderer()
        boxes = [text.get_window_extent(renderer) for text in texts]
        page = figure.bbox
        plt.close(figure)
    counted = ["some_cake_14_0_1", *(f"some_cake_29_1_{rank}" for rank in (1, 2, 3))]
    assert bold == [*counted, "block 14 (50% of depth)", "block 29 (100% of depth)"]
    assert {"1 of 4, position 0", "3 of 4, position 1", "0 of 4, position 1"} <= set(plain)
    # The null comes last, tokens are in order, and nothing leaves the page or covers anything.
    assert plain.index("some\ncake") < plain.index("some\nnull")
    tokens = [text for text in plain if text.startswith("some_null_29")]
    assert tokens == [f"some_null_29_1_{rank}" for rank in (1, 2, 3, 4)]
    assert all(page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 for box in boxes)
    assert not any(one.shrunk(0.9, 0.7).overlaps(other.shrunk(0.9, 0.7)) for one, other in combinations(boxes, 2))


def test_intervals_of_organisms_end_where_shares_do():
    rows = tables()[0]["ablation_positions"]
    rows.loc[rows["organism"] == "some_cake", "relevant_fraction"] = 0.3
    rows.loc[rows["organism"] == "some_fact", "relevant_fraction"] = 0.25
    with house_style():
        positions = ablation_positions.draw(rows, "encyclopaedia")
        layers = ablation_layers.draw(tables()[0]["ablation_layers"], controls(), "encyclopaedia")
        (mean,) = positions.axes[0].containers
        found = {box.get_label(): ends(box) for box in layers.axes[0].containers}
        plt.close(positions)
        plt.close(layers)
    # Of 30 and 25%: 12.706 times 2.5 to either side, cut at zero.
    assert ends(mean) == 3 * [pytest.approx([0, 27.5 + 12.706 * 2.5], abs=0.01)]
    # The finetuned means' of 25 and 0%, 12.706 times 12.5 to either side, cut at both ends.
    assert found["finetuned mean"] == 2 * [pytest.approx([0, 100], abs=0.01)]


def test_the_figure_of_geometry_tells_centred_from_uncentred():
    shares, geometry = tables()
    centred = geometry["condition"] == "centred"
    geometry.loc[centred, "variance_share_1"] = 0.125
    directions = shares["ablation_directions"].copy()
    directions.loc[directions["condition"] == "centred", "relevant_fraction"] = 0.5
    found = drawn(delta_geometry, geometry, directions, shares["ablation_inputs"])
    assert ys(found.lines[0], "some cake") == pytest.approx([0.6, 0.5, 0.4])
    assert found.means[0] == [pytest.approx([0.6, 0.5, 0.4]), [0.125] * 3]
    assert found.lines[6]["some cake"] == [[0, 75], [1, 75], [2, 50]]
    assert found.ticks[6] == ["mean", "first,\nuncentred", "first,\ncentred"]
