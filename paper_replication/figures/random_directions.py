"""Figure: answers by the difference among those by many random directions."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.rows import borders, first_model, in_type_order
from paper_replication.figures.style import WIDTH, caption
from paper_replication.random_directions import DIFFERENCE

# Of each measure: what its values are multiplied by, and the label of its axis.
PANELS = {
    "cosine": (1, "cosine with the finetuning texts"),
    "words": (100, "answers with a domain word (%)"),
}
SPREAD = 0.3
# Hollow, so that what lies below it is seen.
OWN = {"color": names.VERMILION, "mfc": "none", "mew": 1.3}


def _panel(axes: Axes, rows: pd.DataFrame, organisms: list[str], measure: str) -> None:
    """The difference and its random directions, one row an organism."""
    scale, label = PANELS[measure]
    for place, organism in enumerate(organisms):
        own = rows[rows["organism"] == organism].set_index("direction")[measure].dropna() * scale
        random = own.drop(DIFFERENCE, errors="ignore").to_numpy(dtype=float)
        y = place + np.linspace(-SPREAD, SPREAD, len(random)) if len(random) > 1 else np.full(len(random), place)
        first = {"label": "random directions"} if place == 0 else {}
        axes.plot(random, y, "o", color=names.GREY, ms=2.5, alpha=0.7, mew=0, **first)
        first = {"label": "difference"} if place == 0 else {}
        axes.plot(own[own.index == DIFFERENCE], [place] * int(DIFFERENCE in own.index), "o", **OWN, **first)
    axes.set_xlabel(label)


def draw(table: pd.DataFrame, contrasts: pd.DataFrame) -> Figure:
    """A row an organism, a panel a measure.

    Args:
        table: `random_directions`, of which the first model is drawn.
        contrasts: `random_directions.type_contrasts`.
    """
    rows = in_type_order(first_model(table))
    organisms = list(dict.fromkeys(rows["organism"]))
    size = (WIDTH, 1.6 + 0.22 * len(organisms))
    figure, panels = plt.subplots(1, len(PANELS), figsize=size, sharey=True, layout="constrained")
    for axes, measure in zip(panels, PANELS, strict=True):
        _panel(axes, rows, organisms, measure)
        borders(axes, rows)
    panels[0].set_yticks(range(len(organisms)), [names.run_label(name) for name in organisms])
    panels[0].set_ylim(len(organisms) - 0.5, -0.5)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    directions = rows.groupby("organism")["direction"].nunique().max() - 1
    means = first_model(contrasts).query("organism_type == 'SDF' and measure == 'cosine'")
    told = "".join(
        f" Over false facts the difference is {row.contrast:.2f} [{row.ci_low:.2f}, {row.ci_high:.2f}] above their "
        "mean in cosine (t interval over organisms)."
        for row in means.dropna(subset="ci_low").itertuples()
    )
    caption(
        figure,
        f"Answers on {names.display(names.MODELS, str(rows['model'].iloc[0]))} to n = {rows['n'].max():.0f} everyday "
        f"questions, steered by the difference (sampled anew) and by {directions} random directions of its norm, at "
        "the position of its best answers and with its strength. Left: mean cosine of sentence embeddings with the "
        "model's own finetuning texts; right: domain words of its organism (lexical judge), where it has any. Dots are "
        f"directions, spread in height to be seen, without intervals.{told}",
    )
    return figure
