"""What the figures of the ablations share: a column a type, a line an organism, and the parts of captions."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.transforms import ScaledTranslation

from paper_replication import names
from paper_replication.figures import marks
from paper_replication.figures.rows import first_model
from paper_replication.figures.style import WIDTH
from paper_replication.trace_contrasts import paired_mean

MARKERS = ("o", "s", "^", "D", "v", "P")
MEAN = "mean, 95% interval"
THIN = {"lw": 0.7, "ms": 2.6, "alpha": 0.6}
# Inches by which a null's shares stand right of their place: in steps of a token, an organism's mark would cover them.
ASIDE = 0.035
Place = Callable[[pd.DataFrame], np.ndarray]


def families(table: pd.DataFrame) -> dict[str, str]:
    """The type of every organism; of a matched null that of the organism whose description judges it.

    Args:
        table: relevance, one row or more an organism, with `judged_as`.
    """
    runs = table.drop_duplicates("organism").set_index("organism")
    kinds = runs["organism_type"]
    return {
        name: kind if kind != "control" else kinds.get(runs["judged_as"][name], kind) for name, kind in kinds.items()
    }


def largest(table: pd.DataFrame, readout: str) -> pd.DataFrame:
    """The first model's rows of a readout's largest relevance over positions."""
    return first_model(table[(table["over"] == "largest") & (table["readout"] == readout)])


class Grid:
    """Panels of a figure: a column a type of organisms, a row whatever is measured.

    Args:
        table: relevance, by which organisms have their columns (`families`).
        rows: how many rows of panels.
        height: of the figure, in inches.
        common: whether all rows have the same x axis; otherwise all panels of a row have.
    """

    def __init__(self, table: pd.DataFrame, rows: int, height: float, common: bool = True) -> None:
        self.family = families(table)
        self.types = [kind for kind in names.TYPES if kind in self.family.values()]
        # The last row is for legends.
        self.figure, panels = plt.subplots(
            rows + 1,
            len(self.types),
            figsize=(WIDTH, height),
            height_ratios=[*[height / rows] * rows, 1],
            sharex=common or "row",
            sharey="row",
            squeeze=False,
            layout="constrained",
        )
        self.panels, self._legends = panels[:-1], panels[-1]
        # The highest relevance of each row so far, in per cent.
        self._tops = [10.0] * rows
        self.nulls = set(table.loc[table["organism_type"] == "control", "organism"])
        for axes, kind in zip(self.panels[0], self.types, strict=True):
            axes.set_title(f"{kind} ({len(self.organisms(kind))})", loc="left")
        for axes in self.panels[-1]:
            axes.tick_params(labelbottom=True)

    def members(self, kind: str) -> list[str]:
        """The organisms of a type, and then its nulls."""
        found = [name for name, family in self.family.items() if family == kind]
        return sorted(found, key=lambda name: name in self.nulls)

    def organisms(self, kind: str) -> list[str]:
        """The organisms of a type without its nulls."""
        return [name for name in self.members(kind) if name not in self.nulls]

    def style(self, kind: str, name: str) -> dict[str, object]:
        """A line's colour and marker: a type's colour, a marker an organism; grey and dashed for a null."""
        if name in self.nulls:
            return {"color": names.TYPE_COLOURS["control"], "marker": "x", "ls": "--"}
        place = self.organisms(kind).index(name)
        return {"color": names.TYPE_COLOURS[kind], "marker": MARKERS[place % len(MARKERS)], "ls": "-"}

    def lines(
        self,
        row: int,
        table: pd.DataFrame,
        place: Place,
        column: str,
        scale: float = 1.0,
        limits: tuple[float, float] = (-np.inf, np.inf),
        aside: float = 0.0,
        each: bool = True,
        **more: str,
    ) -> float:
        """A thin line an organism, and the mean of a type's with Student's 95% intervals over them.

        Args:
            row: of panels.
            table: one row an organism and condition.
            place: where rows stand on x.
            column: what stands on y.
            scale: what it is multiplied by.
            limits: where intervals are cut, at what values cannot exceed.
            aside: by how many inches nulls stand right of their place.
            each: whether organisms of a type that has a mean are drawn, and its nulls.
            more: in the place of the lines' own style.

        Returns:
            The largest y that is drawn, ends of intervals included.
        """
        rows = table.assign(x=place(table), y=scale * table[column]).dropna(subset=["y"]).sort_values("x")
        highest = [rows["y"].max()]
        for axes, kind in zip(self.panels[row], self.types, strict=True):
            known = set(axes.get_legend_handles_labels()[1])
            several = self.organisms(kind)
            for name in self.members(kind) if each or len(several) == 1 else ():
                # A null is judged as each organism that it goes with.
                own = rows[rows["organism"] == name].groupby("x", as_index=False)["y"].mean()
                label = names.run_label(name)
                style = THIN | self.style(kind, name) | more | ({} if label in known else {"label": label})
                if name in self.nulls:
                    style["transform"] = axes.transData + ScaledTranslation(aside, 0, self.figure.dpi_scale_trans)
                axes.plot(own["x"], own["y"], **style)
            if len(several) > 1:
                style = {"color": names.TYPE_COLOURS[kind]} | more | ({} if MEAN in known else {"label": MEAN})
                highest.append(_mean(axes, rows[rows["organism"].isin(several)], limits, style))
        return float(max(highest))

    def relevance(
        self,
        row: int,
        table: pd.DataFrame,
        readout: str,
        place: Place,
        reported: tuple[float, float],
        **more: str,
    ) -> None:
        """Relevance in per cent, largest over positions, in a row of panels of its own.

        Args:
            row: see `lines`.
            table: see `lines`.
            readout: by which it was read.
            place: see `lines`.
            reported: from where to where on x the paper's values are: nan where it has none.
            more: see `lines`.
        """
        shares = largest(table, readout)
        highest = self.lines(row, shares, place, "relevant_fraction", 100, (0, 100), ASIDE, **more)
        self._tops[row] = max(self._tops[row], highest)
        top = min(105.0, 1.05 * self._tops[row])
        first = self.panels[row][0]
        first.set_ylim(-0.05 * top, top)
        if readout == "patchscope" and table["judge"].iloc[0] != marks.NO_JUDGE:
            for axes in self.panels[row]:
                low, high = (100 * share for share in names.REPORTED_BAND)
                axes.fill_between(reported, low, high, color="0.94", linewidth=0, zorder=-1)
        first.set_ylabel(f"{names.READOUTS[readout]},\nrelevant (%)", fontsize=7)

    def ticks(self, places: list[float], labels: list[str], label: str, row: int = -1, **text: object) -> None:
        """The x axis of a row: of the last, where all have one in common."""
        for axes in self.panels[row]:
            axes.set_xticks(places, labels, **text)
            axes.set_xlabel(label, fontsize=7)

    def finish(self) -> None:
        """Which line is which, below each column."""
        for axes, legend in zip(self.panels[0], self._legends, strict=True):
            legend.axis("off")
            legend.legend(
                *axes.get_legend_handles_labels(), loc="upper left", fontsize=6.5, borderpad=0, borderaxespad=0
            )


def _mean(axes: Axes, rows: pd.DataFrame, limits: tuple[float, float], style: dict[str, object]) -> float:
    """Draw means with intervals, cut where nothing can be, and return the largest end of these."""
    found = [(x, *paired_mean(group["y"].to_numpy(dtype=float))) for x, group in rows.groupby("x")]
    x, mean, low, high = np.array(found).T
    low, high = np.maximum(low, limits[0]), np.minimum(high, limits[1])
    # Few organisms that read the same, in steps of a token, are no sign of certainty.
    low, high = (np.where(high > low, ends, np.nan) for ends in (low, high))
    look = {"lw": 1.8, "elinewidth": 0.9, "capsize": 2, "marker": "_" if style.get("ls") == "none" else ""}
    axes.errorbar(x, mean, yerr=[mean - low, high - mean], **look | style)
    return float(np.nanmax([*mean, *high]))


def source(table: pd.DataFrame, corpus: str) -> str:
    """The caption's part on model, corpus and judge."""
    model = names.display(names.MODELS, str(table["model"].iloc[0]))
    judge = names.display(names.JUDGES, str(table["judge"].iloc[0]))
    seed = int(table["seed"].iloc[0])
    return f"{model}, seed {seed}; unrelated documents: {names.display(names.CORPORA, corpus)}; judge: {judge}"


def drawn(table: pd.DataFrame) -> str:
    """The caption's part on lines, their mean and its intervals."""
    return (
        "Thin: one organism each; thick: their mean with Student's 95% interval over organisms, cut where values end "
        "(none where all are equal). Dashed: matched null, mean of what it reads judged as each organism that it goes "
        "with, without an interval (of relevance a little to the right). One list of "
        f"{int(table['n_tokens'].iloc[0])} tokens a point (Wilson's intervals are in the table). "
        f"Grey, where the paper has values: {marks.REPORTED_BAND_LABEL}."
    )


def apart(fewer: str = "scales and documents") -> str:
    """The caption's part on what keeps the ablations apart from the main figures: of what they have fewer."""
    return f"Fewer {fewer} than in the main figures, so that values differ from theirs; of controls the null alone."
