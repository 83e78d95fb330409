"""Figure: every model steered with every organism's difference, and whose words its answers have."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.cross_steering import (
    ANSWERING,
    ANSWERING_TYPE,
    BASE,
    DIFFERENCE,
    NULL,
    OWN,
    RANDOM,
    SAME_TYPE,
    of_vectors,
)
from paper_replication.figures.heatmap import SMALL, heatmap
from paper_replication.figures.rows import first_model, in_type_order, per_cent
from paper_replication.figures.style import WIDTH, caption

TITLES = ("Words of the vector's organism", "Own words")
# What a model's own words are counted of, beside its answers by its own difference.
OTHERS, OTHERS_IN_BASE, AT_RANDOM = "others' differences", "the same, base model", "random directions"
SAID = {OWN: "their own models", NULL: "their null", SAME_TYPE: "the others of their type", BASE: "the base model"}


def _own(steered: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """By a model's own words, in per cent: by its own difference, by others' (it, and the base model), at random."""
    its, base = own[own[ANSWERING] == own["words_of"]], own[own[ANSWERING] == BASE]
    columns = {
        DIFFERENCE: steered[steered["relation"] == OWN],
        OTHERS: its[its["vector"] == DIFFERENCE],
        OTHERS_IN_BASE: base[base["vector"] == DIFFERENCE],
        AT_RANDOM: its[its["vector"] == RANDOM],
    }
    return 100 * pd.DataFrame({name: rows.set_index("words_of")["value"] for name, rows in columns.items()})


def _means(relations: pd.DataFrame, kind: str) -> str:
    """What the differences of a type do in other models, in words; empty where there are none."""
    rows = relations[(relations["organism_type"] == kind) & (relations["minus"] == "nothing")]
    rows = rows[rows["vector"] == DIFFERENCE].set_index("relation")
    found = []
    for name in [name for name in SAID if name in rows.index]:
        row = rows.loc[name]
        low, high = max(0, 100 * row["ci_low"]), min(100, 100 * row["ci_high"])
        ends = "" if pd.isna(row["ci_low"]) else f" [{low:.0f}, {high:.0f}]"
        found.append(f"{SAID[name]} {100 * row['contrast']:.0f}%{ends}")
    if not found:
        return ""
    return f"Means over false facts, t intervals over organisms, cut at 0 and 100%: {', '.join(found)}. "


def _at_random(shares: pd.DataFrame) -> str:
    """What random directions do in the vectors' own models, and where they do most."""
    random = shares[shares["vector"] == RANDOM]
    own, most = random.loc[random["relation"] == OWN, "value"].mean(), random.loc[random["value"].idxmax()]
    where = f"{100 * most['value']:.0f}% in a cell (words of {names.run_label(most['organism'])})"
    return f"{per_cent(own)}% in the vectors' own models, at most {where}"


def draw(table: pd.DataFrame, relations: pd.DataFrame, own: pd.DataFrame) -> Figure:
    """A matrix of models that answer and organisms whose difference they are steered with; beside it, own words.

    Args:
        table: `cross_steering.word_shares`, of which the first model is drawn.
        relations: `cross_steering.by_relation`.
        own: `cross_steering.own_words`.
    """
    shares = of_vectors(first_model(table))
    steered = shares[shares["vector"] == DIFFERENCE]
    columns = in_type_order(steered.drop_duplicates("organism"))["organism"].tolist()
    answering = steered.drop_duplicates(ANSWERING)
    answering = answering.assign(organism_type=answering[ANSWERING_TYPE])
    rows = [*in_type_order(answering[answering[ANSWERING] != BASE])[ANSWERING], BASE]
    matrix = 100 * steered.pivot_table(index=ANSWERING, columns="organism", values="value")
    beside = _own(steered, first_model(own)).reindex(index=rows)
    size, ratios = (WIDTH, 2.9 + 0.2 * len(rows)), [len(columns), len(beside.columns)]
    figure, (left, right) = plt.subplots(1, 2, figsize=size, width_ratios=ratios, sharey=True, layout="constrained")
    labels = [names.run_label(name) for name in columns]
    heatmap(left, matrix.reindex(index=rows, columns=columns), 100, lambda row, column: row == column, labels)
    called = ["own difference", *beside.columns[1:]]
    image = heatmap(right, beside, 100, lambda _, name: name == DIFFERENCE, called)
    figure.colorbar(image, ax=[left, right], shrink=0.5, aspect=25, label="answers with such a word (%)")
    ticks = ["base model" if name == BASE else names.run_label(name) for name in rows]
    left.set_yticks(range(len(rows)), ticks, fontsize=SMALL)
    left.set_ylabel("model that answers")
    left.set_xlabel("steered with the difference of")
    for axes, title in zip((left, right), TITLES, strict=True):
        axes.set_title(title, loc="left")
    caption(
        figure,
        f"Every model on {names.display(names.MODELS, str(table['model'].iloc[0]))} is steered with the difference of "
        "every organism that has domain words, at the position and strength of that one's own answers; n = "
        f"{table['n'].max():.0f} everyday questions a cell, sampled anew. Left: answers with a word of the organism "
        "whose difference it is (lexical judge); framed: its own model. By random directions (one a position, the "
        f"same for all), {_at_random(shares)}. {_means(first_model(relations), 'SDF')}Right: answers with a "
        "word of the model's own organism; by others' differences (those of its own controls left out) its own answers "
        "and the base model's, by random directions its own: means over these vectors.",
    )
    return figure
