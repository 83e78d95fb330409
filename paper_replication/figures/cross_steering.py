"""Figure: every model steered with every organism's difference, and whose words its answers have."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.cross_steering import (
    ANSWERING,
    ANSWERING_TYPE,
    BASE,
    MODELS,
    OWN,
    SAME_TYPE,
    VECTORS,
)
from paper_replication.figures.heatmap import SMALL, heatmap
from paper_replication.figures.rows import first_model, in_type_order
from paper_replication.figures.style import WIDTH, caption

TITLES = ("Words of the vector's organism", "The model's own words")
# Vectors of others that a model is steered with.
OTHERS, RANDOM = "others' differences", "random directions"
DIFFERENCE = "difference"
SAID = {OWN: "by the model itself", "matched null": "its null", SAME_TYPE: "the others of its type", BASE: "base model"}


def _own_words(table: pd.DataFrame) -> pd.DataFrame:
    """By a model's own words: steered by its own difference, others', and all random directions, in per cent."""
    rows = table[(table["relation"] == OWN) | (table["words"] == MODELS)]
    differences = rows["relation"].map({OWN: DIFFERENCE}).fillna(OTHERS)
    rows = rows.assign(column=differences.where(rows["vector"] == DIFFERENCE, RANDOM))
    return 100 * rows.pivot_table(index=ANSWERING, columns="column", values="value")[[DIFFERENCE, OTHERS, RANDOM]]


def _means(relations: pd.DataFrame, kind: str) -> str:
    """What a type's vectors do in the models that the caption names, in words."""
    rows = relations[(relations["words"] == VECTORS) & (relations["organism_type"] == kind)]
    rows = rows[rows["vector"] == DIFFERENCE].set_index("relation")
    found = []
    for relation in [name for name in SAID if name in rows.index]:
        row = rows.loc[relation]
        ends = "" if pd.isna(row["ci_low"]) else f" [{100 * row['ci_low']:.0f}, {100 * row['ci_high']:.0f}]"
        found.append(f"{SAID[relation]} {100 * row['value']:.0f}%{ends}")
    return ", ".join(found)


def draw(table: pd.DataFrame, relations: pd.DataFrame) -> Figure:
    """A matrix of models that answer and organisms whose difference they are steered with; beside it, own words.

    Args:
        table: `cross_steering.word_shares`, of which the first model is drawn.
        relations: `cross_steering.by_relation`.
    """
    table, relations = first_model(table), first_model(relations)
    steered = table[(table["words"] == VECTORS) & (table["vector"] == DIFFERENCE)]
    columns = in_type_order(steered.drop_duplicates("organism"))["organism"].tolist()
    answering = steered.drop_duplicates(ANSWERING)
    answering = answering.assign(organism_type=answering[ANSWERING_TYPE])
    rows = [*in_type_order(answering[answering[ANSWERING] != BASE])[ANSWERING], BASE]
    shares = 100 * steered.pivot_table(index=ANSWERING, columns="organism", values="value")
    own = _own_words(table).reindex(index=rows)
    size, ratios = (WIDTH, 2.6 + 0.2 * len(rows)), [len(columns), len(own.columns)]
    figure, (left, right) = plt.subplots(1, 2, figsize=size, width_ratios=ratios, sharey=True, layout="constrained")
    labels = [names.run_label(name) for name in columns]
    heatmap(left, shares.reindex(index=rows, columns=columns), 100, lambda row, column: row == column, labels)
    image = heatmap(right, own, 100, lambda _, name: name == DIFFERENCE, ["own difference", *own.columns[1:]])
    figure.colorbar(image, ax=[left, right], shrink=0.5, aspect=25, label="answers with such a word (%)")
    called = ["base model" if name == BASE else names.run_label(name) for name in rows]
    left.set_yticks(range(len(rows)), called, fontsize=SMALL)
    left.set_ylabel("model that answers")
    left.set_xlabel("steered with the difference of")
    for axes, title in zip((left, right), TITLES, strict=True):
        axes.set_title(title, loc="left")
    random = table.loc[(table["words"] == VECTORS) & (table["vector"] == "random"), "value"].mean()
    caption(
        figure,
        f"Every model on {names.display(names.MODELS, str(table['model'].iloc[0]))} is steered with every organism's "
        "difference, each at the position and strength of that organism's own answers, and with a random direction of "
        f"the same norm beside it; n = {table['n'].max():.0f} everyday questions a cell. Left: answers with a domain "
        "word of the organism whose difference it is (lexical judge); framed: its own model. By random directions, "
        f"{100 * random:.1f}% on average. Mean over false facts' differences, with t intervals over organisms: "
        f"{_means(relations, 'SDF')}. Right: answers with a word of the model's own organism; framed: own difference.",
    )
    return figure
