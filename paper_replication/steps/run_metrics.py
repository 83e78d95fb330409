"""Gather what is measured of one run: relevance, similarity, norm of delta, behaviour, causal effect."""

from paper_replication import run_metrics as library
from paper_replication.files import read_table, write_table
from paper_replication.provenance.step import Input, Output, run
from paper_replication.token_tables import read_token_table


def run_metrics(
    graded_tokens: int,
    graded: Input,
    similarity: Input,
    contrasts: Input,
    delta: Input,
    behaviour: Input,
    causal: Input | None,
    metrics: Output,
) -> None:
    """One row a metric; `causal` may be left out."""
    tables = map(read_table, (similarity, contrasts, delta, behaviour))
    effects = None if causal is None else read_table(causal)
    write_table(metrics, library.run_metrics(read_token_table(graded), *tables, effects, graded_tokens))


if __name__ == "__main__":
    run(run_metrics)
