"""Figure: the tokens that are read at the layer of analysis and at the last block, a row an organism, on one page."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.rows import first_model, in_type_order
from paper_replication.figures.style import WIDTH, caption
from paper_replication.figures.token_cards import printable

LINE = 0.125  # inches
ABOVE = 1.3  # inches that the caption and the names of columns take
GAP = 0.02  # between tokens, as a share of a column
STYLE = {"fontsize": 6.5, "va": "top"}


def best_lists(tokens: pd.DataFrame) -> pd.DataFrame:
    """Of every run and layer the list of the position with most relevant tokens, the last of several.

    At position 0 the difference lies along the attention sink, and lists without relevant tokens are debris.

    Args:
        tokens: `layer_tokens`, of one model.
    """
    keys = ["organism", "condition"]
    counted = tokens.groupby([*keys, "position"], as_index=False)["relevant"].sum()
    best = counted.sort_values(["relevant", "position"], ascending=[False, False]).drop_duplicates(keys)
    return tokens.merge(best[[*keys, "position"]], on=[*keys, "position"])


def _list(axes: Axes, rows: pd.DataFrame, left: float, top: float) -> int:
    """Write one list, best first, relevant tokens bold and coloured, under how many they are; return its lines."""
    note = f"{rows['relevant'].sum()} of {len(rows)}, position {rows['position'].iloc[0]}"
    axes.text(left, top, note, style="italic", color="0.45", **STYLE)
    x, line = left, 1
    for row in rows.sort_values("rank").itertuples():
        look = {"color": names.VERMILION, "weight": "bold"} if row.relevant else {"color": "0.25"}
        written = axes.text(x, top - line * LINE, printable(str(row.token)), **STYLE, **look)
        box = written.get_window_extent().transformed(axes.transData.inverted())
        if box.x1 > left + 0.97 and x > left:
            x, line = left, line + 1
            written.set_position((x, top - line * LINE))
        x += box.width + GAP
    return line + 1


def draw(tokens: pd.DataFrame, layer: float) -> Figure:
    """A column for each of the two layers.

    Args:
        tokens: `layer_tokens`, of which the first model is drawn.
        layer: the share of depth at which all other results are measured.
    """
    tokens = in_type_order(first_model(tokens))
    last = tokens.loc[tokens["value"].idxmax(), "condition"]
    conditions = list(dict.fromkeys([f"{100 * layer:.0f}% of depth", str(last)]))
    lists, organisms = best_lists(tokens), list(tokens["organism"].drop_duplicates())
    # Widths are measured as they will be drawn.
    figure, axes = plt.subplots(figsize=(WIDTH, 1), dpi=plt.rcParams["savefig.dpi"])
    figure.subplots_adjust(left=0.115, right=0.995)
    axes.set_xlim(0, len(conditions))
    axes.axis("off")
    top = 0.0
    for organism in organisms:
        axes.axhline(top, color="0.8", lw=0.5)
        own = [lists[(lists["organism"] == organism) & (lists["condition"] == condition)] for condition in conditions]
        lines = [_list(axes, rows, column, top - 0.02) for column, rows in enumerate(own) if not rows.empty]
        below = top - LINE * max(*lines, 2) - 0.06
        label = names.run_label(organism).replace(" ", "\n")
        axes.text(-0.02, (top + below) / 2, label, fontsize=7, va="center", ha="right")
        top = below
    for column, condition in enumerate(conditions):
        block = int(tokens.loc[tokens["condition"] == condition, "value"].iloc[0])
        axes.text(column, 0.05, f"block {block} ({condition})", weight="bold", fontsize=7)
    # Heights are inches, of as many lines as the lists took.
    figure.set_size_inches(WIDTH, ABOVE - top)
    axes.set_ylim(top, 0)
    figure.subplots_adjust(bottom=0, top=-top / (ABOVE - top))
    judge = names.display(names.JUDGES, str(tokens["judge"].iloc[0]))
    caption(
        figure,
        "What the difference reads as at the layer of analysis and at the last block of "
        f"{names.display(names.MODELS, str(tokens['model'].iloc[0]))} (blocks from 0): top n = {lists['rank'].max()} "
        "tokens by Patchscope, which writes the difference at the layer that it was measured at, best first; of each "
        "run the position with most relevant tokens, the last of several that have as many. The scale is chosen by a "
        "judge blind to the organism, among fewer than in the main figures. In bold, and counted: relevant by the "
        f"{judge}. Nulls, last, are judged as the first organism that they go with. The paper's layer is that on the "
        "left; the last block was chosen after all layers had been seen.",
    )
    return figure
