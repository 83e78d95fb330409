"""Tables of mixtures as one: those that were measured later are beside the first, which has the runs without one."""

import pandas as pd

from paper_replication.run_metrics import RUN


def together(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """All runs of several tables, each once, in the order of the first table's organisms, then of ratios.

    Args:
        tables: each one row a run and metric, with its `ratio`. Of a run in several, the last that has it counts.
    """
    runs = [set(table[RUN].itertuples(index=False, name=None)) for table in tables]
    kept = []
    for place, table in enumerate(tables):
        later = set().union(*runs[place + 1 :])
        again = [run in later for run in table[RUN].itertuples(index=False, name=None)]
        kept.append(table[[not known for known in again]])
    rows = pd.concat(kept, ignore_index=True)
    order = {name: place for place, name in enumerate(dict.fromkeys(rows["organism"]))}
    return rows.sort_values(
        ["organism", "ratio", "seed"],
        key=lambda keys: keys.map(order) if keys.name == "organism" else keys,
        kind="stable",
    ).reset_index(drop=True)
