"""Figure: where the time goes, by rule."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures.style import WIDTH, caption


def by_rule(costs: pd.DataFrame) -> pd.DataFrame:
    """Minutes, jobs and largest peak memory (GB) of each rule, dearest first.

    Args:
        costs: one row a job: rule, seconds, peak_memory_mb.
    """
    rules = costs.groupby("rule").agg(
        minutes=("seconds", lambda seconds: seconds.sum() / 60),
        jobs=("seconds", "size"),
        gigabytes=("peak_memory_mb", lambda megabytes: megabytes.max() / 1000),
    )
    return rules.sort_values("minutes", ascending=False, kind="stable")


def draw(costs: pd.DataFrame) -> Figure:
    """A bar a rule, with its number of jobs and the largest peak memory of one."""
    rules = by_rule(costs)
    figure, axes = plt.subplots(figsize=(WIDTH, 1.2 + 0.25 * len(rules)), layout="constrained")
    axes.barh(range(len(rules)), rules["minutes"], color=names.BLUE)
    for y, row in enumerate(rules.itertuples()):
        axes.text(row.minutes, y, f"  {row.jobs} jobs, at most {row.gigabytes:.1f} GB each", va="center", fontsize=6.5)
    axes.set_yticks(range(len(rules)), [rule.replace("_", " ") for rule in rules.index])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.45 * rules["minutes"].max())
    axes.set_xlabel("minutes of all jobs, one after another")
    devices = ", ".join(sorted(costs["device"].unique()))
    threads = " or ".join(str(n) for n in sorted(costs["threads"].unique()))
    caption(
        figure,
        f"Where the time of the dearest jobs went: {rules['minutes'].sum():.0f} minutes over {len(costs)} jobs, each "
        f"on {threads} thread(s) of {devices}, several at once where there are cores.",
    )
    return figure
