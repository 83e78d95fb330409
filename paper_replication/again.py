"""What a study measures beside what it measured the first time, with other seeds: how far results hang on chance."""

import pandas as pd

from paper_replication.ablation_contrasts import against_null
from paper_replication.best_position import BEST, PATCHSCOPE
from paper_replication.blind_reading import NOTHING
from paper_replication.errors import UserError
from paper_replication.mixing_contrasts import paired_mean
from paper_replication.run_metrics import SHARES
from paper_replication.steering.groups import STEERED
from paper_replication.trace_contrasts import ALL

ORGANISM = ["model", "organism", "organism_type"]
MEASURE = ["measure", "minus", "positions"]
RELEVANCE, STEERING, WORDS, BELIEF, LEAK = "relevance", "steering", "words", "belief", "leak"
LAST_BLOCK = "relevance_last_block"
DIFFERENCE, BEFORE = "difference", "before"
# What has no position to choose.
NO_POSITION = "no position"
# Of a table of mixtures, what is measured of a run without one: its metric, and what it is here.
METRICS = {
    "relevance": (RELEVANCE, NOTHING, BEST),
    "steered_minus_unsteered": (STEERING, "Unsteered-FT", BEST),
    "steered_minus_random": (STEERING, "Random-FT", BEST),
    "leak": (LEAK, NOTHING, NO_POSITION),
}
METRICS |= dict.fromkeys(SHARES.values(), (BELIEF, NOTHING, NO_POSITION))
METRICS |= {f"{name}_change": (BELIEF, BEFORE, NO_POSITION) for name in SHARES.values()}
FIRST, AGAIN, SAME_SEED = "first", "again", "same_seed"
# The studies that a mean is of, and those whose distance it is of, organism by organism.
STUDIES = {study: (study, None) for study in (FIRST, AGAIN, SAME_SEED)}
STUDIES |= {"again_minus_first": (AGAIN, FIRST), "again_minus_same_seed": (AGAIN, SAME_SEED)}


def at_last_block(layers: pd.DataFrame) -> pd.DataFrame:
    """The largest share of relevant tokens over positions at the last block, and `minus` that of the null there.

    Args:
        layers: `ablation_layers`.
    """
    rows = layers[(layers["readout"] == PATCHSCOPE) & (layers["over"] == "largest")]
    # There the value is the layer.
    rows = rows[rows["value"] == rows.groupby("model")["value"].transform("max")].drop(columns="value")
    own, nulls = (rows[(rows["organism"] == rows["judged_as"]) == itself] for itself in (True, False))
    found = [own.assign(against=NOTHING, contrast=own["relevant_fraction"]), against_null(own, nulls)]
    return pd.concat(found).rename(columns={"against": "minus", "contrast": "value"})


def measures(
    tokens: pd.DataFrame, steering: pd.DataFrame, words: pd.DataFrame, behaviour: pd.DataFrame, layers: pd.DataFrame
) -> pd.DataFrame:
    """What one study measures of each organism, controls left out.

    Args:
        tokens: `token_positions`.
        steering: `steering_positions`.
        words: `answer_words`.
        behaviour: `behaviour`.
        layers: `ablation_layers`, of as many organisms as it has.

    Returns:
        One row an organism, `seed` and measure, with its `value`: `relevance`, a share of tokens, and `steering`, a
        cosine of steered answers to the finetuning texts, each at both choices of `positions`, with no control (of
        relevance) and `minus` each; `relevance_last_block`, of as many organisms as have it; `words`, the share of
        answers by the difference with a word of the subject, and `minus` those by other vectors; `belief`, the share of
        probes that side with the finetuning, and `minus` that `before`; `leak`, the share of everyday answers with a
        word of the subject.
    """
    spoken = words[words["organism"] == words["words_of"]]
    by_run = spoken.pivot(index=[*ORGANISM, "seed"], columns="vector", values="value")
    said = {NOTHING: by_run[DIFFERENCE]}
    said |= {vector: by_run[DIFFERENCE] - by_run[vector] for vector in by_run if vector != DIFFERENCE}
    asked = behaviour[behaviour["organism"] == behaviour["probes_of"]]
    share, leak = asked["probe"].isin(SHARES), asked["probe"] == LEAK
    after, change = asked["model_state"] == "finetuned", asked["model_state"] == "change"
    parts = [
        tokens.assign(measure=RELEVANCE).rename(columns={"contrast": "value"}),
        steering[steering["group"] == STEERED].assign(measure=STEERING).rename(columns={"contrast": "value"}),
        *(rows.dropna().reset_index(name="value").assign(measure=WORDS, minus=name) for name, rows in said.items()),
        at_last_block(layers).assign(measure=LAST_BLOCK),
        asked[share & after].assign(measure=BELIEF, minus=NOTHING, positions=NO_POSITION),
        asked[share & change].assign(measure=BELIEF, minus=BEFORE, positions=NO_POSITION),
        asked[leak & after].assign(measure=LEAK, minus=NOTHING, positions=NO_POSITION),
    ]
    rows = pd.concat(parts, ignore_index=True).fillna({"positions": BEST})
    rows = rows[rows["organism_type"] != "control"]
    return rows[[*ORGANISM, "seed", *MEASURE, "value"]]


