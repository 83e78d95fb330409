"""The chain of a result as a drawing: one box a step, from raw inputs on the left to the result on the right."""

import textwrap
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Patch

from paper_replication.errors import UserError
from paper_replication.figures.style import PDF_METADATA, PNG_METADATA, house_style
from paper_replication.names import STEP_KIND_COLOURS, STEP_KINDS
from paper_replication.provenance.chain import Chain

METADATA = {".svg": {"Date": None, "Creator": None}, ".pdf": PDF_METADATA, ".png": PNG_METADATA}
COLUMN, ROW = 1.5, 0.65  # inches between the centres of boxes
BOX = (1.2, 0.45)  # inches
CHARACTERS = 22  # that fit into a box
SWEEPS = 4


@dataclass
class Box:
    """All jobs of one step, or all raw inputs of one folder.

    Attributes:
        kind: a key of names.STEP_KINDS.
        below: the names of the boxes that it consumed from.
    """

    name: str
    kind: str = "raw"
    jobs: int = 0
    seconds: float = 0.0
    below: set[str] = field(default_factory=set)

    @property
    def label(self) -> str:
        """What is written in the box."""
        if self.kind == "raw":
            return self.name
        name = textwrap.fill(self.name.replace("_", " "), CHARACTERS)
        return f"{name}\n{self.jobs} {'job' if self.jobs == 1 else 'jobs'}, {self.seconds:.0f} s"


def kind_of(outputs: list[str]) -> str:
    """What kind of result a step's outputs are, as their paths say."""
    first = Path(outputs[0])
    if first.parts[0] == "figures":
        return "figure" if first.suffix in {".pdf", ".png"} else "table"
    if first.name == "adapter":
        return "adapter"
    if first.name in ("dataset.jsonl", "mixed.jsonl"):
        return "documents"
    if "steering" in first.parts:
        return "steering"
    made_from_sources = {"sources", "corpora"} & {*first.parts} or first.parts[-2:] == ("base", "model")
    return "source" if made_from_sources else "measurement"


def boxes_of(chain: Chain) -> dict[str, Box]:
    """Jobs of a chain gathered by step, and raw inputs by folder."""
    boxes: dict[str, Box] = {}
    for job, record in chain.jobs.items():
        name = record["rule"]
        box = boxes.setdefault(name, Box(name, kind_of(chain.outputs_of(job))))
        box.jobs += 1
        box.seconds += record["context"]["seconds"]
        for path in chain.inputs_of(job):
            maker = chain.makers[path]
            below = Path(path).parent.as_posix() if maker is None else chain.jobs[maker]["rule"]
            if maker is None:
                boxes.setdefault(below, Box(below))
            if below != name:
                box.below.add(below)
    return boxes


def _columns(boxes: dict[str, Box]) -> dict[str, int]:
    """Columns so that each box is right of all that it consumed from, save where steps feed one another."""
    columns: dict[str, int] = {}

    def place(name: str, waiting: tuple[str, ...]) -> int:
        if name not in columns:
            below = [place(other, (*waiting, name)) for other in sorted(boxes[name].below) if other not in waiting]
            columns[name] = 1 + max(below, default=-1)
        return columns[name]

    for name in sorted(boxes):
        place(name, ())
    return columns


def layout(boxes: dict[str, Box]) -> dict[str, tuple[float, float]]:
    """Where each box's centre is, in inches; boxes are moved near those that they are joined to."""
    rows = defaultdict(list)
    for name, column in sorted(_columns(boxes).items()):
        rows[column].append(name)
    at = {name: (column * COLUMN, -place * ROW) for column, names in rows.items() for place, name in enumerate(names)}
    joined = defaultdict(set)
    for name, box in boxes.items():
        for below in box.below:
            joined[name].add(below)
            joined[below].add(name)
    tallest = max(map(len, rows.values()))
    for _ in range(SWEEPS):
        for column, names in sorted(rows.items()):
            near = {name: sum(at[other][1] for other in joined[name]) / max(1, len(joined[name])) for name in names}
            names.sort(key=lambda name: (-near[name], name))
            top = (tallest - len(names)) / 2
            at |= {name: (column * COLUMN, -(top + place) * ROW) for place, name in enumerate(names)}
    return at


def draw_graph(chain: Chain) -> Figure:
    """Draw a chain: boxes are steps, with their number of jobs and seconds in all; arrows are what was consumed."""
    boxes = boxes_of(chain)
    at = layout(boxes)
    width, height = (max(abs(place[axis]) for place in at.values()) + (COLUMN, 2 * ROW)[axis] for axis in (0, 1))
    figure = plt.figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(-COLUMN / 2, width - COLUMN / 2)
    axes.set_ylim(ROW - height, ROW)
    for name, box in sorted(boxes.items()):
        for below in sorted(box.below):
            _arrow(axes, at[below], at[name])
        _box(axes, at[name], box)
    kinds = [kind for kind in STEP_KINDS if kind in {box.kind for box in boxes.values()}]
    handles = [Patch(facecolor="white", edgecolor=STEP_KIND_COLOURS[kind], label=STEP_KINDS[kind]) for kind in kinds]
    axes.legend(handles=handles, loc="upper left", ncols=len(kinds), fontsize=7, frameon=False)
    return figure


def _box(axes: Axes, centre: tuple[float, float], box: Box) -> None:
    corner, colour = (centre[0] - BOX[0] / 2, centre[1] - BOX[1] / 2), STEP_KIND_COLOURS[box.kind]
    style = {"boxstyle": "round,pad=0,rounding_size=0.06", "facecolor": "white", "edgecolor": colour, "linewidth": 1.5}
    axes.add_patch(FancyBboxPatch(corner, *BOX, zorder=2, **style))
    axes.text(*centre, box.label, ha="center", va="center", fontsize=6, zorder=3)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    style = {"arrowstyle": "-|>", "color": "#BBBBBB", "linewidth": 0.6, "shrinkA": 0, "shrinkB": 0}
    start, end = (start[0] + BOX[0] / 2, start[1]), (end[0] - BOX[0] / 2, end[1])
    axes.annotate("", end, start, arrowprops=style, zorder=1)


def check_suffix(path: Path) -> None:
    """See that a chain can be drawn to a file of this name: a UserError says how it must end."""
    if path.suffix not in METADATA:
        raise UserError(f"{path} must end in one of {', '.join(METADATA)}.")


def write_graph(chain: Chain, path: Path) -> None:
    """Draw a chain to a file; the same chain gives the same bytes.

    Raises:
        UserError: the file's suffix is none of svg, pdf and png.
    """
    check_suffix(path)
    with house_style():
        figure = draw_graph(chain)
        figure.savefig(path, metadata=METADATA[path.suffix])
        plt.close(figure)
