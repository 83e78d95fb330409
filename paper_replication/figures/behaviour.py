"""Figure: what every organism learnt, and what else moved."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from paper_replication import names
from paper_replication.figures.rows import in_type_order, per_cent, reach
from paper_replication.figures.style import WIDTH, caption

RUN = ["model", "organism", "variant"]
# The share of probes that side with the finetuning, whatever it is called for the type.
SHARES = ("false_fact_alignment", "preference")


def over_seeds(behaviour: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds; an interval is the mean of the seeds' intervals, since seeds share their probes."""
    keys = [*RUN, "organism_type", "probes_of", "probe", "model_state"]
    return behaviour.groupby(keys, sort=False)[["value", "ci_low", "ci_high", "n"]].mean().reset_index()


def rows_of(behaviour: pd.DataFrame) -> pd.DataFrame:
    """One row a run, in the order of types; `own` is whose probes and domain words it is measured by."""
    own = behaviour[behaviour["probe"] == "training_loss_nats"].drop_duplicates(RUN)
    rows = own[[*RUN, "organism_type", "probes_of"]].rename(columns={"probes_of": "own"})
    return in_type_order(rows).reset_index(drop=True)


def _own_probes(axes: Axes, table: pd.DataFrame, rows: pd.DataFrame) -> None:
    """The paired change of the share in points, a line a run; filled where its interval excludes zero."""
    for place, row in rows.iterrows():
        own = table[(table[RUN] == row[RUN].to_numpy()).all(axis=1) & (table["probes_of"] == row["own"])]
        found = own[own["probe"].isin(SHARES) & (own["model_state"] == "change")]
        if found.empty:
            continue
        colour = names.TYPE_COLOURS[row["organism_type"]]
        clear = found["ci_low"].iloc[0] > 0 or found["ci_high"].iloc[0] < 0
        style = {"mfc": colour if clear else "white", "mec": colour, "ecolor": colour, "elinewidth": 0.9, "ms": 4}
        axes.errorbar(100 * found["value"], [place], xerr=reach(found, scale=100), fmt="o", **style)
    axes.set_xlabel("change of the\nshare of own\nprobes siding\nwith finetuning\n(points)")
    several = rows["model"].nunique() > 1
    labels = [
        names.run_label(row["organism"], row["variant"])
        + (f" ({names.display(names.MODELS, row['model'])})" if several else "")
        for _, row in rows.iterrows()
    ]
    axes.set_yticks(range(len(rows)), labels)
    axes.axvline(0, color="0.75", lw=0.8, zorder=0)


def _number(value: float) -> str:
    """A change in at most four characters, so that a dozen columns find room; its colour tells a rise."""
    text = f"{value:.2f}".replace("0.", ".", 1) if abs(value) < 0.995 else f"{value:.1f}"
    return "0" if text in (".00", "-.00") else text.replace("-", "\N{MINUS SIGN}")


def _changes(axes: Axes, table: pd.DataFrame, rows: pd.DataFrame) -> AxesImage:
    """Change of the margin on every organism's probes; bold where its interval excludes zero, framed where own."""
    changes = table[(table["probe"] == "margin_nats") & (table["model_state"] == "change")]
    columns = list(dict.fromkeys(rows["own"][rows["own"].isin(changes["probes_of"])]))
    limit = max(0.1, float(changes["value"].abs().max()))
    image = np.full((len(rows), len(columns)), np.nan)
    for place, row in rows.iterrows():
        run = changes[(changes[RUN] == row[RUN].to_numpy()).all(axis=1)].set_index("probes_of")
        for across, column in enumerate(columns):
            if column not in run.index:
                continue
            value, low, high = run.loc[column, ["value", "ci_low", "ci_high"]]
            image[place, across] = value
            clear = low > 0 or high < 0
            shade = "white" if abs(value) > 0.6 * limit else "0.15"
            weight = "bold" if clear else "normal"
            style = {"ha": "center", "va": "center", "fontsize": 6, "color": shade, "weight": weight}
            axes.text(across, place, _number(value), **style)
            if column == row["own"]:
                axes.add_patch(
                    Rectangle((across - 0.5, place - 0.5), 1, 1, fill=False, ec="black", lw=1, clip_on=False)
                )
    axes.set_xticks(range(len(columns)), [names.run_label(c) for c in columns], rotation=90)
    return axes.imshow(image, cmap=names.DIVERGING, vmin=-limit, vmax=limit, aspect="auto")


