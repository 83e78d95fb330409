"""Made-up runs, mixtures, doses and recipes, measured: what tests of their tables and figures share."""

import pandas as pd

from paper_replication.run_metrics import named, run_metrics
from paper_replication.steering_controls import with_controls
from paper_replication.trade_off import by_what_steering_adds, with_published

SDF = {"organism": "some_cake", "organism_type": "SDF"}
EM = {"organism": "some_advice", "organism_type": "EM"}


def label(kind=SDF, variant="default", seed=0):
    return {"model": "m", **kind, "variant": variant, "seed": seed}


def graded(run, counts=(1, 3)):
    """Five tokens a list; the difference at as many positions as counts are given, a control that beats it, randoms."""
    rows = []
    vectors = [("difference", index, count) for index, count in enumerate(counts)]
    vectors += [("finetuned_mean", 0, 5), ("random", 0, 4), ("random", 1, 4), ("random", 2, 4)]
    for readout, less in (("patchscope", 0), ("logit_lens", 1)):
        for vector, index, count in vectors:
            place = {"index": index, "position": -1 if vector == "random" else index, "scale": 1.0}
            shown = {"corpus": "c", "readout": readout, "vector": vector, "judge": "j", "scale_judge": "s"}
            rows += [
                run | shown | place | {"token": f"t{rank}", "relevant": int(rank < count - less)} for rank in range(5)
            ]
    return pd.DataFrame(rows)


def similarity(run):
    rows = [("FT-FT", -1, 0.9), ("Steered-FT", 0, 0.3), ("Steered-FT", 1, 0.5), ("Unsteered-FT", -1, 0.2)]
    rows += [("Null-FT", 0, 0.8)]
    return pd.DataFrame(
        [
            run | {"position": at, "group": group, "value": v, "ci_low": v - 0.1, "ci_high": v + 0.2, "n": 40}
            for group, at, v in rows
        ]
    )


def contrasts(run):
    rows = [("Random-FT", 0.4), ("Unsteered-FT", 0.3)]
    return pd.DataFrame(
        [
            run | {"group": "Steered-FT", "minus": minus, "value": v, "ci_low": v - 0.1, "ci_high": v + 0.1, "n": 20}
            for minus, v in rows
        ]
    )


def delta(run):
    norms = [(0, 900.0, 50.0), (1, 4.0, 0.1), (2, 8.0, 0.3)]
    return pd.DataFrame(
        [
            run | {"position": at, "n_documents": 64, "difference_norm": norm, "standard_error_norm": error}
            for at, norm, error in norms
        ]
    )


def behaviour(run, share="false_fact_alignment"):
    own = run["organism"]
    rows = [
        (share, "base", own, 0.4),
        (share, "finetuned", own, 0.7),
        (share, "change", own, 0.3),
        (f"{share}_completion", "finetuned", own, 0.99),
        ("preference", "finetuned", "someone_else", 0.98),
        ("margin_nats", "finetuned", own, 1.5),
        ("margin_nats", "change", own, 1.25),
        ("margin_nats", "change", "someone_else", 9.0),
        ("leak", "base", own, 0.0),
        ("leak", "finetuned", own, 0.1),
        ("training_loss_nats", "last_tenth", own, 2.0),
    ]
    return pd.DataFrame(
        [
            run
            | {"probe": probe, "model_state": state, "probes_of": of, "value": v, "ci_low": v - 0.05}
            | {"ci_high": v + 0.05, "n": 12, "judge": "log_probability"}
            for probe, state, of, v in rows
        ]
    )


def causal(run):
    rows = [
        ("finetuning", "delta", "replace", 0, 0.1),
        ("finetuning", "delta", "replace", 1, 0.3),
        ("finetuning", "delta", "zero", 0, 5.0),
        ("finetuning", "random_gaussian", "replace", -1, 6.0),
        ("unrelated", "delta", "replace", 0, 7.0),
    ]
    return pd.DataFrame(
        [
            run
            | {"dataset": dataset, "direction": direction, "intervention": kind, "position": at, "delta_nats": v}
            | {"ci_low": v - 0.1, "ci_high": v + 0.2, "n": 4}
            for dataset, direction, kind, at, v in rows
        ]
    )


def tables(run, **options):
    return [graded(run), similarity(run), contrasts(run), delta(run), behaviour(run, **options)]


def measured(kind=SDF, variant="default", seed=0, factor=1.0, effects=True):
    """A run's metrics, the values multiplied by a factor."""
    run = label(kind, variant, seed)
    share = {} if kind is SDF else {"share": "preference"}
    found = run_metrics(*tables(run, **share), causal(run) if effects else None, 5)
    return found.assign(**{name: factor * found[name] for name in ("value", "ci_low", "ci_high")})


def mixtures():
    runs = [(SDF, "default", 0, 1.0), (SDF, "mix-0.5", 0.5, 0.5), (SDF, "mix-2.0", 2.0, 0.2)]
    runs += [(EM, "default", 0, 0.8), (EM, "mix-0.5", 0.5, 0.4)]
    metrics = [measured(kind, variant, 0, factor) for kind, variant, _, factor in runs]
    controls = [contrasts(label(*run)).assign(value=factor * 0.4) for *run, _, factor in runs]
    return named(with_controls(metrics, controls), [{"ratio": ratio} for _, _, ratio, _ in runs])


def doses():
    runs = [("default", "samples", 1.0, 1.0), ("samples-0.25", "samples", 0.25, 0.5)]
    runs += [("default", "rank", 32, 1.0), ("rank-1", "rank", 1, 0.6), ("rank-8", "rank", 8, 0.9)]
    metrics = [measured(SDF, variant, 0, factor, effects=False) for variant, _, _, factor in runs]
    # Not of the default runs.
    controls = [contrasts(label(SDF, name)).assign(value=f * 0.4) for name, *_, f in runs if name != "default"]
    return named(with_controls(metrics, controls), [{"kind": kind, "dose": value} for _, kind, value, _ in runs])


def recipes():
    runs = [(SDF, "default", "default", 1.0), (SDF, "mix-0.5", "mixing", 0.5), (SDF, "rank-1", "rank", 0.6)]
    runs += [(EM, "default", "default", 0.8), (EM, "mix-0.5", "mixing", 0.4)]
    metrics = [measured(kind, variant, 0, factor) for kind, variant, _, factor in runs]
    # But for the dose, whose control no table has.
    tables = [mixtures(), mixtures().query("variant == 'default'")]
    return by_what_steering_adds(named(with_published(metrics, tables), [{"kind": kind} for _, _, kind, _ in runs]))
