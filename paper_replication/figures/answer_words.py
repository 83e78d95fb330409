"""Figure: which organisms' domain words steered answers have."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.heatmap import SMALL, heatmap
from paper_replication.figures.rows import first_model, in_type_order
from paper_replication.figures.style import WIDTH, caption

STEERED = "difference"
TITLES = ("Steered by the difference", "Own words")
# What is compared with the difference comes after it.
VECTORS = {
    STEERED: "difference",
    "base_difference": "difference, base model",
    "random": "random direction",
    "base_random": "random, base model",
    "null_difference": "null's difference",
    "unsteered": "unsteered",
}


def draw(table: pd.DataFrame) -> Figure:
    """A matrix of runs steered by their difference and organisms whose words are counted; beside it, controls.

    Args:
        table: `answer_words`, of which the first model is drawn.
    """
    table = in_type_order(first_model(table))
    table = table.assign(share=100 * table["value"])
    rows = table["organism"].drop_duplicates().tolist()
    described = [name for name in rows if name in set(table["words_of"])]
    steered = table[table["vector"] == STEERED].pivot_table(index="organism", columns="words_of", values="share")
    own = table[table["organism"] == table["words_of"]]
    vectors = [name for name in VECTORS if name in set(table["vector"])]
    own = own.pivot_table(index="organism", columns="vector", values="share")
    size, ratios = (WIDTH, 2.4 + 0.2 * len(rows)), [len(described), len(vectors)]
    figure, (left, right) = plt.subplots(1, 2, figsize=size, width_ratios=ratios, sharey=True, layout="constrained")
    labels = [names.run_label(name) for name in described]
    matrix = steered.reindex(index=rows, columns=described)
    heatmap(left, matrix, 100, lambda row, column: row == column, labels)
    called = [VECTORS[name] for name in vectors]
    image = heatmap(right, own.reindex(index=rows, columns=vectors), 100, lambda _, name: name == STEERED, called)
    figure.colorbar(image, ax=[left, right], shrink=0.5, aspect=25, label="answers with a domain word (%)")
    left.set_yticks(range(len(rows)), [names.run_label(row) for row in rows], fontsize=SMALL)
    left.set_ylabel("model that answers")
    left.set_xlabel("domain words of")
    for axes, title in zip((left, right), TITLES, strict=True):
        axes.set_title(title, loc="left")
    caption(
        figure,
        f"Answers on {names.display(names.MODELS, str(table['model'].iloc[0]))} to n = {table['n'].max():.0f} everyday "
        "questions that have a domain word of an organism, as each organism's file lists them (lexical judge). Left: "
        "steered by the model's own difference; framed: by its own words; others are what the words occur in anyway. "
        "Right: by its own words, for what the model, or the base model in its place, is steered with: all at the "
        "position whose answers by the difference are most like the finetuning texts, with its strength and norm. "
        "Wilson's 95% intervals are in the table. Rows without a frame are controls without words of their own.",
    )
    return figure