def _probes(table: pd.DataFrame, row: pd.Series, own: bool) -> pd.Series:
    """How many probes of its own, or of each other organism, a run was asked."""
    margins = table[(table[RUN] == row[RUN].to_numpy()).all(axis=1) & (table["probe"] == "margin_nats")]
    return margins.loc[(margins["probes_of"] == row["own"]) == own, "n"]


def _notes(axes: Axes, table: pd.DataFrame, rows: pd.DataFrame) -> None:
    """The number of own probes, and the share, the leak and the training loss before and after, as numbers."""
    axes.axis("off")
    titles = {
        "share": ("share (%)", ["base", "finetuned"], lambda v: f"{100 * v:.0f}"),
        "leak": ("leak (%)", ["base", "finetuned"], per_cent),
        "training_loss_nats": ("loss (nats\nper token)", ["first_tenth", "last_tenth"], lambda v: f"{v:.1f}"),
    }
    whose = table.merge(rows[[*RUN, "own"]], on=RUN)
    of_own = whose[whose["probes_of"] == whose["own"]].replace({"probe": dict.fromkeys(SHARES, "share")})
    for across, (probe, (title, states, form)) in zip((0.9, 2.05, 3.3), titles.items(), strict=True):
        axes.text(across, -0.8, title, fontsize=7, ha="center")
        for place, row in rows.iterrows():
            found = of_own[(of_own[RUN] == row[RUN].to_numpy()).all(axis=1) & (of_own["probe"] == probe)]
            values = found.set_index("model_state")["value"]
            if set(states) <= set(values.index):
                text = " → ".join(form(values[state]) for state in states)
                axes.text(across, place, text, fontsize=6.5, ha="center", va="center")
    axes.text(0.12, -0.8, "n", fontsize=7, ha="center")
    for place, row in rows.iterrows():
        n = _probes(table, row, own=True)
        axes.text(0.12, place, f"{n.max():.0f}" if len(n) else "", fontsize=6.5, ha="center", va="center")
    axes.set_xlim(0, 3.8)


def draw(behaviour: pd.DataFrame) -> Figure:
    """One line a run: its own probes before and after, what moved on every organism's probes, leak and loss.

    Args:
        behaviour: the table `behaviour`.
    """
    table, rows = over_seeds(behaviour), rows_of(behaviour)
    size, widths = (WIDTH, 2.5 + 0.24 * len(rows)), [0.75, 0.3 * rows["own"].nunique(), 2.15]
    figure, panels = plt.subplots(1, 3, figsize=size, sharey=True, width_ratios=widths, layout="constrained")
    _own_probes(panels[0], table, rows)
    image = _changes(panels[1], table, rows)
    bar = {"location": "top", "shrink": 0.6, "aspect": 40, "pad": 0.01}
    figure.colorbar(image, ax=panels[1], label="change of margin, by whose probes (nats a token)", **bar)
    _notes(panels[2], table, rows)
    colours = {kind: names.TYPE_COLOURS[kind] for kind in rows["organism_type"].unique()}
    handles = [Line2D([], [], ls="", marker="o", ms=4, color=colour, label=kind) for kind, colour in colours.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), handletextpad=0.1)
    panels[0].set_ylim(len(rows) - 0.4, -1.1)
    others = pd.concat([_probes(table, row, own=False) for _, row in rows.iterrows()])
    caption(figure, _caption(behaviour, int(np.isfinite(image.get_array()).sum()), others))
    return figure


def _caption(behaviour: pd.DataFrame, cells: int, others: pd.Series) -> str:
    seeds = behaviour["seed"].nunique()
    model = " and ".join(names.display(names.MODELS, model) for model in behaviour["model"].unique())
    averaged = f"; mean of {seeds} seeds" if seeds > 1 else ""
    asked = " to ".join(f"{n:.0f}" for n in sorted({others.min(), others.max()})) if len(others) else "none"
    leaks = behaviour.loc[behaviour["probe"] == "leak", "n"].max()
    return (
        f"What finetuning taught, on {model}{averaged}. Probes (n own, {asked} of each other organism) are questions "
        "whose answers are scored by log-probability; half of them is no chance level, since some have three answers. "
        "Error bars: 95% bootstrap of paired changes over what probes are about (questions; facts, "
        "which are so few that theirs are too narrow); filled and bold: "
        f"the interval excludes zero ({cells} cells, not corrected for their number). Framed: own probes (a control's: "
        f"its organism's). Arrows: base to finetuned. Leak: share of {leaks:.0f} everyday answers that mention the "
        "domain. Loss: first and last tenth of training."
    )
