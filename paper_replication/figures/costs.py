"""Figure: where the time goes, by rule."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from paper_replication import names
from paper_replication.figures import marks
from paper_replication.figures.style import WIDTH, caption

# The share of all time that a rule with a bar of its own takes at the least.
LEAST = 0.005


def by_rule(costs: pd.DataFrame) -> pd.DataFrame:
    """Minutes, jobs and largest peak memory (GiB) of each rule, dearest first.

    Args:
        costs: one row a job: rule, seconds, peak_memory_mb.
    """
    rules = costs.groupby("rule").agg(
        minutes=("seconds", lambda seconds: seconds.sum() / 60),
        jobs=("seconds", "size"),
        # Measured in mebibytes.
        gibibytes=("peak_memory_mb", lambda mebibytes: mebibytes.max() / 1024),
    )
    return rules.sort_values("minutes", ascending=False, kind="stable")


def pooled(rules: pd.DataFrame) -> pd.DataFrame:
    """The same with one row in the place of all that take less than `LEAST` of the time, if they are several."""
    small = rules["minutes"] < LEAST * rules["minutes"].sum()
    if small.sum() < 2:
        return rules
    rest = rules[small]
    others = {"minutes": rest["minutes"].sum(), "jobs": rest["jobs"].sum(), "gibibytes": rest["gibibytes"].max()}
    return pd.concat([rules[~small], pd.DataFrame(others, index=[f"{len(rest)} others"])])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def draw(costs: pd.DataFrame) -> Figure:
    """A bar a rule, with its number of jobs and the largest peak memory of one."""
    rules = pooled(by_rule(costs))
    figure, axes = plt.subplots(figsize=(WIDTH, 1.2 + 0.25 * len(rules)), layout="constrained")
    axes.barh(range(len(rules)), rules["minutes"], color=names.BLUE)
    for y, row in enumerate(rules.itertuples()):
        text = f"  {row.minutes:.1f} min, {_count(row.jobs, 'job')}, {row.gibibytes:.1f} GiB"
        axes.text(row.minutes, y, text, va="center", fontsize=6.5)
    axes.set_yticks(range(len(rules)), [rule.replace("_", " ") for rule in rules.index])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.27 * rules["minutes"].max())
    axes.set_xlabel("minutes of all jobs, one after another")
    devices = ", ".join(sorted(device.upper() if device == "cpu" else device for device in costs["device"].unique()))
    threads = " or ".join(_count(n, "thread") for n in sorted(costs["threads"].unique()))
    caption(
        figure,
        "Where the time went, rule by rule of the workflow: jobs of the default runs that make data, train, sample "
        f"or measure a model, {rules['minutes'].sum():.0f} minutes over n = {_count(len(costs), 'job')}, each on "
        f"{threads} ({devices}), several at once where there are cores. GiB: the largest peak of one job. Measured "
        "once, so without error bars. An independent rerun of the paper reports, for ADL (activation difference lens) "
        f"of one organism, {marks.RERUN_COST}.",
    )
    return figure
