"""Figure: how like the finetuning texts steered answers are, beside every control."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures import marks
from paper_replication.figures.heatmap import SMALL
from paper_replication.figures.rows import in_type_order, reach
from paper_replication.figures.style import WIDTH, caption

RUN = ["model", "organism", "organism_type", "variant"]


def _organisms(table: pd.DataFrame) -> pd.DataFrame:
    """Runs in the order of types, one row each."""
    return in_type_order(table[RUN].drop_duplicates())


def best_positions(table: pd.DataFrame) -> pd.DataFrame:
    """Each group at the position of its largest value, means over seeds."""
    keys = [*RUN, "seed", "group"]
    best = table.sort_values("value", ascending=False, kind="stable").drop_duplicates(keys)
    return best.groupby([*RUN, "group"], sort=False)[["value", "ci_low", "ci_high", "n"]].mean().reset_index()


def _dots(axes: Axes, rows: pd.DataFrame, key: str, labels: dict[str, str], runs: pd.DataFrame) -> None:
    """One dot with its interval a run and name, dodged so that none hides another."""
    shown = [name for name in labels if name in set(rows[key])]
    for place, name in enumerate(shown):
        found = rows[rows[key] == name].set_index(RUN).reindex(pd.MultiIndex.from_frame(runs))
        y = np.arange(len(runs)) + (place - (len(shown) - 1) / 2) * 0.8 / len(shown)
        marker, fill = marks.GROUP_MARKERS[name]
        style = {"fmt": marker, "fillstyle": fill, "markerfacecoloralt": "white", "ms": 4, "mew": 0.8}
        style |= {"color": names.GROUP_COLOURS[name], "elinewidth": 0.8, "capsize": 1}
        axes.errorbar(found["value"], y, xerr=reach(found), label=labels[name], **style)
        for missing in y[found["value"].isna()] if name == "Null-FT" else []:
            look = {"fontsize": SMALL, "color": "0.4", "va": "top", "transform": axes.get_yaxis_transform()}
            axes.text(0.01, missing, "no null", **look)
    for y in range(len(runs) - 1):
        axes.axhline(y + 0.5, color="0.93", lw=0.6, zorder=0)


def draw(table: pd.DataFrame, contrasts: pd.DataFrame) -> Figure:
    """Similarities of every group on the left, steered answers less each other group on the right.

    Args:
        table: `steering_similarity`, one row a run, position and group.
        contrasts: `steering_similarity_contrasts`, one row a run and other group.
    """
    runs = _organisms(table)
    best = best_positions(table)
    paired = contrasts.groupby([*RUN, "minus"], sort=False)[["value", "ci_low", "ci_high"]].mean().reset_index()
    size = (WIDTH, 2.1 + 0.5 * len(runs))
    figure, (left, right) = plt.subplots(
        1, 2, figsize=size, sharey=True, layout="constrained", gridspec_kw={"width_ratios": [3, 2]}
    )
    _dots(left, best, "group", marks.GROUPS, runs)
    _dots(right, paired, "minus", {name: f"minus {label}" for name, label in marks.GROUPS.items()}, runs)
    several = table["model"].nunique() > 1
    ticks = [
        names.run_label(run.organism, run.variant) + (f"\n{names.display(names.MODELS, run.model)}" if several else "")
        for run in runs.itertuples()
    ]
    left.set_yticks(range(len(runs)), ticks)
    left.set_ylim(len(runs) - 0.45, -0.55)
    right.axvline(0, color="0.4", lw=0.8)
    left.set_xlabel("mean cosine of sentence embeddings")
    left.set_title("Similarity", loc="left")
    right.set_xlabel("difference of mean cosines")
    right.set_title("Steered-FT minus the others", loc="left")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    model = " and ".join(names.display(names.MODELS, model) for model in table["model"].unique())
    answers, seeds = best.loc[best["group"] != "FT-FT", "n"], table["seed"].nunique()
    n = " to ".join(str(int(number)) for number in sorted({answers.min(), answers.max()}))
    texts = " to ".join(str(int(n)) for n in sorted(set(table.loc[table["group"] == "FT-FT", "n"].agg(["min", "max"]))))
    caption(
        figure,
        f"Steered answers of {model} against n = {texts} finetuning texts (FT; circles) and ordinary chat (squares), "
        f"mean cosine over all pairs: each steered group at its best of {int(table['position'].max()) + 1} positions, "
        f"a choice that no interval covers, n = {n} answers each, {seeds} training seed{'s' * (seeds > 1)}. Error "
        "bars: 95% bootstrap over texts, on the right paired over prompts. Controls, of the difference's norm: one "
        "random direction a position, whose choice no interval covers (more: random_directions), and the matched "
        "null's difference. The Chat groups are no controls of that kind: they say "
        "how like ordinary chat answers are.",
    )
    return figure
