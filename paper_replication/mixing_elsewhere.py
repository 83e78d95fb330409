"""Whether a trace that mixing removes is gone, or hidden by what delta is measured on: several corpora side by side."""

from collections.abc import Iterator

import pandas as pd

from paper_replication.mixing_contrasts import changes, paired_mean

CELL = ["model", "organism", "organism_type", "measured_on", "mixed_in", "ratio", "metric"]
VALUE, CHANGE, AGAINST = "value", "change", "against_main"


def _quantities(table: pd.DataFrame, main: str) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each quantity with its rows, which have it as their `value`."""
    yield VALUE, table
    changed = pd.concat([changes(rows) for _, rows in table.groupby("measured_on", sort=False)])
    yield CHANGE, changed.assign(value=changed["change"])
    keys = ["model", "organism", "ratio", "seed", "metric"]
    of_main = table[table["measured_on"] == main].set_index(keys)["value"]
    others = table[table["measured_on"] != main]
    before = of_main.reindex(pd.MultiIndex.from_frame(others[keys])).to_numpy()
    yield AGAINST, others.assign(value=others["value"] - before).dropna(subset="value")


def mixing_elsewhere_seeds(table: pd.DataFrame, main: str) -> pd.DataFrame:
    """Every metric over the seeds of an organism, by the corpus that delta was measured on.

    Args:
        table: `mixing_elsewhere`, one row a run, corpus and metric.
        main: the corpus that delta is measured on everywhere else.

    Returns:
        One row an organism, corpus, ratio, metric and `quantity`: its `value`, the `change` from the same corpus and
        seed without mixing, or `against_main`, how far it lies above the same run's on the main corpus. `mean` is over
        seeds, with Student's 95% interval (nan of a single one), `n_seeds`, and which `seeds` these are.

    Raises:
        UserError: a mixture has no run without one beside it.
    """
    rows = [
        (
            *keys,
            quantity,
            *paired_mean(found["value"].to_numpy(dtype=float)),
            len(found),
            ", ".join(map(str, found["seed"])),
        )
        for quantity, values in _quantities(table, main)
        for keys, found in values.groupby(CELL, sort=False)
    ]
    return pd.DataFrame(rows, columns=[*CELL, "quantity", "mean", "ci_low", "ci_high", "n_seeds", "seeds"])
