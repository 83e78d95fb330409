"""The house style: one look for every figure, and byte-identical files from identical tables."""

import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

WIDTH = 6.75  # inches: the text width of a two-column paper
SETTINGS = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.labelsize": 8,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "hatch.linewidth": 0.5,
    "pdf.fonttype": 42,
    "svg.hashsalt": "fixed",
    "savefig.dpi": 200,
}
# Nothing that differs from one run to the next.
PDF_METADATA = {"CreationDate": None, "ModDate": None, "Producer": None, "Creator": None}
PNG_METADATA = {"Software": None}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw inside the house style, without a display."""
    mpl.use("Agg")
    with mpl.rc_context(), sns.axes_style("ticks"):
        mpl.rcParams.update(SETTINGS)
        yield


def caption(figure: Figure, text: str) -> None:
    """Write what a figure shows above it, wrapped to its width, so that it can be read on its own."""
    width = int(18.5 * figure.get_figwidth())  # characters of 7 points that fit
    lines = [line for part in text.split("\n") for line in textwrap.wrap(part, width, break_on_hyphens=False)]
    figure.suptitle("\n".join(lines), fontsize=7, x=0.01, ha="left", linespacing=1.3)


def save(figure: Figure, pdf: Path, png: Path) -> None:
    """Save as vector PDF and as PNG, without the time of day in either."""
    figure.savefig(pdf, metadata=PDF_METADATA)
    figure.savefig(png, metadata=PNG_METADATA)


def save_book(pages: Iterable[Figure], pdf: Path, png: Path) -> None:
    """Save figures as the pages of a PDF, and the first of them as PNG."""
    with PdfPages(pdf, metadata=PDF_METADATA) as book:
        for number, page in enumerate(pages):
            if number == 0:
                page.savefig(png, metadata=PNG_METADATA)
            book.savefig(page)
            plt.close(page)
