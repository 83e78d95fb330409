"""The config of the paper's whole grid: its tier, and over it the model that does not run as the workflow stands."""

from paper_replication.files import read_yaml
from paper_replication.paths import CONFIGS
from paper_replication.plan import laid_over


def whole_grid():
    """Both as Snakemake lays one over the other, anew each time: tests change it."""
    return laid_over([read_yaml(CONFIGS / f"paper{end}.yaml") for end in ("", "_32b")])
