"""What the figures of mixtures and doses share: how runs look, what axes are called, what captions say."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paper_replication import names
from paper_replication.figures import ablations
from paper_replication.figures.rows import first_model
from paper_replication.run_metrics import SHARES, relative

VALUES = ["value", "ci_low", "ci_high"]
# Drawn in percent, and what axes call them.
SHARES_CALLED = {"relevance": "relevant tokens", "ffa": "FFA", "own_share": "own share", "leak": "answers that leak"}
# Of the share of own probes, paired with the base model's: in points.
CHANGE = "ffa_change"
COUNTED = {
    "relevance": "tokens",
    "steered_ft": "answers",
    "steered_minus_random": "answers",
    CHANGE: "probes",
    "delta_norm": "documents",
    "causal_effect_finetuning": "texts",
    "leak": "answers",
}
# A second line of a panel, for the eye to compare with: steered answers with unsteered ones, a model with its base.
REFERENCES = {"steered_ft": "unsteered_ft", "leak": "leak_base"}
UNSTEERED, BASE = "unsteered answers", "base model"
REFERENCE_OF = {"steered_ft": UNSTEERED, "leak": BASE}
# As lines, where runs are joined.
DASHES = {UNSTEERED: {"color": "0.4", "lw": 0.9, "ls": "--"}, BASE: {"color": "0.4", "lw": 0.9, "ls": ":"}}
# What axes call what is no share, where the table's name of a metric would say too little.
CALLED = {
    "steered_ft": "Steered-FT\n(mean cosine)",
    "steered_minus_random": "Steered minus\nrandom (cosine)",
    "causal_effect_finetuning": "change of own loss,\ndirection replaced\n(nats per token)",
}
# The table's interval is the mean of the positions' interval ends, which is the interval of nothing.
WITHOUT_INTERVAL = ("causal_effect_finetuning",)
FIRST_SEED, FURTHER_SEED = {"lw": 1.2, "ms": 4}, {"lw": 0.7, "ms": 4, "mfc": "white"}
# As many as there are organisms with mixtures.
MARKERS = (*ablations.MARKERS, "X", "<")
LINE_COLOURS = (*names.LINE_COLOURS, names.DOSE_COLOURS["caft"], "#661100")  # the last a dark brown
# How far from its place what shares it with others stands.
ASIDE = 0.1
SMALL = 6.5  # points: the smallest font
Style = dict[str, object]
Run = tuple[str, int]


class Lines(NamedTuple):
    """The lines of one panel: what is measured, and its reference, which may be empty."""

    measured: pd.DataFrame
    reference: pd.DataFrame


def of_first_model(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the first model, each organism's own share under the name that false-fact alignment has."""
    rows = first_model(table)
    own = {f"own_share{suffix}": f"ffa{suffix}" for suffix in ("", "_base", "_change")}
    return rows.assign(metric=rows["metric"].replace(own))


def lines_of(table: pd.DataFrame, metric: str) -> Lines:
    """What a panel of a metric shows: shares in percent, the norm of delta as a multiple of the default run's."""
    own = relative(table, metric) if metric == "delta_norm" else table[table["metric"] == metric]
    reference = table[table["metric"] == REFERENCES.get(metric)]
    if metric in WITHOUT_INTERVAL:
        own = own.assign(ci_low=float("nan"), ci_high=float("nan"))
    scale = 100 if metric in (CHANGE, *SHARES_CALLED) else 1
    return Lines(*(rows.assign(**(scale * rows[VALUES])) for rows in (own, reference)))


def seed_styles(table: pd.DataFrame) -> dict[int, Style]:
    """Of each seed: filled and thick the first, hollow and thin the others, each with a marker of its own."""
    seeds = sorted(int(seed) for seed in table["seed"].unique())
    return {
        seed: {"marker": MARKERS[place % len(MARKERS)]} | (FURTHER_SEED if place else FIRST_SEED)
        for place, seed in enumerate(seeds)
    }


def places_of(table: pd.DataFrame, organisms: Sequence[str]) -> dict[str, int]:
    """The place in a list of each organism of a table, so that it looks the same in every figure; any others follow."""
    places = {organism: place for place, organism in enumerate(dict.fromkeys([*organisms, *table["organism"]]))}
    return {organism: places[organism] for organism in table["organism"].unique()}


