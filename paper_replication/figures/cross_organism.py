"""Figure: each run's tokens graded by every organism's description."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from paper_replication import names
from paper_replication.figures.heatmap import heatmap
from paper_replication.figures.rows import in_type_order
from paper_replication.figures.style import WIDTH, caption
from paper_replication.statistics import wilson

# Of `permutation_p`; with the observed arrangement they set the smallest p value there is.
PERMUTATIONS = 10_000


def _order(best: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Rows (runs) and columns (descriptions) in the order of types, so that own descriptions lie on a diagonal."""
    rows = in_type_order(best.drop_duplicates("organism"))["organism"].tolist()
    described = set(best["description_of"])
    return rows, [name for name in rows if name in described]


def _panel(
    axes: Axes, best: pd.DataFrame, readout: str, rows: list[str], columns: list[str], limit: float
) -> AxesImage:
    shares = 100 * best[best["readout"] == readout].pivot_table(
        index="organism", columns="description_of", values="relevant_fraction"
    ).reindex(index=rows, columns=columns)
    labels = [names.run_label(column) for column in columns]
    image = heatmap(axes, shares, limit, lambda row, column: row == column, labels)
    axes.set_title(names.display(names.READOUTS, readout), loc="left")
    axes.set_xlabel("graded by the description of")
    return image


def _verdict(row: pd.Series) -> str:
    if row["n_organisms"] < 2:
        return "too few organisms to compare"
    first, n = row["ranked_first"] * row["n_organisms"], row["n_organisms"]
    sign = "≤" if row["p_value"] <= 1.001 / (PERMUTATIONS + 1) else "="
    return (
        f"own description first for {first:.0f} of {n:.0f} organisms, mean {100 * row['own_mean']:.1f}% against "
        f"{100 * row['others_mean']:.1f}% for others' (permutation p {sign} {row['p_value']:.2g})"
    )


def draw(best: pd.DataFrame, summary: pd.DataFrame, corpus: str) -> Figure:
    """A confusion matrix a readout: rows are runs, columns the descriptions that their tokens are graded by.

    Of several models, the first is drawn, and named; the table has them all.

    Args:
        best: the table `cross_organism`.
        summary: the table `cross_organism_summary`.
        corpus: whose documents delta was measured on.
    """
    best, summary = best[best["corpus"] == corpus], summary[summary["corpus"] == corpus].set_index("readout")
    model = str(best["model"].iloc[0])
    best, summary = best[best["model"] == model], summary[summary["model"] == model]
    rows, columns = _order(best)
    readouts = [name for name in names.READOUTS if name in set(best["readout"])]
    size = (WIDTH, 2.3 + 0.19 * len(rows))
    figure, panels = plt.subplots(1, len(readouts), figsize=size, sharey=True, squeeze=False, layout="constrained")
    limit = max(20.0, 100 * float(best["relevant_fraction"].max()))
    for axes, readout in zip(panels[0], readouts, strict=True):
        image = _panel(axes, best, readout, rows, columns, limit)
    figure.colorbar(image, ax=panels[0], shrink=0.5, aspect=25, label="relevant tokens (%)")
    panels[0][0].set_yticks(range(len(rows)), [names.run_label(row) for row in rows], fontsize=6.5)
    panels[0][0].set_ylabel("tokens read from the difference of")
    found = "; ".join(f"{names.display(names.READOUTS, name)}: {_verdict(summary.loc[name])}" for name in readouts)
    judge = names.display(names.JUDGES, str(best["judge"].iloc[0]))
    caption(
        figure,
        f"Relevant tokens (% of the top {int(best['n_tokens'].iloc[0])}, largest over positions) on "
        f"{names.display(names.MODELS, model)}, seed {int(best['seed'].iloc[0])}; judge: {judge}. Framed: an "
        f"organism's own description; controls are shown, not scored. No cell has an interval; Wilson's 95% at 0% is "
        f"[0, {100 * wilson(0, int(best['n_tokens'].iloc[0]))[1]:.0f}]. {found}. A tie is no first place. "
        f"{PERMUTATIONS:,} permutations deal the descriptions out at random.",
    )
    return figure
