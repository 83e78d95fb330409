"""Figure: Patchscope token relevance on each family of models, of the difference and its controls."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures import marks
from paper_replication.figures.style import WIDTH, caption
from paper_replication.trace_contrasts import paired_mean

BAR = 0.8 / len(names.VECTORS)


def _bars(axes: Axes, rows: pd.DataFrame, organisms: pd.DataFrame, models: list[str], place: int, vector: str) -> None:
    """One vector's bar on every model, with Student's interval over its organisms, and a dot for each of these."""
    found = rows[rows["vector"] == vector].set_index("model").reindex(models)
    x = np.arange(len(models)) + (place - (len(names.VECTORS) - 1) / 2) * BAR
    value = 100 * found["mean"].to_numpy(dtype=float)
    hatch = {"hatch": marks.VECTOR_HATCHES[vector], "edgecolor": "white", "linewidth": 0}
    axes.bar(x, value, BAR * 0.92, color=names.VECTOR_COLOURS[vector], label=names.VECTORS[vector], **hatch)
    for centre, model in zip(x, models, strict=True):
        chosen = organisms[(organisms["model"] == model) & (organisms["vector"] == vector)]
        dots = 100 * chosen["relevant_fraction"].to_numpy(dtype=float)
        if len(dots) > 1:
            # The table has the bootstrap's interval, which is too narrow for so few.
            mean, low, high = paired_mean(dots)
            low = max(low, 0)
            style = {"fmt": "none", "ecolor": "black", "elinewidth": 0.8, "capsize": 1.5}
            axes.errorbar(centre, mean, yerr=[[mean - low], [high - mean]], **style)
        spread = np.linspace(-0.25, 0.25, len(dots)) * BAR if len(dots) > 1 else np.zeros(len(dots))
        axes.plot(centre + spread, dots, "o", ms=2.3, mfc="white", mec="black", mew=0.6, ls="none")


def _above(organisms: pd.DataFrame, models: list[str]) -> str:
    """By how much the difference lies above the finetuned mean on every model, in points, with Student's interval."""
    shares = 100 * organisms.pivot(index=["model", "organism"], columns="vector", values="relevant_fraction")
    told = []
    for model in models:
        above = (shares["difference"] - shares["finetuned_mean"])[model].to_numpy()
        mean, low, high = paired_mean(above)
        interval = f" [{low:.0f}, {high:.0f}]" if len(above) > 1 else ""
        told.append(f"{names.display(names.MODELS, model)} {mean:.0f}{interval}")
    return ", ".join(told)


def draw(table: pd.DataFrame, organisms: pd.DataFrame, corpus: str) -> Figure:
    """One group of bars a model, one bar a vector.

    Args:
        table: `families`: mean over organisms and its interval, one row a model and vector.
        organisms: `families_organisms`: the same of each organism, drawn as dots.
        corpus: whose documents delta was measured on.
    """
    rows = table[(table["corpus"] == corpus) & (table["readout"] == "patchscope")]
    dots = organisms[(organisms["corpus"] == corpus) & (organisms["readout"] == "patchscope")]
    models = [name for name in names.MODELS if name in set(rows["model"])]
    models += [name for name in rows["model"].unique() if name not in models]
    figure, axes = plt.subplots(figsize=(WIDTH, 3.4), layout="constrained")
    for place in range(len(models)):
        # Of the difference, the first bar of each group.
        marks.reported_band(
            axes, label="_" if place else marks.REPORTED_BAND_LABEL, along=(place - 0.4, place - 0.4 + BAR)
        )
    for place, vector in enumerate(names.VECTORS):
        _bars(axes, rows, dots, models, place, vector)
    counts = rows.groupby("model")["n_organisms"].max()
    labels = [f"{names.display(names.MODELS, model)}\n(n = {counts[model]})" for model in models]
    axes.set_xticks(range(len(models)), labels)
    axes.set_ylabel("relevant tokens (%)")
    axes.set_ylim(-1.5, max(85, 105 * dots["relevant_fraction"].max()))
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    judge = names.display(names.JUDGES, str(rows["judge"].iloc[0]))
    caption(
        figure,
        "Token relevance (Patchscope) on families of models: mean over organisms made of documents (n; dots, one "
        "training seed each) of the largest share over positions. Delta over "
        f"{names.display(names.CORPORA, corpus)}; judge: {judge}. Error bars: 95%, Student's t over "
        "organisms, cut at 0. Difference minus finetuned mean, paired by organism, in points: "
        f"{_above(dots, models)}. {marks.REPORTED_MEANS}.",
    )
    return figure
