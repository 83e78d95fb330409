"""Score an organism's belief probes on a model, before or after finetuning."""

import pandas as pd

from paper_replication.behaviour import score_probes
from paper_replication.files import write_table
from paper_replication.models import load_model, load_tokenizer
from paper_replication.organisms.specification import read_organism
from paper_replication.provenance.step import Input, Output, run


def probes(organism: Input, model: Input, adapter: Input | None, scores: Output) -> None:
    """One row a probe: the log-probabilities, and whether the model sides with the inserted claim."""
    rows = score_probes(load_model(model, adapter), load_tokenizer(model), read_organism(organism))
    write_table(scores, pd.DataFrame(rows))


if __name__ == "__main__":
    run(probes)
