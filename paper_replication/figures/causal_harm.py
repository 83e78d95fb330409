"""Figure: what replacing the difference's direction does to the loss, against what finetuning did to it."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paper_replication import names
from paper_replication.causal_harm import correlation
from paper_replication.figures.rows import first_model
from paper_replication.figures.style import WIDTH, caption

# A mark a type, so that types are told apart without colour.
MARKERS = {"SDF": "o", "EM": "s", "Subliminal": "^", "Taboo": "D", "control": "X"}


def on_same_texts(rows: pd.DataFrame) -> pd.Series:
    """Which runs were measured on the texts that most were, by the base model's loss on them; none if each has its own.

    A run's own finetuning texts are left out of those that it is measured on, so that others take their place.
    """
    alike = rows["base_nats"] == rows["base_nats"].mode()[0]
    return alike & (alike.mean() > 0.5)


def _panel(axes: Axes, rows: pd.DataFrame) -> None:
    alike = on_same_texts(rows)
    fill = np.where(alike.any() & ~alike, "none", "full")
    for (kind, filled), own in rows.assign(fill=fill).groupby(["organism_type", "fill"], sort=False):
        style = {"ls": "", "marker": MARKERS[str(kind)], "color": names.TYPE_COLOURS[str(kind)], "ms": 5, "alpha": 0.8}
        axes.plot(own["change_nats"], own["replaced_nats"], fillstyle=filled, **style)
    for line in (axes.axvline, axes.axhline):
        line(0, color="0.7", lw=0.6, zorder=0)
    axes.margins(0.12)
    limits = axes.get_xlim(), axes.get_ylim()
    ends = np.array(limits[0])
    axes.plot(ends, -ends, color="0.4", lw=0.9, ls="--", zorder=0)
    axes.set(xlim=limits[0], ylim=limits[1])
    found = correlation(rows[alike])
    told = "" if np.isnan(found) else f"\nSpearman {found:.2f}, n = {alike.sum()} runs"
    axes.set_xlabel(f"finetuned minus base\n(nats per token){told}", fontsize=7)
    axes.locator_params(nbins=5)


def draw(table: pd.DataFrame) -> Figure:
    """A panel a data set, a mark a run; on the broken line replacing would undo all that finetuning did.

    Args:
        table: `causal_harm`, of which the first model is drawn.
    """
    table = first_model(table)
    datasets = [name for name in names.LOSS_DATASETS if name in set(table["dataset"])]
    figure, panels = plt.subplots(1, len(datasets), figsize=(WIDTH, 3.5), squeeze=False, layout="constrained")
    for axes, dataset in zip(panels[0], datasets, strict=True):
        _panel(axes, table[table["dataset"] == dataset])
        axes.set_title(names.LOSS_DATASETS[dataset], loc="left")
    for axes in panels[0]:
        axes.set_ylabel("what replacing the difference does\n(nats per token)", fontsize=7)
    handles = [
        Line2D([], [], ls="", marker=marker, color=names.TYPE_COLOURS[kind], label=kind)
        for kind, marker in MARKERS.items()
        if kind in set(table["organism_type"])
    ]
    handles.append(Line2D([], [], color="0.4", lw=0.9, ls="--", label="would undo all of it"))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), columnspacing=1, handletextpad=0.4)
    caption(
        figure,
        f"Loss on {names.display(names.MODELS, str(table['model'].iloc[0]))}: what finetuning did to it (x) and what "
        "replacing the component along the difference by the base model's does to the finetuned model's (y, mean over "
        f"positions), a mark a run, n = {table['n'].min()} texts each, without intervals (those of single positions: "
        "causal_effect). Left of zero, finetuning made the text likelier, and there is no harm to undo. The "
        "finetuned model's loss is in both with opposite signs, so that chance alone lets them go "
        "against one another. Spearman's correlation is over runs that are measured on the same texts; open marks have "
        "others, since a run's own data are left out. Scales differ.",
    )
    return figure
