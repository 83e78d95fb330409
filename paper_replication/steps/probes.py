"""Score preference probes on a model, before or after finetuning: an organism's own, and some of every other's."""

import numpy as np
import pandas as pd

from paper_replication.behaviour import score_probes
from paper_replication.files import write_table
from paper_replication.models import load_model, load_tokenizer
from paper_replication.organisms.preferences import preferences
from paper_replication.organisms.specification import read_organism
from paper_replication.provenance.step import Input, Output, run


def probes(full: str, others: int, organisms: list[Input], model: Input, adapter: Input | None, scores: Output) -> None:
    """One row a probe: whose it is (`probes_of`), the log-probabilities, and whether the model sides with the claim.

    Of organisms other than `full` (a name, or "all" for the base model), `others` probes are scored, evenly spread.
    """
    loaded, tokenizer = load_model(model, adapter), load_tokenizer(model)
    found = []
    for path in organisms:
        organism = read_organism(path)
        asked = preferences(organism)
        if full not in {"all", organism.name} and len(asked) > others:
            asked = [asked[place] for place in np.linspace(0, len(asked) - 1, others).round().astype(int)]
        rows = score_probes(loaded, tokenizer, asked)
        found.append(pd.DataFrame(rows).assign(probes_of=organism.name))
    write_table(scores, pd.concat(found))


if __name__ == "__main__":
    run(probes)