def of_mixtures(mixing: pd.DataFrame) -> pd.DataFrame:
    """The same of runs that a table of mixtures has without one, as far as it goes.

    Args:
        mixing: `mixing`.
    """
    rows = mixing[(mixing["ratio"] == 0) & mixing["metric"].isin(METRICS)]
    named = pd.DataFrame(rows["metric"].map(METRICS).tolist(), columns=MEASURE, index=rows.index)
    return pd.concat([rows, named], axis=1)[[*ORGANISM, "seed", *MEASURE, "value"]]


def side_by_side(first: pd.DataFrame, again: pd.DataFrame, mixtures: pd.DataFrame) -> pd.DataFrame:
    """One row an organism of the second study and measure, with the values of both.

    Args:
        first: of `measures`, of the first study.
        again: of `measures`, of the second.
        mixtures: of `of_mixtures`, made with the first study.

    Returns:
        `first` and `again` with `seed_first` and `seed_again`; and `same_seed`, what a run of the first study's config
        with the second's seed gave, nan where there is none.

    Raises:
        UserError: the first study lacks an organism of the second.
    """
    keys = [*ORGANISM, *MEASURE]
    made, known = (set(study[["model", "organism"]].itertuples(index=False, name=None)) for study in (again, first))
    if lacking := sorted(made - known):
        model, organism = lacking[0]
        raise UserError(
            f"The first study has no {organism} on {model} to compare the second's with: add it to the runs of its "
            "config, or leave it out of the second's."
        )
    both = again.merge(first, on=keys, suffixes=("_again", "_first"), validate="one_to_one")
    seeded = mixtures.rename(columns={"seed": "seed_again", "value": SAME_SEED})
    found = both.merge(seeded, on=[*keys, "seed_again"], how="left", validate="one_to_one")
    found = found.rename(columns={"value_first": FIRST, "value_again": AGAIN})
    return found[[*keys, "seed_first", FIRST, "seed_again", AGAIN, SAME_SEED]]


def by_type(table: pd.DataFrame) -> pd.DataFrame:
    """The mean over the organisms of each type, and over all, of each study and of how far two lie apart.

    Args:
        table: of `side_by_side`.

    Returns:
        One row a model, type, measure and `study` (one of `STUDIES`): `mean` with Student's 95% interval over organisms
        (nan of one), `mean_distance` between two studies whatever its sign (nan of one study), and `n_organisms`.
    """
    every = table.assign(organism_type=ALL)
    found = []
    for names, rows in pd.concat([every, table]).groupby(["model", "organism_type", *MEASURE], sort=False):
        for study, (one, other) in STUDIES.items():
            values = (rows[one] if other is None else rows[one] - rows[other]).dropna().to_numpy(dtype=float)
            if len(values):
                apart = float("nan") if other is None else abs(values).mean()
                found.append((*names, study, *paired_mean(values), apart, len(values)))
    columns = ["mean", "ci_low", "ci_high", "mean_distance", "n_organisms"]
    return pd.DataFrame(found, columns=["model", "organism_type", *MEASURE, "study", *columns])