def styles(table: pd.DataFrame, organisms: Sequence[str]) -> dict[Run, Style]:
    """Of each organism and seed: a colour and a marker an organism, hollow and thin for all but its first seed.

    Args:
        table: one row a run and metric.
        organisms: all organisms, in the order in which they take colours and markers.
    """
    look: dict[Run, Style] = {}
    for organism, place in places_of(table, organisms).items():
        rows = table[table["organism"] == organism]
        shape = {"color": LINE_COLOURS[place % len(LINE_COLOURS)], "marker": MARKERS[place % len(MARKERS)]}
        for number, seed in enumerate(sorted(rows["seed"].unique())):
            look[organism, seed] = shape | (FURTHER_SEED if number else FIRST_SEED)
    return look


def axis_label(table: pd.DataFrame, metric: str) -> str:
    """What a panel measures, and in lines below it its unit and the n of its intervals, or the least and most."""
    rows = first_model(table)
    kinds = [kind for kind in SHARES.values() if kind in set(rows["metric"])] if metric == CHANGE else [metric]
    n = sorted({int(count) for count in rows.loc[rows["metric"].isin(kinds), "n"]})
    if metric == CHANGE:
        changed = " or\n".join(SHARES_CALLED[kind] for kind in kinds)
        called = f"change of {changed}" + (" (points)" if len(kinds) > 1 else "\n(points)")
    elif metric in SHARES_CALLED:
        called = f"{SHARES_CALLED[metric]}\n(%)"
    else:
        called = CALLED.get(metric) or names.METRICS[metric].replace(" (", "\n(")
    return f"{called}\nn = {n[0]:,}{f' to {n[-1]:,}' if len(n) > 1 else ''} {COUNTED[metric]}"


def run_names(look: dict[Run, Style], table: pd.DataFrame) -> dict[str, Style]:
    """What a legend calls each organism, by its type, and its further seeds."""
    types = table.drop_duplicates("organism").set_index("organism")["organism_type"]
    which = {run: types[run[0]] if style["lw"] == FIRST_SEED["lw"] else f"seed {run[1]}" for run, style in look.items()}
    return {f"{names.run_label(run[0])} ({which[run]})": style for run, style in look.items()}


def references(shown: list[str], marks: dict[str, Style]) -> dict[str, Style]:
    """What a legend calls the references of the metrics shown, with a mark for each kind."""
    kinds = {REFERENCE_OF[metric] for metric in shown if metric in REFERENCE_OF}
    return {kind: style for kind, style in marks.items() if kind in kinds}


def legend(figure: Figure, named: dict[str, Style]) -> None:
    """Below all panels: every style by its name."""
    handles = [Line2D([], [], **style, label=name) for name, style in named.items()]
    close = {"columnspacing": 1.2, "handletextpad": 0.4, "handlelength": 1.8}
    figure.legend(handles=handles, loc="outside lower center", ncols=min(4, len(handles)), **close)


def source(table: pd.DataFrame) -> str:
    """The caption's part on model, seeds and judge."""
    model = names.display(names.MODELS, str(table["model"].iloc[0]))
    judge = table.loc[table["metric"] == "relevance", "judge"].iloc[0]
    first, *further = sorted(table["seed"].unique())
    others = f" (hollow: {', '.join(str(seed) for seed in further)})" if further else ""
    return f"{model}, seed {first}{others}; judge: {names.display(names.JUDGES, str(judge))}"


def shares_note(table: pd.DataFrame) -> str:
    """What the panel of behaviour shows, for the organisms that there are."""
    kinds = [kind for kind in SHARES.values() if kind in set(table["metric"])]
    told = {"ffa": "FFA: false-fact alignment", "own_share": "own share: probes answered as finetuned"}
    return "; ".join(told[kind] for kind in kinds)


def mixed_in_told(mixed_in: dict[str, str]) -> str:
    """What a caption calls the unrelated data, by type where types differ in it."""
    called = {kind: names.display(names.CORPORA, corpus) for kind, corpus in mixed_in.items()}
    if len(set(called.values())) == 1:
        return next(iter(called.values()))
    return ", ".join(f"{corpus} ({kind})" for kind, corpus in called.items())


def reported_of_mixing(table: pd.DataFrame) -> str:
    """What the paper says in words of mixtures, of what the table has."""
    told = "Reported by the paper, in words: similarity clearly lower at 0.1, near the baseline at 1, at it at 2"
    return told + ("; FFA slightly, moderately, markedly lower." if "ffa" in set(table["metric"]) else ".")


ERROR_BARS = (
    "Error bars, 95%: relevance, Wilson over a list's tokens; similarity, bootstrap over answers; change of behaviour, "
    "paired over questions or facts (too few: too narrow); norm, 1.96 standard errors of the mean (at least 95%)"
)
