"""Tables and figures of the ablations show what was judged and measured."""

import pandas as pd
import pytest
from matplotlib import pyplot as plt

from paper_replication import names
from paper_replication.ablation_summary import relevance_of, tables_of
from paper_replication.figures import (
    ablation_inputs,
    ablation_layers,
    ablation_positions,
    adapter_weight,
    delta_geometry,
)
from paper_replication.figures.style import house_style
from paper_replication.statistics import wilson

RUN = {"model": "m", "variant": "default", "seed": 0, "corpus": "encyclopaedia"}
# Ablation, condition, value, positions, documents.
CONDITIONS = [
    *(("layers", f"{depth}% of depth", layer, range(3), 20) for depth, layer in ((25, 7), (50, 14), (100, 29))),
    *(("positions", f"position {position}", position, [position], 20) for position in (0, 3, 31)),
    *(("adapter_weight", f"weight {weight}", weight, range(3), 20) for weight in (0.0, 0.5, 1.0)),
    *(("directions", name, 1, range(3), 40) for name in ("uncentred", "centred")),
    *(("documents", name, n, range(3), n) for name, n in (("10 documents", 10), ("all documents", 40))),
    ("corpora", "web", 20, range(3), 20),
    ("inputs", "end_of_text", 1, [0], 1),
    ("inputs", "space", 3, range(3), 1),
    ("head", "base_head", 0, range(3), 40),
]
ORGANISMS = (("some_cake", "SDF", 3), ("some_null", "control", 0))


def made_up():
    """Judged tokens and geometry of two runs, of whose four tokens one fewer is relevant at each further position."""
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
                    graded += [
                        run | row | {"token": f"t{rank}", "relevant": int(rank < best - place)} for rank in range(4)
                    ]
                index += 1
    return pd.DataFrame(graded), pd.DataFrame(geometry)


def tables():
    graded, geometry = made_up()
    shares = [relevance_of(rows, 4) for _, rows in graded.groupby("organism", sort=False)]
    shares = pd.concat(rows.assign(judged_as="some_cake") for rows in shares)
    return tables_of(shares, geometry), geometry


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
    """Axes' labelled lines, tick labels, and the caption of a figure."""
    with house_style():
        figure = module.draw(*arguments, "encyclopaedia")
        lines = [
            {group.get_label(): group.lines[0].get_xydata().tolist() for group in axes.containers}
            for axes in figure.axes
        ]
        ticks = [[label.get_text() for label in axes.get_xticklabels()] for axes in figure.axes]
        text = figure._suptitle.get_text().replace("\n", " ")
        legend = [entry.get_text() for entry in figure.legends[0].get_texts()]
        plt.close(figure)
    return lines, ticks, text, legend


LEGEND = ["some cake", "some null (judged as some cake)"]


def check_caption(text):
    for part in ("encyclopaedia passages", names.JUDGES["embedding_relevance"], "Wilson 95%", "4 tokens of one list"):
        assert part in text


def test_the_figure_of_layers():
    found, _ = tables()
    lines, ticks, text, legend = drawn(ablation_layers, found["ablation_layers"])
    assert legend == LEGEND
    assert [y for _, y in lines[0]["some cake"]] == [75, 75, 75]
    assert ticks[0] == ["7\n(25%)", "14\n(50%)", "29\n(100%)"]
    assert "Mean over 20 documents" in text
    check_caption(text)


def test_the_figure_of_positions():
    found, _ = tables()
    lines, ticks, text, _ = drawn(ablation_positions, found["ablation_positions"])
    assert ticks[1] == ["0", "3", "31"]
    assert [round(x) for x, _ in lines[1]["some cake"]] == [0, 1, 2]
    assert [y for _, y in lines[1]["some null (judged as some cake)"]] == [0, 0, 0]
    check_caption(text)


def test_the_figure_of_the_adapters_weight():
    found, geometry = tables()
    lines, _, text, legend = drawn(adapter_weight, found["adapter_weight"], geometry)
    assert legend == LEGEND
    assert [round(x, 1) for x, _ in lines[0]["some cake"]] == [0.5, 1.0]
    grown = adapter_weight.growth(geometry).set_index(["organism", "value"])
    assert grown.loc["some_cake", "norm"].tolist() == [0, 0.5, 1]
    assert grown.loc["some_cake", "cosine"].tolist()[1:] == pytest.approx([0.8, 0.8])
    assert grown.loc[("some_cake", 1.0), ["cosine_low", "cosine_high"]].tolist() == pytest.approx([0.7, 0.9])
    assert "at weight 0 there is none to read" in text
    check_caption(text)


def test_the_figure_of_geometry():
    found, geometry = tables()
    panels, ticks, text, legend = drawn(
        delta_geometry, geometry, found["ablation_directions"], found["ablation_inputs"]
    )
    assert legend == LEGEND
    assert [y for _, y in panels[3]["some cake"]] == [75, 75, 75]
    assert ticks[3] == ["mean\ndifference", "first direction,\nuncentred", "first direction,\ncentred"]
    assert "40 documents" in text
    check_caption(text)


def test_the_figure_of_inputs():
    found, _ = tables()
    lines, ticks, text, legend = drawn(ablation_inputs, found["ablation_inputs"])
    assert legend == LEGEND
    assert ticks[1] == [
        "10\ndocuments",
        "all 40\ndocuments",
        "web text\n(20)",
        "end of text\nalone",
        "spaces",
        "base model's\nhead",
    ]
    assert [y for _, y in lines[0]["some cake"]] == [75, 75]
    assert "inputs of one token: of 1" in text
    check_caption(text)
